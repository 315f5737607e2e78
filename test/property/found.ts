import type { Place } from './places.ts'
import { readAssignments, readEnvironment, readRules } from './readers.ts'
import type { AnsibleSinks, Sinks } from './sinks.ts'

/** The places of today's sinks: where the text must be found again. What is not here must leave no trace at all. */
export const found: Record<string, (sinks: Sinks, text: string, place: Place) => unknown> = {
  '/mesh/linkerdVersion': ({ command }, text) => command.get('MESH_VERSION') === text,
  '/mesh/clusterDomain': ({ meshEnvironment, machineEnvironment }, text) =>
    meshEnvironment.get('LINKERD2_PROXY_DESTINATION_PROFILE_SUFFIXES') === `svc.${text}.` &&
    machineEnvironment.get('LINKERD2_PROXY_IDENTITY_SERVER_NAME') === `legacy-app.mixed-env.${text}`,
  '/mesh/identityTrustDomain': ({ meshEnvironment }, text) =>
    meshEnvironment.get('LINKERD2_PROXY_POLICY_SVC_NAME') ===
    `linkerd-destination.linkerd.serviceaccount.identity.linkerd.${text}`,
  '/mesh/controlPlaneNamespace': ({ meshEnvironment }, text) =>
    meshEnvironment.get('LINKERD2_PROXY_POLICY_SVC_ADDR') ===
    `linkerd-policy.${text}.svc.cluster.local.:8090`,
  '/mesh/clusterNetworks/0': ({ rules }, text) => rules.some((words) => words.includes(canonical(text))),
  '/mesh/machineNetworks/0': ({ rules }, text) => rules.some((words) => words.includes(asNetwork(text))),
  '/mesh/controlPlane/destination': ({ meshEnvironment }, text) =>
    meshEnvironment.get('LINKERD2_PROXY_DESTINATION_SVC_ADDR') === text,
  '/mesh/controlPlane/policy': ({ meshEnvironment }, text) =>
    meshEnvironment.get('LINKERD2_PROXY_POLICY_SVC_ADDR') === text,
  '/mesh/dns/servers/0': ({ units }, text) => resolver(units, 'DNS').includes(text),
  '/mesh/dns/domains/0': ({ units }, text) => resolver(units, 'Domains').includes(`~${text}`),
  '/mesh/dns/provider': ({ command }, text) => command.get('RESOLVER_PROVIDER') === text,
  '/mesh/trustAnchors': ({ meshEnvironment, files }, text) =>
    meshEnvironment.get('LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS') ===
      files.get('/etc/linkerd/trust-anchors.pem') &&
    bodyOf(files.get('/etc/linkerd/trust-anchors.pem')) === bodyOf(text),
  '/proxy/version': ({ command }, text) => command.get('PROXY_VERSION') === text,
  '/proxy/install/sha256/amd64': ({ command }, text) => command.get('PROXY_SHA256_AMD64') === text,
  '/proxy/install/sha256/arm64': ({ command }, text) => command.get('PROXY_SHA256_ARM64') === text,
  '/proxy/install/url': ({ command }, text) =>
    command.get('PROXY_URL_AMD64') === text.split('{version}').join('v2.368.0').split('{arch}').join('amd64'),
  '/proxy/install/caFile': ({ command }, text) => command.get('PROXY_CA_FILE') === text,
  '/proxy/install/httpProxy': ({ command }, text) => command.get('PROXY_HTTP_PROXY') === text,
  '/proxy/user/name': ({ command, units }, text) =>
    command.get('PROXY_USER') === text &&
    unit(units, 'linkerd-proxy.service').get('Service.User')?.includes(text),
  '/proxy/defaultInboundPolicy': ({ meshEnvironment }, text) =>
    meshEnvironment.get('LINKERD2_PROXY_INBOUND_DEFAULT_POLICY') === text,
  '/proxy/adminAddress': ({ meshEnvironment }, text) =>
    meshEnvironment.get('LINKERD2_PROXY_ADMIN_LISTEN_ADDR') === text,
  '/proxy/shutdownGracePeriod': ({ meshEnvironment }, text) =>
    meshEnvironment.get('LINKERD2_PROXY_SHUTDOWN_GRACE_PERIOD') === text,
  '/proxy/logFormat': ({ meshEnvironment }, text) =>
    meshEnvironment.get('LINKERD2_PROXY_LOG_FORMAT') === text,
  '/proxy/settings/LINKERD2_PROXY_OUTBOUND_CONNECT_TIMEOUT': ({ meshEnvironment }, text, { kind }) =>
    kind === 'key'
      ? meshEnvironment.get(text) === 'billing'
      : meshEnvironment.get('LINKERD2_PROXY_OUTBOUND_CONNECT_TIMEOUT') === text,
  '/spire/trustDomain': ({ agent, machineEnvironment }, text) =>
    agent.agent.trust_domain === text &&
    machineEnvironment.get('LINKERD2_PROXY_IDENTITY_SERVER_ID') === `spiffe://${text}/mixed-env/legacy-app`,
  '/spire/trustBundle': ({ agent, files, units }, text) => {
    if (text.includes('-----BEGIN ')) return bodyOf(files.get('/etc/spire/bundle.pem')) === bodyOf(text)
    if (!text.startsWith('/')) return agent.agent.trust_bundle_url === text
    const credentials = unit(units, 'spire-agent.service').get('Service.LoadCredential')
    return credentials?.includes(`trust-bundle:${text}`)
  },
  '/spire/agent/availabilityTarget': ({ agent }, text) => agent.agent.availability_target === text,
  '/spire/server/address': ({ agent, command }, text) =>
    agent.agent.server_address === text && command.get('AGENT_SERVER')?.startsWith(text),
  '/spire/agent/version': ({ command }, text) => command.get('AGENT_VERSION') === text,
  '/spire/agent/install/sha256/amd64': ({ command }, text) => command.get('AGENT_SHA256_AMD64') === text,
  '/spire/agent/install/sha256/arm64': ({ command }, text) => command.get('AGENT_SHA256_ARM64') === text,
  '/spire/agent/install/url': ({ command }, text) =>
    command.get('AGENT_URL_ARM64') === text.split('{version}').join('1.15.3').split('{arch}').join('arm64'),
  '/spire/agent/install/caFile': ({ command }, text) => command.get('AGENT_CA_FILE') === text,
  '/spire/agent/install/httpProxy': ({ command }, text) => command.get('AGENT_HTTP_PROXY') === text,
  '/spire/agent/user/name': ({ command, units }, text) =>
    command.get('AGENT_USER') === text &&
    unit(units, 'spire-agent.service').get('Service.User')?.includes(text),
  '/monitoring/textfileDirectory': ({ command, units }, text) =>
    command.get('TEXTFILE_DIRECTORY') === text &&
    unit(units, 'linkerd-metrics.service').get('Service.ReadWritePaths')?.includes(`/run -"${text}"`),
  '/spire/agent/attestation/file': ({ command, units }, text) =>
    command.get('JOIN_TOKEN_FILE') === text &&
    unit(units, 'spire-agent.service').get('Service.LoadCredential')?.includes(`join-token:${text}`),
  '/machines/0/name': ({ metaData, machineEnvironment }, text) =>
    JSON.stringify(metaData) ===
      JSON.stringify({ 'instance-id': `meshjoin-${text}`, 'local-hostname': text }) &&
    workload(machineEnvironment) === JSON.stringify({ ns: 'mixed-env', external_workload: text }),
  '/machines/0/addresses/0': ({ machineEnvironment }, text) =>
    machineEnvironment.get('LINKERD2_PROXY_INBOUND_IPS') === canonical(text),
  '/machines/0/localAddresses/0': ({ machineEnvironment }, text) =>
    machineEnvironment.get('LINKERD2_PROXY_INBOUND_IPS') === canonical(text),
  '/machines/0/namespace': ({ machineEnvironment }, text) =>
    workload(machineEnvironment) === JSON.stringify({ ns: text, external_workload: 'legacy-app' }),
  '/machines/0/ports/0/name': ({ files }, text) =>
    files.get('/etc/linkerd/redirect.v4')?.includes(`\n# declared port ${text}\n`),
  '/machines/0/identity/spiffeId': ({ machineEnvironment }, text) =>
    machineEnvironment.get('LINKERD2_PROXY_IDENTITY_SERVER_ID') === text,
  '/machines/0/identity/serverName': ({ machineEnvironment }, text) =>
    machineEnvironment.get('LINKERD2_PROXY_IDENTITY_SERVER_NAME') === text,
  '/machines/0/parentId': ({ readme }, text) => unescapeMarkdown(readme).includes(` -parentID ${text} `),
}

