/**
 * Hostile text through every place of the schema that takes text. It is refused with a diagnostic about that place, or
 * found back exactly, by readers of our own, in what is generated. Everything in between would be an injection.
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Diagnostic, generate, parse } from '../../lib/index.ts'
import { type EditableDocument, minimalWith } from '../unit/plan/document.ts'
import { factor, fragments, hostileText, seed } from './hostile.ts'
import { findPlaces, type Place, placePath, putText } from './places.ts'
import { readAssignments, readEnvironment, readRules } from './readers.ts'
import { type AnsibleSinks, readSinks, type Sinks } from './sinks.ts'

/** A document that every sink of today gets something of. */
const carrier = minimalWith((document) => {
  document.proxy.install = {
    from: 'download',
    url: 'https://mirror.example.com/{version}-{arch}',
    caFile: '/etc/ssl/ca.pem',
    httpProxy: 'http://proxy.example.com:3128',
    sha256: { amd64: 'a'.repeat(64), arm64: 'b'.repeat(64) },
  }
  document.proxy.defaultInboundPolicy = 'all-authenticated'
  document.spire.agent.install = { ...document.proxy.install }
  document.ansible = { collection: { namespace: 'example', name: 'mesh', version: '1.2.0' } }
})

/** The places of today's sinks: where the text must be found again. What is not here must leave no trace at all. */
const found: Record<string, (sinks: Sinks, text: string, place: Place) => unknown> = {
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

const places = findPlaces()
const runs = Math.ceil(8 * factor)
const test = suite('hostile text')

test('the walk over the schema finds the places, and their examples fit', () => {
  assert.ok(places.length > 200, String(places.length))
  for (const place of places)
    if (place.pattern !== undefined) assert.match(place.example, place.pattern, placePath(place))
  const known = new Set(places.map(placePath))
  for (const path of Object.keys(found)) assert.ok(known.has(path), `${path} is no place of the schema`)
})

test('text that is fine is found back at every place that has a sink', () => {
  for (const place of places) {
    const path = placePath(place)
    if (found[path] === undefined) continue
    check(place, place.example)
  }
})

test('fragments alone: each at a fifth of the places, every place a fifth of them', () => {
  for (const [shift, place] of places.entries())
    for (const [index, text] of fragments.entries()) if ((shift + index) % 5 === 0) check(place, text)
})

test('fragments in, around and before a value, at every place', () => {
  for (const place of places) {
    fc.assert(
      fc.property(hostileText(place.example), (text) => check(place, text)),
      { seed, numRuns: runs, verbose: false },
    )
  }
})

test('settings of the proxy take anything that one line of their file can hold, and give it back', () => {
  const name = 'LINKERD2_PROXY_LOG'
  const line = fc.string({ unit: fc.constantFrom(...' !"#$%&()*+,-./0:;<=>?@AZ[]^_`az{|}~'), maxLength: 200 })
  const property = fc.property(line, (text) => {
    const result = generate({ ...carrier, proxy: { ...carrier.proxy, settings: { [name]: text } } })
    assert.ok(result.ok, JSON.stringify(result.diagnostics))
    assert.is(readSinks(result.value ?? [], 'legacy-app').meshEnvironment.get(name), text)
  })
  fc.assert(property, { seed, numRuns: Math.ceil(150 * factor) })
})

test('the same text means the same whether it comes as an object or in YAML', () => {
  const property = fc.property(fc.constantFrom(...places), fc.constantFrom(...fragments), (place, text) => {
    const { document } = putText(carrier, place, place.example + text)
    const fromObject = generate(document)
    const fromText = generate(parse(JSON.stringify(document)))
    const sorted = (result: typeof fromText) => result.diagnostics.map(describe).sort()
    assert.equal(sorted(fromText), sorted(fromObject))
    assert.is(JSON.stringify(fromText.value), JSON.stringify(fromObject.value))
  })
  fc.assert(property, { seed, numRuns: Math.ceil(150 * factor) })
})

test.run()

/** One text at one place: refused there, or found back; else this throws. */
function check(place: Place, text: string): void {
  const { document, path } = putText(carrier, place, text)
  const base = baseline(place)
  const result = generate(document)
  if (!result.ok) {
    const errors = result.diagnostics.filter(({ severity }) => severity === 'error')
    const fresh = errors.filter((error) => !base.errors.has(describe(error)))
    if (fresh.some((error) => path === error.path || path.startsWith(`${error.path}/`))) return
    // Text of the right form may clash with other fields, and is then refused there.
    if (place.pattern.test(text)) return
    throw new Error(
      `${path}: ${JSON.stringify(text)} is refused elsewhere: ${fresh.map(describe).join('; ')}`,
    )
  }
  const lookFor = found[placePath(place)]
  if (lookFor === undefined && text === place.example) return // nothing to compare it with
  const machine = (document as EditableDocument).machines[0]?.name ?? ''
  const sinks = readSinks(result.value, machine)
  const ok =
    lookFor === undefined ? JSON.stringify(result.value) === base.output : lookFor(sinks, text, place)
  if (ok !== true) throw new Error(`${path}: ${JSON.stringify(text)} is accepted, and not found back`)
}

interface Baseline {
  readonly errors: ReadonlySet<string>
  /** Undefined where the example of the place is refused. */
  readonly output: string | undefined
}

const baselines = new Map<Place, Baseline>()

/** What the place's own example gives: a refusal of the text must add something to that. */
function baseline(place: Place): Baseline {
  const known = baselines.get(place)
  if (known !== undefined) return known
  const result = generate(putText(carrier, place, place.example).document)
  const errors = new Set(result.diagnostics.filter(({ severity }) => severity === 'error').map(describe))
  const made = { errors, output: result.ok ? JSON.stringify(result.value) : undefined }
  baselines.set(place, made)
  return made
}

function describe({ code, path, message }: Diagnostic): string {
  return `${code} at ${path}: ${message}`
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
