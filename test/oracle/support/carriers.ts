import { readDocuments } from './cases.ts'

/** Documents whose machines leave as much as they can to their group, or to the defaults of all. */
export function readLeanCarriers(): Map<string, string> {
  const minimal = readDocuments().get('minimal') ?? ''
  const moved =
    '    namespace: mixed-env\n    addresses: [203.0.113.42]\n    ports: [{name: http, port: 80}]\n'
  const lean = minimal.replace(moved, '    addresses: [203.0.113.42]\n')
  if (lean === minimal) throw new Error('examples/minimal.yaml has another machine than this expects')
  const settings = 'namespace: mixed-env, ports: [{name: http, port: 80}]'
  return new Map([
    ['defaults', lean.replace('machines:\n', `defaults: {${settings}}\nmachines:\n`)],
    [
      'group',
      lean
        .replace('machines:\n', `groups: {billing: {${settings}}}\nmachines:\n`)
        .replace('    addresses', '    group: billing\n    addresses'),
    ],
  ])
}

/** Further documents, valid as they stand, that bring the fields of the other node attestors and of an agent that is there. */
export function readCarriers(): Map<string, string> {
  const minimal = readDocuments().get('minimal') ?? ''
  const attestation = 'attestation: {type: join_token, file: /etc/spire/join-token}'
  const name = 'name: legacy-app\n'
  const carriers = new Map<string, string>()
  const add = (type: string, options: string, machine = '') => {
    const text = minimal
      .replace(attestation, `attestation: {type: ${type}${options}}`)
      .replace(name, `${name}    attestation: {${machine}}\n`)
    carriers.set(type, text)
    // The same options as a default for machines, which is what a group has too.
    const given = `defaults: {attestation: {${machine}}}\nmachines:\n`
    carriers.set(
      `${type} by default`,
      text.replace(`    attestation: {${machine}}\n`, '').replace('machines:\n', given),
    )
  }
  const uuid = '72f988bf-86f1-41af-91ab-2d7cd011db47'
  const parent = `    parentId: spiffe://root.linkerd.cluster.local/spire/agent/own\n`
  add('x509pop', ', certificateFile: /a, privateKeyFile: /b', 'commonName: own.example.internal')
  add(
    'sshpop',
    ', hostKeyFile: /etc/ssh/k, hostCertificateFile: /etc/ssh/c',
    'fingerprint: 21Aic_muK032oJMhLfU1_CMNcGmfAnvESeuH5zyFw_g',
  )
  add('tpm_devid', ', devidCertificateFile: /a, devidPrivateKeyFile: /b, devidPublicKeyFile: /c')
  add('aws_iid', '', 'accountId: "123456789012", region: eu-west-1, instanceId: i-0123456789abcdef0')
  add('gcp_iit', '', 'projectId: my-project-123456, instanceId: "4520031799277581759"')
  add(
    'azure_imds',
    ', tenantDomain: example.onmicrosoft.com',
    `tenantId: ${uuid}, subscriptionId: ${uuid}, vmId: ${uuid}`,
  )
  add('http_challenge', ', port: 81, hostname: own.example.internal', 'hostname: own.example.internal')
  add('http_challenge', ', port: 81', 'hostname: own.example.internal')
  addServers(carriers)
  for (const [key, text] of [...carriers])
    carriers.set(`${key} with a parent`, text.replace(name, name + parent))
  carriers.set(
    'existing',
    minimal
      .replace(/ {2}agent:\n(?: {4}.*\n)+/, '  agent: {from: existing, socket: /run/own/api.sock}\n')
      .replace(name, name + parent),
  )
  return carriers
}

/** A server of the document's own for each attestor that needs to be told something. */
function addServers(carriers: Map<string, string>): void {
  for (const [type, given] of Object.entries(serverOptions)) {
    const text = carriers.get(type) ?? ''
    const server = `server: {address: spire.example.internal, generate: true, caTtl: 1008h, agentTtl: 168h, ${given},
    upstreamAuthority: {certFile: /etc/ca.crt, keyFile: /etc/ca.key}}`
    carriers.set(`${type} with a server`, text.replace('server: {address: spire.example.internal}', server))
  }
}

const serverOptions = {
  x509pop: 'attestation: {caFile: /etc/machines.crt}',
  sshpop: 'attestation: {caFile: /etc/hosts.pub, canonicalDomain: example.internal}',
  tpm_devid: 'attestation: {caFile: /etc/machines.crt, endorsementCaFile: /etc/endorsement.crt}',
  gcp_iit: 'attestation: {projects: [my-project-123456]}',
  http_challenge: 'attestation: {dnsPatterns: ["^[a-z0-9-]+[.]example[.]internal$"]}',
}