for (const path of ['/redirect', '/defaults/redirect']) {
  const word = ({ rules }: Sinks, text: string) => rules.some((words) => words.includes(text))
  for (const side of ['inbound', 'outbound']) {
    found[`${path}/${side}/exemptPorts/0`] = (sinks, text) => word(sinks, text.replace('-', ':'))
    found[`${path}/${side}/exemptNetworks/0`] = (sinks, text) => word(sinks, asNetwork(text))
    found[`${path}/${side}/exemptInterfaces/0`] = word
  }
  found[`${path}/inbound/fromNetworks/0`] = (sinks, text) => word(sinks, asNetwork(text))
  found[`${path}/outbound/exemptUsers/0`] = word
  found[`${path}/outbound/onlyUsers/0`] = word
}

for (const path of ['/defaults', '/machines/0'])
  for (const field of ['labels/app', 'annotations/example.com~1owner', 'zone'])
    found[`${path}/${field}`] = ({ cluster }, text) => cluster.has(text)

/** A variable that the inventory gives to all machines of the group. */
function groupVariable({ ansible }: Sinks, name: string, group = 'billing'): unknown {
  return ansible.inventory.linkerd_machines.children?.[`linkerd_group_${group.replaceAll('-', '_')}`]?.vars[
    `linkerd_machine_${name}`
  ]
}

const group = '/groups/billing'
Object.assign(found, {
  [group]: (sinks, text) => groupVariable(sinks, 'group', text) === text,
  [`${group}/namespace`]: (sinks, text) => groupVariable(sinks, 'namespace') === text,
  [`${group}/identity/spiffeId`]: (sinks, text) => groupVariable(sinks, 'spiffe_id') === text,
  [`${group}/identity/serverName`]: (sinks, text) => groupVariable(sinks, 'server_name') === text,
  [`${group}/ports/0/name`]: (sinks, text) =>
    JSON.stringify(groupVariable(sinks, 'ports')).includes(JSON.stringify(text)),
  [`${group}/proxy/defaultInboundPolicy`]: ({ ansible }, text) =>
    readEnvironment(ansible.fileOf('billing', '/etc/linkerd/mesh.env')).get(
      'LINKERD2_PROXY_INBOUND_DEFAULT_POLICY',
    ) === text,
  [`${group}/redirect/backend`]: ({ ansible }, text) =>
    command(ansible, 'REDIRECT_BACKEND') === text &&
    ansible.fileOf(
      'billing',
      text === 'nftables' ? '/etc/linkerd/redirect.nft' : '/etc/linkerd/redirect.v4',
    ) !== '',
  [`${group}/redirect/onProxyFailure`]: ({ ansible }, text) =>
    command(ansible, 'REDIRECT_ON_PROXY_FAILURE') === text,
  [`${group}/redirect/inbound/scope`]: ({ ansible }, text) =>
    ansible.fileOf('billing', '/etc/linkerd/redirect.v4').includes('{% for port in') ===
    (text === 'declared'),
  [`${group}/redirect/outbound/scope`]: ({ ansible }, text) =>
    ansible.fileOf('billing', '/etc/linkerd/redirect.v4').includes('# cluster network') ===
    (text === 'cluster'),
  '/ansible/collection/namespace': ({ ansible }, text) =>
    (ansible.yaml.get('galaxy.yml') as { namespace: string }).namespace === text &&
    roleOf(ansible) === `${text}.mesh`,
  '/ansible/collection/name': ({ ansible }, text) =>
    (ansible.yaml.get('galaxy.yml') as { name: string }).name === text &&
    roleOf(ansible) === `example.${text}`,
  '/ansible/collection/version': ({ ansible }, text) =>
    (ansible.yaml.get('galaxy.yml') as { version: string }).version === text,
} satisfies typeof found)

function command(ansible: AnsibleSinks, name: string): string | undefined {
  return readAssignments(ansible.fileOf('billing', '/etc/linkerd/mesh-machine.conf')).get(name)
}

/** The collection whose role the playbooks call. */
function roleOf({ yaml }: AnsibleSinks): string | undefined {
  const [play] = yaml.get('playbooks/join.yml') as { roles: { role: string }[] }[]
  return play?.roles[0]?.role.replace(/\.linkerd_machine$/, '')
}

for (const side of ['inbound', 'outbound']) {
  const word = ({ ansible }: Sinks, text: string) =>
    readRules(ansible.fileOf('billing', '/etc/linkerd/redirect.v4')).some((words) => words.includes(text)) ||
    readRules(ansible.fileOf('billing', '/etc/linkerd/redirect.v6')).some((words) => words.includes(text))
  found[`${group}/redirect/${side}/exemptPorts/0`] = (sinks, text) => word(sinks, text.replace('-', ':'))
  found[`${group}/redirect/${side}/exemptNetworks/0`] = (sinks, text) => word(sinks, asNetwork(text))
  found[`${group}/redirect/${side}/exemptInterfaces/0`] = word
  found[`${group}/redirect/inbound/fromNetworks/0`] = (sinks, text) => word(sinks, asNetwork(text))
  found[`${group}/redirect/outbound/exemptUsers/0`] = word
  found[`${group}/redirect/outbound/onlyUsers/0`] = word
}

function unit(units: Sinks['units'], name: string): ReadonlyMap<string, readonly string[]> {
  return units.get(`/etc/systemd/system/${name}`) ?? new Map()
}

/** The words of a list in resolved.conf. */
function resolver(units: Sinks['units'], key: string): string[] {
  const lines = units.get('/etc/linkerd/resolved.conf')?.get(`Resolve.${key}`) ?? []
  return lines.flatMap((line) => line.split(' '))
}

function workload(environment: ReadonlyMap<string, string>): string | undefined {
  return environment.get('LINKERD2_PROXY_POLICY_WORKLOAD')
}

/** An address or network as others write it (RFC 5952); a URL's host is written that way everywhere. */
function canonical(text: string): string {
  const [address = '', prefix] = text.split('/')
  const host = address.includes(':') ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address
  return prefix === undefined ? host : `${host}/${prefix}`
}

function asNetwork(text: string): string {
  return canonical(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`)
}

/** The base64 of the blocks of PEM text, however it is broken into lines; what stands around them is left out. */
function bodyOf(pem = ''): string {
  const blocks = pem.split('-----BEGIN CERTIFICATE-----').slice(1)
  return blocks.map((block) => block.split('-----END')[0]?.replace(/\s/g, '')).join('.')
}

function unescapeMarkdown(text: string): string {
  return text.replace(/\\([\\`*_{}[\]()#+!|<>~])/g, '$1')
}
