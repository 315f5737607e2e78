/** One minimal change to a valid document for each code of the catalogue. The mark « is where it must be reported. */
import type { GenerateOptions, Question } from '../../../lib/index.ts'
import { anchors, type Edit, makePrivateKey, readCertificate } from './base.ts'

export interface Case {
  readonly code: string
  readonly severity: 'error' | 'warning' | 'info'
  /** JSON Pointer. */
  readonly path: string
  readonly edits: readonly Edit[]
  /** Other codes that the same mistake cannot but give. */
  readonly also?: readonly string[]
  /** Given where only generate() can tell. */
  readonly options?: GenerateOptions
  /** Asked of `explain`. */
  readonly question?: Question
}

const pinned = `node@sha256:${'0123456789abcdef'.repeat(4)}`

type Rest = Pick<Case, 'also' | 'options' | 'question'>
const make =
  (severity: Case['severity']) =>
  (code: string, path: string, edits: Edit | readonly Edit[], rest: Rest = {}): Case => ({
    code,
    severity,
    path,
    edits: isEdit(edits) ? [edits] : edits,
    ...rest,
  })
const error = make('error')
const warning = make('warning')
const info = make('info')

function isEdit(edits: Edit | readonly Edit[]): edits is Edit {
  return typeof edits[0] === 'string'
}

// Places of the base that several cases change.
const linkerd = (version: string): Edit => ['edge-26.9.1', version]
const proxy = (version: string): Edit => ['v2.368.0', version]
const networks = (list: string): Edit => ['[10.42.0.0/16, 10.43.0.0/16]', list]
const addresses = (list: string): Edit => ['[203.0.113.42]', list]
const ports = (list: string): Edit => ['[{name: http, port: 80}]', list]
const attestation = (map: string): Edit => ['{type: join_token, file: /etc/spire/join-token}', map]
const joinToken = '5f2c9a64-0b7e-4d19-8a35-c1e6f7d20b48'
const server = (map: string): Edit => ['{address: spire.example.internal}', map]
const upstream = 'upstreamAuthority: {certFile: /ca.crt, keyFile: /ca.key'
const ownServer = (kind: string, more: string): Edit =>
  server(`{address: spire.example.internal, ${kind}: true, ${upstream}${more}}`)
/** An anchor that is not itself what a case is about. */
const anchorOf = (name: string): Edit => {
  const [from, to] = anchors(readCertificate(name))
  return [from, to.replace('«', '')]
}
const inMesh = (line: string): Edit => ['  dns:\n', `  ${line}\n  dns:\n`]
const inProxy = (line: string): Edit => ['  version: v2.368.0\n', `  version: v2.368.0\n  ${line}\n`]
const inSpire = (line: string): Edit => ['  server: {', `  ${line}\n  server: {`]
const inAgent = (lines: string): Edit => ['    version: 1.15.3\n', `    version: 1.15.3\n    ${lines}\n`]
const inMachine = (line: string): Edit => [
  '    namespace: mixed-env\n',
  `    namespace: mixed-env\n    ${line}\n`,
]
const machineMark: Edit = ['- name: legacy-app', '- «name: legacy-app']
const append = (text: string): Edit => ['port: 80}]\n', `port: 80}]\n${text}\n`]
const cloudInit = (map: string): Edit => ['cloudInit: {platform: nocloud}', map]
const secondMachine = (fields: string): Edit =>
  append(`  - {${fields}${/ports|role/.test(fields) ? '' : ', ports: [{name: other, port: 81}]'}}`)
const service = (fields: string) => `services:\n  - {name: web, namespace: mixed-env, ${fields}}`
const policy = (fields: string) => `policies:\n  - {name: only, namespace: mixed-env, ${fields}}`

const web: Edit = inMachine('labels: {app: web}')
const onWeb = 'target: {machines: {app: web}, port: http}'
const instances: Edit = [
  'machines:\n',
  'groups: {fleet: {instances: {name: hostname}, namespace: n, role: client}}\nmachines:\n',
]

/** A document with a migration in which one line is another. */
function migrating(line: string, portName = 'http'): Edit[] {
  const lines: Record<string, string> = {
    service: 'service: web',
    namespace: 'namespace: mixed-env',
    port: 'port: 80',
    machines: 'machines: {selector: {side: machine}}',
    pods: 'pods: {selector: {side: pod}}',
    weights: 'weights: {machines: 90, pods: 10}',
  }
  lines[/^«?(\w+)/.exec(line)?.[1] ?? ''] = line
  const ports = `ports: [{name: ${portName}, port: 80}]`
  return [
    inMachine('labels: {app: web, side: machine}'),
    append(
      `${service(`selector: {app: web}, ${ports}`)}\nmigration:\n  - ${Object.values(lines).join('\n    ')}`,
    ),
  ]
}

/** Machines whose addresses no network smaller than all of them covers. */
function manyMachines(count: number): string {
  const line = (index: number) =>
    `  - {name: m${index}, namespace: many, addresses: [198.18.${index >> 7}.${(index & 127) * 2}], ports: [{name: http, port: 80}]}`
  return Array.from({ length: count }, (_, index) => line(index)).join('\n')
}

const amd64 = 'ed6cbe22a059c8c5f21767542e922c392772f757e6a2969fb5f0b091b44538a3'
const proxyInstall: string = `{from: download, sha256: {amd64: ${amd64}}}`
const install = (map: string): Edit => [proxyInstall, map]
const x509pop = '{type: x509pop, certificateFile: /etc/pki/tls.crt, privateKeyFile: /etc/pki/tls.key}'
const spiffe = 'spiffe://root.linkerd.cluster.local'

export const cases: readonly Case[] = [
  // Reading the document
  error('yaml-syntax', '', inProxy('«version: v2.368.0')),
  error('one-document', '', [
    ['# The least', '«# The least'],
    ['machines:', '---\nmachines:'],
  ]),
  error('input-too-large', '', ['# The least', `«# ${'x'.repeat(16 * 1024 * 1024)}`]),

  // Shape
  error('unknown-key', '/mesh/clusterNetwork', inMesh('«clusterNetwork: []')),
  error(
    'key-impossible',
    '/machines/0/identity/dnsNames',
    inMachine('identity: {«dnsNames: [a.example.com]}'),
  ),
  error(
    'key-impossible',
    '/mesh/workload_x509_svid_key_type',
    inMesh('«workload_x509_svid_key_type: rsa-2048'),
  ),
  error('missing-key', '/spire', ['\nspire:\n  trustDomain: root.linkerd.cluster.local\n', '\n«spire:\n']),
  error('wrong-type', '/spire/agent/version', ['version: 1.15.3', 'version: «1.15']),
  error('unknown-value', '/spire/agent/attestation/type', attestation('{type: «join-token}')),
  error('bad-format', '/machines/0/addresses/0', addresses('[«app.example.com]')),
  error('bad-key', '/machines/0/labels/a b', inMachine('labels: {«a b: x}')),
  error('control-character', '/machines/0/name', ['name: legacy-app', 'name: «"legacy\\u0007app"']),
  error('out-of-range', '/machines/0/ports/0/port', ports('[{name: http, port: «70000}]')),
  error('size-limit', '/mesh/clusterNetworks', networks('«[]')),

  // Versions
  error('linkerd-known-broken', '/mesh/linkerdVersion', linkerd('«edge-25.3.2')),
  error('linkerd-too-old', '/mesh/linkerdVersion', linkerd('«edge-24.2.3')),
  info('linkerd-newer-than-known', '/mesh/linkerdVersion', linkerd('«edge-26.11.1')),
  error('proxy-known-broken', '/proxy/version', proxy('«v2.329.0')),
  error('proxy-too-old', '/proxy/version', proxy('«v2.220.0')),
  info('proxy-newer-than-known', '/proxy/version', [linkerd('edge-26.10.1'), proxy('«v2.370.0')]),
  warning('proxy-can-hang', '/proxy/version', [linkerd('edge-25.10.7'), proxy('«v2.326.0')]),
  warning('proxy-version-differs', '/proxy/version', proxy('«v2.359.0')),
  error('spire-too-old', '/spire/agent/version', ['version: 1.15.3', 'version: «1.13.2']),
  error('spire-too-old', '/spire/agent/version', [
    ['version: 1.15.3', 'version: «1.13.9'],
    attestation('{type: azure_imds, tenantDomain: example.onmicrosoft.com}'),
    inMachine(
      'attestation: {tenantId: 72f988bf-86f1-41af-91ab-2d7cd011db47, subscriptionId: 72f988bf-86f1-41af-91ab-2d7cd011db47, vmId: 72f988bf-86f1-41af-91ab-2d7cd011db47}',
    ),
  ]),

  // Groups and names
  error('group-unknown', '/machines/0/group', inMachine('group: «web')),
  error('namespace-missing', '/machines/0', [machineMark, ['    namespace: mixed-env\n', '']]),
  error(
    'machine-duplicate',
    '/machines/1/name',
    secondMachine('name: «legacy-app, namespace: other, addresses: [203.0.113.43]'),
  ),
  error(
    'name-duplicate',
    '/services/1/name',
    append(
      `${service('selector: {app: web}, ports: [{name: http, port: 80}]')}
  - {name: «web, namespace: mixed-env, selector: {app: web}, ports: [{name: http, port: 80}]}`,
    ),
  ),
  error('reference-unknown', '/policies/0/allow/machines/0', [
    web,
    append(policy(`${onWeb}, allow: {machines: [«legacy-ap]}`)),
  ]),
  error('reference-unknown', '/policies/0/allow/groups/0', [
    web,
    append(policy(`${onWeb}, allow: {groups: [«batch]}`)),
  ]),

  // Identity
  error(
    'identity-trust-domain',
    '/machines/0/identity/spiffeId',
    inMachine('identity: {spiffeId: «spiffe://other.example/app, serverName: app.example}'),
  ),
  error('identity-malformed', '/machines/0', [
    machineMark,
    ['trustDomain: root.linkerd.cluster.local', `trustDomain: ${'a'.repeat(220)}`],
  ]),
  error('identity-duplicate', '/machines/1/identity/spiffeId', [
    inMachine(`identity: {spiffeId: ${spiffe}/app, serverName: app.example}`),
    secondMachine(
      `name: second, namespace: other, role: client, identity: {spiffeId: «${spiffe}/app, serverName: app.example}`,
    ),
  ]),
  error('instances-name-taken', '/groups/legacy-app', [
    inMesh('machineNetworks: [203.0.113.0/24]'),
    append(
      'groups:\n  «legacy-app: {instances: {name: hostname}, namespace: shop, ports: [{name: http, port: 80}]}',
    ),
  ]),
  error('instances-without-group', '/defaults/instances', append('defaults: {«instances: {name: hostname}}')),
  error('machines-missing', '/machines', [
    [
      '\nmachines:\n  - name: legacy-app\n    namespace: mixed-env\n    addresses: [203.0.113.42]\n    ports: [{name: http, port: 80}]\n',
      '\n«machines: []\n',
    ],
  ]),
  error(
    'identity-incomplete',
    '/groups/web/identity',
    append(`groups:\n  web:\n    identity: «{spiffeId: ${spiffe}/web}`),
  ),
  error('server-name-invalid', '/machines/0', [
    machineMark,
    inMesh(`clusterDomain: ${`${'a'.repeat(59)}.`.repeat(4)}a`),
  ]),
  error(
    'parent-duplicate',
    '/machines/1/parentId',
    secondMachine(
      `name: second, namespace: other, role: client, parentId: «${spiffe}/meshjoin/node/legacy-app`,
    ),
  ),
  error('parent-is-identity', '/machines/0/parentId', inMachine(`parentId: «${spiffe}/mixed-env/legacy-app`)),
  warning('node-unknown', '/machines/0', [
    attestation('{type: aws_iid}'),
    machineMark,
    inMachine('attestation: {accountId: "123456789012", region: eu-west-1}'),
  ]),
  error('node-duplicate', '/machines/1/attestation/commonName', [
    attestation(x509pop),
    secondMachine('name: second, namespace: other, role: client, attestation: {commonName: «legacy-app}'),
  ]),
  error('node-parent', '/machines/0/parentId', [
    attestation(x509pop),
    [
      '    namespace: mixed-env\n',
      `    namespace: mixed-env\n    attestation: {commonName: app}\n    parentId: «${spiffe}/spire/agent/x509pop/app\n`,
    ],
  ]),

  // Certificates
  error('pem-malformed', '/mesh/trustAnchors', [
    ['    -----BEGIN', '    «-----BEGIN'],
    ['    gvw=\n', ''],
  ]),
  error(
    'pem-other-form',
    '/mesh/trustAnchors',
    anchors(Buffer.from(readCertificate('root')).toString('base64')),
  ),
  error('pem-private-key', '/mesh/trustAnchors', anchors(makePrivateKey())),
  error('pem-not-ca', '/mesh/trustAnchors', anchors(readCertificate('leaf'))),
  error('pem-path-length', '/mesh/trustAnchors', anchors(readCertificate('pathlen-0'))),
  warning('pem-duplicate', '/mesh/trustAnchors', anchors(readCertificate('root').repeat(2))),

  // Addresses and networks
  error('address-invalid', '/machines/0/addresses/0', addresses('[«203.0.113.420]')),
  error('address-unusable', '/machines/0/addresses/0', addresses('[«127.0.0.1]')),
  error('address-family-duplicate', '/machines/0/addresses/1', addresses('[203.0.113.42, «203.0.113.43]')),
  warning(
    'client-without-object',
    '/machines/1/zone',
    append('  - {name: batch-1, namespace: batch, role: client, «zone: eu-west-1a}'),
  ),
  warning('drain-by-hand', '/machines/0/drain', inMachine('drain: «true')),
  warning('client-ports', '/machines/0/ports', [
    inMachine('role: client'),
    ['    ports: [{name', '    «ports: [{name'],
  ]),
  warning('server-ports-missing', '/machines/0', [
    machineMark,
    ['    ports: [{name: http, port: 80}]\n', ''],
  ]),
  error('local-addresses-found', '/machines/0/localAddresses', [
    inMesh('machineNetworks: [203.0.113.0/24]'),
    addresses('{from: boot}\n    «localAddresses: [10.0.0.7]'),
  ]),
  error('machine-networks-unknown', '/machines/0/addresses', [
    ['    addresses: [203.0.113.42]', '    «addresses: {from: boot}'],
  ]),
  error('address-missing', '/machines/0', [machineMark, ['    addresses: [203.0.113.42]\n', '']]),
  error(
    'address-port-duplicate',
    '/machines/1/addresses/0',
    secondMachine(
      'name: second, namespace: other, addresses: [«203.0.113.42], ports: [{name: web, port: 80}]',
    ),
  ),
  error('dual-stack-too-old', '/machines/0/addresses', [
    linkerd('edge-24.8.3'),
    addresses('«[203.0.113.42, "2001:db8::42"]'),
  ]),
  error('ipv6-off', '/redirect/ipv6', [
    addresses('[203.0.113.42, "2001:db8::42"]'),
    append('redirect: {ipv6: «false}'),
  ]),
  warning('family-mismatch', '/machines/1/addresses', [
    addresses('[203.0.113.42, "2001:db8::42"]'),
    inMachine('group: web'),
    secondMachine('name: second, group: web, namespace: other, addresses: «[203.0.113.43]'),
    ['machines:\n', 'groups: {web: {}}\nmachines:\n'],
  ]),
  error('network-invalid', '/mesh/clusterNetworks/1', networks('[10.42.0.0/16, «10.43.0.1/16]')),
  error('network-too-wide', '/mesh/clusterNetworks/0', networks('[«0.0.0.0/0]')),
  warning('network-duplicate', '/mesh/clusterNetworks/1', networks('[10.42.0.0/16, «10.42.1.0/24]')),
  warning('network-contains', '/machines/0/addresses/0', addresses('[«10.42.0.9]')),
  error('route-gateway', '/mesh/routes/0/via', inMesh('routes: [{to: 10.42.0.0/16, via: «10.42.0.1}]')),

  error('machine-networks-many', '/machines', [['\nmachines:', '\n«machines:'], append(manyMachines(1025))]),

  // Ports and users
  error(
    'port-duplicate',
    '/machines/0/ports/1/port',
    ports('[{name: http, port: 80}, {name: web, port: «80}]'),
  ),
  error('port-reserved', '/machines/0/ports/0/port', ports('[{name: http, port: «4143}]')),
  error('port-ssh', '/machines/0/ports/0/port', ports('[{name: http, port: «22}]')),
  error(
    'health-port-unknown',
    '/machines/0/healthCheck/port',
    [
      inMachine('healthCheck: {path: /ready, port: «81}'),
      inProxy('adminAddress: 0.0.0.0:4191'),
      append(`readiness: {image: ${pinned}}`),
    ],
    { also: ['admin-exposed'] },
  ),
  error('uid-clash', '/proxy/user/uid', inProxy('user: {uid: «2103}')),
  warning('admin-exposed', '/proxy/adminAddress', inProxy('adminAddress: «0.0.0.0:4191')),
  error('admin-port-clash', '/proxy/adminAddress', inProxy('adminAddress: «127.0.0.1:4143')),
  error('admin-unreachable', '/readiness', append(`«readiness: {image: ${pinned}}`)),
  error('admin-unreachable', '/proxy/adminAddress', [
    inProxy('adminAddress: «127.0.0.1:4191'),
    append(`readiness: {image: ${pinned}}`),
  ]),
  error('admin-unreachable', '/proxy/adminAddress', [
    inProxy('adminAddress: «"[::1]:4191"'),
    append(`readiness: {image: ${pinned}}`),
  ]),
  error(
    'admin-family',
    '/machines/1',
    [
      inProxy('adminAddress: 0.0.0.0:4191'),
      append(
        `  - «{name: six, namespace: mixed-env, addresses: ["2001:db8::6"], ports: [{name: http, port: 81}]}\nreadiness: {image: ${pinned}}`,
      ),
    ],
    { also: ['admin-exposed'] },
  ),
  error(
    'readiness-too-old',
    '/readiness',
    [linkerd('"2.15"'), inProxy('adminAddress: 0.0.0.0:4191'), append(`«readiness: {image: ${pinned}}`)],
    { also: ['admin-exposed'] },
  ),
  warning(
    'readiness-image-tag',
    '/readiness/image',
    [inProxy('adminAddress: 0.0.0.0:4191'), append('readiness: {image: «node:22-alpine}')],
    { also: ['admin-exposed'] },
  ),
  warning(
    'readiness-for-nobody',
    '/readiness',
    [inMachine('role: client'), append(`«readiness: {image: ${pinned}}`)],
    {
      also: ['client-ports'],
    },
  ),
  warning('health-check-unasked', '/machines/0/healthCheck', inMachine('«healthCheck: {path: /, port: 80}')),
  error(
    'network-invalid',
    '/readiness/fromNetworks/0',
    [
      inProxy('adminAddress: 0.0.0.0:4191'),
      append(`readiness: {image: ${pinned}, fromNetworks: [«10.42.0.1/16]}`),
    ],
    { also: ['admin-exposed'] },
  ),

  // Redirect
  error(
    'port-range-invalid',
    '/redirect/outbound/exemptPorts/1',
    append('redirect: {outbound: {exemptPorts: [25, «"20-10"]}}'),
  ),
  error(
    'exempt-port-declared',
    '/redirect/inbound/exemptPorts/0',
    append('redirect: {inbound: {exemptPorts: [«"79-80"]}}'),
  ),
  error(
    'exempt-network-covers',
    '/redirect/outbound/exemptNetworks/0',
    append('redirect: {outbound: {exemptNetworks: [«10.0.0.0/8]}}'),
  ),
  warning(
    'exempt-users-inbound',
    '/redirect/inbound/exemptUsers',
    append('redirect: {inbound: {«exemptUsers: [backup]}}'),
  ),
  error(
    'only-user-exempt',
    '/redirect/outbound/onlyUsers/1',
    append('redirect: {outbound: {exemptUsers: [7], onlyUsers: [8, «7]}}'),
  ),
  error(
    'redirect-covers-nothing',
    '/redirect/outbound/exemptPorts',
    append('redirect: {outbound: {«exemptPorts: ["2-65535", 1]}}'),
  ),

  // Proxy
  info('inbound-policy-fails-open', '/proxy', [
    ['\nproxy:', '\n«proxy:'],
    ['  defaultInboundPolicy: all-unauthenticated\n', ''],
  ]),
  warning('strangers-unjudged', '/proxy/defaultInboundPolicy', [
    '  defaultInboundPolicy: all-unauthenticated\n',
    '  defaultInboundPolicy: «cluster-unauthenticated\n',
  ]),
  warning(
    'from-networks-open',
    '/redirect/inbound/fromNetworks',
    append('redirect: {inbound: {«fromNetworks: [192.0.2.0/24]}}'),
  ),
  warning('outbound-all-hangs', '/redirect/outbound/scope', append('redirect: {outbound: {scope: «all}}')),
  error(
    'annotation-contradicts',
    '/machines/0/annotations/config.linkerd.io~1default-inbound-policy',
    inMachine('annotations: {config.linkerd.io/default-inbound-policy: «deny}'),
  ),
  warning('annotation-alone', '/machines/0/ports/0', [
    inMachine('annotations: {config.linkerd.io/opaque-ports: "79-81"}'),
    ports('[«{name: http, port: 80}]'),
  ]),
  info('port-usually-opaque', '/machines/0/ports/0', ports('[«{name: mysql, port: 3306}]')),
  error(
    'setting-forbidden',
    '/proxy/settings/LINKERD2_PROXY_IDENTITY_DISABLED',
    inProxy('settings: {«LINKERD2_PROXY_IDENTITY_DISABLED: "1"}'),
  ),
  error(
    'setting-owned',
    '/proxy/settings/LINKERD2_PROXY_CORES',
    inProxy('settings: {«LINKERD2_PROXY_CORES: "2"}'),
  ),
  error(
    'setting-value',
    '/proxy/settings/LINKERD2_PROXY_OUTBOUND_CONNECT_TIMEOUT',
    inProxy('settings: {LINKERD2_PROXY_OUTBOUND_CONNECT_TIMEOUT: «banana}'),
  ),
  warning(
    'setting-unknown',
    '/proxy/settings/LINKERD2_PROXY_LOGG',
    inProxy('settings: {«LINKERD2_PROXY_LOGG: warn}'),
  ),

  // Installing
  error('install-incomplete', '/proxy/install', install('«{from: download}')),
  error(
    'install-option-unused',
    '/proxy/install/path',
    install(`{from: download, «path: /opt/proxy, sha256: {amd64: ${amd64}}}`),
  ),
  error(
    'install-url',
    '/proxy/install/url',
    install(
      `{from: download, url: «https://mirror.example/proxy.tgz, sha256: {amd64: ${amd64}, arm64: ${'b0'.repeat(32)}}}`,
    ),
  ),
  warning(
    'install-same-sum',
    '/proxy/install/sha256/arm64',
    install(`{from: download, sha256: {amd64: ${amd64}, arm64: «${amd64}}}`),
  ),
  error(
    'path-volatile',
    '/spire/agent/attestation/file',
    attestation('{type: join_token, file: «/run/join-token}'),
  ),
  error(
    'path-hidden',
    '/proxy/install/path',
    install('{from: preinstalled, path: «/home/ops/linkerd2-proxy}'),
  ),
  error(
    'path-taken',
    '/spire/agent/attestation/file',
    attestation('{type: join_token, file: «/etc/spire/agent.json}'),
  ),

  // SPIRE
  error('attestation-missing', '/spire/agent', [
    ['version: 1.15.3', '«version: 1.15.3'],
    ['    attestation: {type: join_token, file: /etc/spire/join-token}\n', ''],
  ]),
  error('attestation-incomplete', '/spire/agent/attestation', attestation('«{type: join_token}')),
  error(
    'attestation-option',
    '/spire/agent/attestation/hostname',
    attestation('{type: join_token, file: /etc/spire/join-token, «hostname: app.example}'),
  ),
  warning('attestor-cannot-reattest', '/spire/server/agentTtl', ownServer('generate', '}, agentTtl: «1h')),
  error(
    'attestation-twice',
    '/spire/agent/attestation/command',
    attestation('{type: join_token, file: /etc/spire/join-token, «command: /usr/local/bin/token}'),
  ),
  warning(
    'insecure-token',
    '/spire/agent/attestation/insecureToken',
    attestation(`{type: join_token, «insecureToken: ${joinToken}}`),
  ),
  error(
    'token-shared',
    '/spire/agent/attestation/insecureToken',
    [
      attestation(`{type: join_token, «insecureToken: ${joinToken}}`),
      secondMachine('name: other, namespace: mixed-env, addresses: [203.0.113.43]'),
    ],
    { also: ['insecure-token'] },
  ),
  info(
    'token-left-out',
    '/spire/agent/attestation/insecureToken',
    attestation(`{type: join_token, «insecureToken: ${joinToken}}`),
    { also: ['insecure-token'], options: { targets: ['ansible'] } },
  ),
  error(
    'hostname-shared',
    '/spire/agent/attestation/hostname',
    [
      attestation('{type: http_challenge, port: 8085, hostname: «app.example}'),
      secondMachine('name: other, namespace: mixed-env, addresses: [203.0.113.43]'),
    ],
    { also: ['node-duplicate'] },
  ),
  warning('insecure-bootstrap', '/spire/agent/insecureBootstrap', inAgent('insecureBootstrap: «true')),
  error('bootstrap-contradicts', '/spire/agent/insecureBootstrap', [
    inAgent('«insecureBootstrap: true'),
    inSpire('trustBundle: /etc/pki/bundle.pem'),
  ]),
  error('bundle-ca-unused', '/spire/trustBundleCaFile', inSpire('«trustBundleCaFile: /etc/pki/ca.pem')),
  error('availability-target', '/spire/agent/availabilityTarget', inAgent('availabilityTarget: «23h')),
  error('availability-unreachable', '/spire/agent/availabilityTarget', [
    inAgent('availabilityTarget: «24h'),
    ownServer('generate', '}, caTtl: 600h, x509SvidTtl: 35h'),
  ]),
  error('agent-port-clash', '/spire/agent/metricsPort', [
    inAgent('healthPort: 8082\n    metricsPort: «8082'),
  ]),
  error(
    'agent-port-clash',
    '/spire/agent/attestation/port',
    attestation('{type: http_challenge, hostname: app.example, port: «80}'),
  ),
  error('agent-incomplete', '/spire/agent', ['    version: 1.15.3\n    install:', '    «install:']),
  error('agent-option-unused', '/spire/agent/socket', [
    '    version: 1.15.3\n',
    '    version: 1.15.3\n    «socket: /run/spire.sock\n',
  ]),
  error('server-address-missing', '/spire/server', server('«{port: 8081}')),
  error(
    'server-option-unused',
    '/spire/server/caTtl',
    server('{address: spire.example.internal, «caTtl: 24h}'),
  ),
  error(
    'upstream-missing',
    '/spire/server',
    server('«{address: spire.example.internal, generate: true, caTtl: 24h}'),
  ),
  error('upstream-path-length', '/spire/server/upstreamAuthority/bundleFile', [
    anchorOf('pathlen-1'),
    ownServer('generate', ', bundleFile: «/root.crt}'),
  ]),
  error('anchor-outlived', '/spire/server/caTtl', [
    anchorOf('five-days'),
    ownServer('generate', '}, caTtl: «168h'),
  ]),
  error(
    'server-attestation-incomplete',
    '/spire/server',
    [
      attestation('{type: gcp_iit}'),
      server(`«{address: spire.example.internal, generate: true, ${upstream}}}`),
    ],
    { also: ['node-unknown'] },
  ),
  error('server-conflict', '/spire/server/address', [
    attestation('{type: join_token}'),
    server(`{address: «192.0.2.30, colocated: true, ${upstream}}}`),
  ]),
  error('ttl-unreachable', '/spire/server/x509SvidTtl', ownServer('generate', '}, x509SvidTtl: «5h')),
  error('ttl-invalid', '/spire/server/caTtl', ownServer('generate', '}, caTtl: «0h')),
  error('selector-mismatch', '/spire/workload/selectors/0', inSpire('workload: {selectors: [«unix:uid:0]}')),
  error(
    'selector-twice',
    '/spire/workload/selectors/1',
    [inSpire('workload: {selectors: ["unix:uid:2102", «"unix:uid:2102 "]}'.replace('2102 ', '02102'))],
    { also: ['selector-mismatch'] },
  ),
  error(
    'selector-sha256',
    '/spire/workload/selectors/1',
    inSpire('workload: {selectors: ["unix:uid:2102", «"unix:sha256:abc"]}'),
  ),
  error(
    'selector-sha256',
    '/spire/workload/selectors/1',
    inSpire(`workload: {selectors: ["unix:uid:2102", «"unix:sha256:${amd64}"]}`),
  ),
  warning('selector-path', '/spire/workload/selectors/1', [
    inSpire('workload: {selectors: ["unix:uid:2102", «"unix:path:/usr/lib/proxy"]}'),
    install('{from: preinstalled, path: /usr/bin/proxy}'),
  ]),
  error(
    'selector-mismatch',
    '/spire/workload/selectors/1',
    inSpire('workload: {selectors: ["unix:uid:2102", «"unix:path:/opt/linkerd/current/linkerd2-proxy"]}'),
  ),
  error(
    'selector-mismatch',
    '/spire/workload/selectors/1',
    inSpire('workload: {selectors: ["unix:uid:2102", «"systemd:id:linkerd.service"]}'),
  ),
  warning(
    'selector-group',
    '/spire/workload/selectors/1',
    inSpire('workload: {selectors: ["unix:uid:2102", «"unix:supplementary_group:spire"]}'),
  ),
  warning(
    'selector-any-user',
    '/spire/workload/selectors',
    inSpire('workload: {selectors: «["unix:gid:2102"]}'),
  ),

  // Names and control plane
  error('dns-servers-missing', '/mesh', [
    ['\nmesh:', '\n«mesh:'],
    ['  dns:\n    servers: [10.43.0.10]\n', ''],
  ]),
  warning('dns-domain-missing', '/mesh/dns/domains', ['  dns:\n', '  dns:\n    domains: «[corp.example]\n']),
  error(
    'control-plane-address',
    '/mesh/controlPlane/policy',
    inMesh('controlPlane: {policy: «10.0.0.7:99999}'),
  ),

  // Cluster objects
  error('selector-crosses-namespaces', '/services/0/selector', [
    linkerd('edge-26.6.1'),
    inMachine('labels: {app: web}'),
    append(
      'services:\n  - {name: web, namespace: other, selector: «{app: web}, ports: [{name: http, port: 80}]}',
    ),
  ]),
  error('service-port-unmatched', '/services/0/ports/0', [
    inMachine('labels: {app: web}'),
    append(service('selector: {app: web}, ports: [«{name: http, port: 81}]')),
  ]),
  warning('service-port-partial', '/services/0/ports/0', [
    inMachine('labels: {app: web}'),
    append(
      `  - {name: second, namespace: mixed-env, addresses: [203.0.113.43], ports: [{name: other, port: 81}], labels: {app: web}}
${service('selector: {app: web}, ports: [«{name: http, port: 80}]')}`,
    ),
  ]),
  error(
    'service-port-duplicate',
    '/services/0/ports/1/port',
    append(service('selector: {app: pods}, ports: [{name: http, port: 80}, {name: other, port: «80}]')),
  ),
  error(
    'policy-target',
    '/policies/0/target',
    append(policy('target: «{machines: {app: a}, pods: {app: a}, port: http}, allow: {}')),
  ),
  error('policy-selects-nothing', '/policies/0/target/machines', [
    web,
    append(policy('target: {machines: «{app: wep}, port: http}, allow: {}')),
  ]),
  error('policy-port-unmatched', '/policies/0/target/port', [
    web,
    append(policy('target: {machines: {app: web}, port: «https}, allow: {}')),
  ]),
  warning('policy-port-partial', '/policies/0/target/port', [
    web,
    append(
      `  - {name: second, namespace: mixed-env, addresses: [203.0.113.43], ports: [{name: other, port: 81}], labels: {app: web}}
${policy('target: {machines: {app: web}, port: «http}, allow: {}')}`,
    ),
  ]),
  error('policy-port-twice', '/policies/1/target/port', [
    web,
    append(
      `${policy(`${onWeb}, allow: {}`)}
  - {name: second, namespace: mixed-env, target: {machines: {app: web}, port: «80}, allow: {}}`,
    ),
  ]),
  error(
    'policy-port-twice',
    '/policies/1/target/port',
    append(
      `${policy('target: {pods: {app: web}, port: http}, allow: {}')}
  - {name: second, namespace: mixed-env, target: {pods: {app: web, tier: front}, port: «http}, allow: {}}`,
    ),
  ),
  error('policy-protocol', '/policies/0/target', [
    web,
    append(policy('target: «{machines: {app: web}, port: http, protocol: opaque}, allow: {}')),
    ports('[{name: http, port: 80, opaque: false}]'),
  ]),
  error('policy-allow', '/policies/0/allow', [
    web,
    append(policy(`${onWeb}, allow: «{unauthenticated: true, machines: [legacy-app]}`)),
  ]),
  error('policy-allow', '/policies/0/allow', [
    web,
    append(policy(`${onWeb}, allow: «{authenticated: true, machines: [legacy-app]}`)),
  ]),
  error('policy-instances', '/policies/0/allow/groups/0', [
    web,
    instances,
    append(policy(`${onWeb}, allow: {groups: [«fleet]}`)),
  ]),
  warning('policy-unlisted', '/policies/0/allow/authenticated', [
    web,
    instances,
    append(policy(`${onWeb}, allow: {authenticated: «true}`)),
  ]),
  info('policy-both-sides', '/policies/0', [
    web,
    append(
      `${service('selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]')}
policies:
  - «{name: only, namespace: mixed-env, ${onWeb}, allow: {}}`,
    ),
  ]),
  warning('policy-side-unclear', '/policies/1', [
    inMachine('labels: {app: web, half: left}'),
    append(
      `  - {name: second, namespace: mixed-env, addresses: [203.0.113.43], ports: [{name: http, port: 80}], labels: {app: web, half: right}}
${service('selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]')}
policies:
  - {name: left, namespace: mixed-env, target: {machines: {half: left}, port: http}, allow: {}}
  - «{name: right, namespace: mixed-env, target: {machines: {half: right}, port: http}, allow: {}}`,
    ),
  ]),
  warning(
    'policy-probes',
    '/policies/0/routes',
    append(policy('target: {pods: {app: web}, port: http}, allow: {}, routes: «[{path: /}]')),
  ),
  warning(
    'health-check-refused',
    '/machines/0/healthCheck',
    [
      web,
      inProxy('adminAddress: 0.0.0.0:4191'),
      inMachine('healthCheck: «{path: /healthz, port: 80, scheme: HTTPS}'),
      append(`readiness: {image: ${pinned}}\n${policy(`${onWeb}, allow: {}`)}`),
    ],
    { also: ['admin-exposed'] },
  ),
  warning(
    'health-check-refused',
    '/policies/0/allow',
    [
      web,
      append(
        `readiness: {image: ${pinned}}\n${policy('target: {machines: {app: web}, port: 4191}, allow: «{networks: [198.51.100.0/24]}')}`,
      ),
      inProxy('adminAddress: 0.0.0.0:4191'),
    ],
    { also: ['admin-exposed'] },
  ),
  error('policy-grpc-too-old', '/policies/0/routes', [
    linkerd('edge-24.2.4'),
    append(
      policy('target: {pods: {app: web}, port: http, protocol: gRPC}, allow: {}, routes: «[{service: a.B}]'),
    ),
  ]),
  error(
    'policy-name-reserved',
    '/policies/0/name',
    append(
      'policies:\n  - {name: «meshjoin-80, namespace: mixed-env, target: {pods: {app: web}, port: http}, allow: {}}',
    ),
  ),
  error('policy-route', '/policies/0/routes/0', [
    web,
    append(
      policy('target: {machines: {app: web}, port: http, protocol: opaque}, allow: {}, routes: [«{path: /}]'),
    ),
    inMachine('annotations: {config.linkerd.io/opaque-ports: "80"}'),
    ports('[{name: http, port: 80, opaque: true}]'),
  ]),
  error('migration-weights', '/migration/0/weights', migrating('weights: «{machines: 0, pods: 0}')),
  warning(
    'migration-drained',
    '/migration/0/weights/machines',
    [
      ...migrating('weights: {machines: «1, pods: 0}'),
      [', side: machine}', ', side: machine}\n    drain: true'],
    ],
    { also: ['drain-by-hand'] },
  ),
  error('migration-port', '/migration/0/port', migrating('port: «81\n    targetPort: 80')),
  error('migration-opaque', '/migration/0/port', [
    ports('[{name: http, port: 80, opaque: true}]'),
    ...migrating('port: «80').map(
      ([from, to]): Edit => [
        from.replace('port: 80}]', 'opaque: true}]'),
        to.replace(/^port: 80}]/, 'opaque: true}]'),
      ],
    ),
  ]),
  error(
    'migration-opaque',
    '/migration/0/targetPort',
    [
      ...migrating('targetPort: «http'),
      [
        '\nmigration:',
        '\npolicies: [{name: p, namespace: mixed-env, target: {pods: {side: pod}, port: http, protocol: TLS}, allow: {}}]\nmigration:',
      ],
    ],
    { also: ['policy-both-sides'] },
  ),
  warning('migration-protocol', '/migration/0', migrating('«service: web', 'grpc')),
  error('migration-overlap', '/migration/0/pods/selector', migrating('pods: {selector: «{app: web}}')),
  error(
    'migration-overlap',
    '/migration/0/pods/selector',
    migrating('pods: {selector: «{kind: old}}').map(
      ([from, to]): Edit => [from, to.replace('side: machine}\n', 'side: machine, kind: old}\n')],
    ),
  ),
  error(
    'migration-side-empty',
    '/migration/0/machines/selector',
    migrating('machines: {selector: «{side: vm}}'),
  ),
  error('migration-name', '/migration/0/service', [
    ...migrating('service: «web'),
    [
      '\nmigration:',
      '\n  - {name: web-pods, namespace: mixed-env, selector: {side: pod}, ports: [{name: http, port: 80}]}\nmigration:',
    ],
  ]),

  // Output: only generate() can tell
  error('name-reserved', '/machines/0/name', ['- name: legacy-app', '- name: «firewall'], { options: {} }),
  error(
    'platform-no-compress',
    '/cloudInit/compress',
    cloudInit('cloudInit: {platform: digitalocean, compress: «true}'),
    { also: ['doctor-left-out'], options: {} },
  ),
  error(
    'user-data-too-large',
    '/machines/0',
    [machineMark, cloudInit('cloudInit: {platform: hetzner, compress: false}')],
    { also: ['doctor-left-out'], options: {} },
  ),
  info(
    'workload-at-boot',
    '/machines/0/addresses',
    [
      inMesh('machineNetworks: [203.0.113.0/24]'),
      ['    addresses: [203.0.113.42]', '    «addresses: {from: boot}'],
    ],
    { options: { targets: ['kubernetes'] } },
  ),
  warning('user-data-platform', '/cloudInit', cloudInit('«cloudInit: {distribution: debian}'), {
    options: {},
  }),
  info('doctor-left-out', '/cloudInit/platform', cloudInit('cloudInit: {platform: «ec2}'), { options: {} }),
  info(
    'inventory-without',
    '',
    [['apiVersion', '«apiVersion'], inMesh('machineNetworks: [203.0.113.0/24]'), addresses('{from: boot}')],
    { options: { targets: ['ansible'] } },
  ),
  error('target-unknown', '', ['apiVersion', '«apiVersion'], { options: { targets: ['cloudinit'] } }),
  error('machine-unknown', '', ['apiVersion', '«apiVersion'], { options: { machines: ['legacy-ap'] } }),
  error('question-unclear', '', ['apiVersion', '«apiVersion'], {
    question: { direction: 'outbound', address: 'web.internal', port: 80 },
  }),

  // The same codes from other places
  error('unknown-key', '/groups/web/labls', append('groups:\n  web:\n    «labls: {}')),
  error('linkerd-known-broken', '/mesh/linkerdVersion', linkerd('«edge-25.11.2')),
  error(
    'proxy-too-old',
    '/proxy/version',
    [linkerd('edge-26.8.2'), proxy('«v2.227.0'), networks('[10.42.0.0/16, "fd00:10::/64"]')],
    { also: ['proxy-can-hang'] },
  ),
  error('reference-unknown', '/migration/0/service', migrating('service: «wbe')),
  error(
    'name-duplicate',
    '/services/0/ports/1/name',
    append(service('selector: {app: web}, ports: [{name: http, port: 80}, {name: «http, port: 81}]')),
  ),
  error(
    'identity-malformed',
    '/machines/0/identity/spiffeId',
    inMachine(`identity: {spiffeId: «${spiffe}/spire/agent/x509pop/app, serverName: app.example}`),
  ),
  error('identity-malformed', '/machines/0/parentId', inMachine(`parentId: «${spiffe}/spire/server`)),
  error(
    'node-duplicate',
    '/groups/web',
    [
      attestation('{type: http_challenge, port: 8085, hostname: app.example}'),
      inMesh('machineNetworks: [203.0.113.0/24]'),
      [
        'machines:\n  - name: legacy-app\n    namespace: mixed-env\n    addresses: [203.0.113.42]\n    ports: [{name: http, port: 80}]\n',
        'groups:\n  «web: {instances: {name: hostname}, namespace: n, ports: [{name: http, port: 80}]}\nmachines: []\n',
      ],
    ],
    { also: ['hostname-shared'] },
  ),
  error('identity-trust-domain', '/machines/0/parentId', inMachine('parentId: «spiffe://other.example/node')),
  error(
    'identity-incomplete',
    '/defaults/identity',
    append('defaults:\n  identity: «{serverName: app.example}'),
  ),
  error('pem-not-ca', '/mesh/trustAnchors', anchors(readCertificate('version-1'))),
  error('pem-not-ca', '/mesh/trustAnchors', anchors(readCertificate('no-constraints'))),
  error(
    'pem-malformed',
    '/mesh/trustAnchors',
    anchors(`${readCertificate('root')}-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n`),
  ),
  error('pem-malformed', '/mesh/trustAnchors', anchors('# no block at all')),
  error('pem-malformed', '/mesh/trustAnchors', anchors(`# cut\n${readCertificate('root').slice(0, -20)}`)),
  error(
    'pem-malformed',
    '/spire/trustBundle',
    inSpire(`trustBundle: «${JSON.stringify(`# a\n${readCertificate('root').slice(28)}-----BEGIN `)}`),
  ),
  error(
    'control-character',
    '/spire/trustBundle',
    inSpire(`trustBundle: «${JSON.stringify(`# a bell: \u0007\n${readCertificate('root')}`)}`),
  ),
  error('pem-private-key', '/mesh/trustAnchors', anchors(readCertificate('root') + makePrivateKey())),
  error(
    'pem-not-ca',
    '/spire/trustBundle',
    inSpire(`trustBundle: «${JSON.stringify(readCertificate('leaf'))}`),
  ),
  error('address-invalid', '/mesh/dns/servers/0', ['[10.43.0.10]', '[«10.43.0]']),
  error('address-invalid', '/machines/0/localAddresses/0', inMachine('localAddresses: [«10.0.0]')),
  error('address-invalid', '/mesh/routes/0/via', inMesh('routes: [{to: 10.42.0.0/16, via: «192.0.2}]')),
  error('address-invalid', '/proxy/adminAddress', inProxy('adminAddress: «999.0.0.1:4191')),
  error('address-invalid', '/proxy/adminAddress', inProxy('adminAddress: «"[::ffff:127.0.0.1]:4191"')),
  error('address-invalid', '/machines/0/addresses/0', addresses('[«"::ffff:203.0.113.42"]')),
  error('address-invalid', '/machines/0/localAddresses/0', inMachine('localAddresses: [«"::FFFF:a00:1"]')),
  error('address-invalid', '/mesh/dns/servers/0', ['[10.43.0.10]', '[«"::ffff:10.43.0.10"]']),
  error('address-invalid', '/spire/server/address', server('{address: «"::ffff:192.0.2.1"}')),
  error(
    'address-invalid',
    '/mesh/routes/0/via',
    inMesh('routes: [{to: 10.42.0.0/16, via: «"::ffff:192.0.2.1"}]'),
  ),
  error('network-invalid', '/mesh/clusterNetworks/1', networks('[10.42.0.0/16, «"::ffff:10.43.0.0/112"]')),
  error('network-invalid', '/mesh/machineNetworks/0', inMesh('machineNetworks: [«"::ffff:192.0.2.1"]')),
  error(
    'control-plane-address',
    '/mesh/controlPlane/policy',
    inMesh('controlPlane: {policy: «"[::ffff:10.0.0.7]:8090"}'),
  ),
  error('address-unusable', '/machines/0/addresses/0', addresses('[«169.254.1.1]')),
  error('address-unusable', '/machines/0/addresses/0', addresses('[«0.0.0.0]')),
  error('address-unusable', '/machines/0/addresses/0', addresses('[«"ff02::1"]')),
  error('network-invalid', '/mesh/routes/0/to', inMesh('routes: [{to: «10.42.0.1/16, via: 192.0.2.1}]')),
  error('network-invalid', '/mesh/machineNetworks/0', inMesh('machineNetworks: [«10.0.0.1/8]')),
  error(
    'network-invalid',
    '/redirect/outbound/exemptNetworks/0',
    append('redirect: {outbound: {exemptNetworks: [«10.0.0.1/8]}}'),
  ),
  error(
    'network-invalid',
    '/groups/web/redirect/inbound/exemptNetworks/0',
    append('groups: {web: {redirect: {inbound: {exemptNetworks: [«10.0.0.1/8]}}}}'),
  ),
  error('exempt-network-covers', '/redirect/outbound/exemptNetworks/0', [
    inMesh('controlPlane: {destination: "192.0.2.5:8086", policy: "192.0.2.5:8090"}'),
    append('redirect: {outbound: {exemptNetworks: [«192.0.2.0/28]}}'),
  ]),
  error(
    'exempt-network-covers',
    '/redirect/outbound/exemptNetworks/0',
    append('redirect: {outbound: {scope: all, exemptNetworks: [«0.0.0.0/0]}}'),
    { also: ['outbound-all-hangs'] },
  ),
  error(
    'network-invalid',
    '/redirect/inbound/fromNetworks/0',
    append('redirect: {inbound: {fromNetworks: [«192.0.2.1/24]}}'),
    { also: ['from-networks-open'] },
  ),
  error(
    'redirect-covers-nothing',
    '/redirect/inbound/exemptPorts',
    append('redirect: {inbound: {scope: all, «exemptPorts: ["1-65535"]}}'),
    { also: ['exempt-port-declared'] },
  ),
  error(
    'redirect-covers-nothing',
    '/redirect/inbound/exemptNetworks/0',
    append('redirect: {inbound: {exemptNetworks: [«0.0.0.0/0]}}'),
  ),
  error(
    'only-user-exempt',
    '/redirect/outbound/onlyUsers/0',
    append('redirect: {outbound: {onlyUsers: [«2102]}}'),
  ),
  warning('network-contains', '/spire/server/address', server('{address: «10.42.0.1}')),
  error(
    'port-duplicate',
    '/machines/0/ports/1/name',
    ports('[{name: http, port: 80}, {name: «http, port: 81}]'),
  ),
  error('ipv6-off', '/groups/web/redirect/ipv6', [
    inMachine('group: web\n    localAddresses: [203.0.113.42, "2001:db8::42"]'),
    append('groups: {web: {redirect: {ipv6: «false}}}'),
  ]),
  error('port-ssh', '/groups/web/ports/0/port', [
    inMachine('group: web'),
    ['    ports: [{name: http, port: 80}]\n', ''],
    ['machines:\n', 'groups:\n  web:\n    ports: [{name: http, port: «22}]\nmachines:\n'],
  ]),
  error('annotation-contradicts', '/defaults/annotations/config.linkerd.io~1opaque-ports', [
    ports('[{name: mysql, port: 3306, opaque: true}, {name: http, port: 80}]'),
    append('defaults: {annotations: {config.linkerd.io/opaque-ports: «"25"}}'),
  ]),
  error('annotation-contradicts', '/machines/0/annotations/config.linkerd.io~1opaque-ports', [
    inMachine('annotations: {config.linkerd.io/opaque-ports: «mysql}'),
    ports('[{name: mysql, port: 3306, opaque: false}]'),
  ]),
  error('port-reserved', '/machines/0/ports/0/port', [
    inProxy('adminAddress: 127.0.0.1:9000'),
    ports('[{name: http, port: «9000}]'),
  ]),
  error('uid-clash', '/proxy/user/name', inProxy('user: {name: «spire-agent}')),
  error('admin-port-clash', '/proxy/adminAddress', inProxy('adminAddress: «127.0.0.1:22')),
  error('install-incomplete', '/proxy/install', install('«{from: preinstalled}')),
  error(
    'install-option-unused',
    '/proxy/install/sha256',
    install(`{from: preinstalled, path: /opt/proxy, «sha256: {amd64: ${amd64}}}`),
  ),
  error('install-incomplete', '/proxy/install', install('«{from: image}')),
  error(
    'install-incomplete',
    '/proxy/install',
    install(`«{from: image, layer: {amd64: 'sha256:${amd64}'}, username: robot}`),
  ),
  error(
    'install-incomplete',
    '/proxy/install',
    install(`«{from: image, layer: {amd64: 'sha256:${amd64}'}, passwordFile: /etc/password}`),
  ),
  error(
    'install-option-unused',
    '/proxy/install/url',
    install(`{from: image, layer: {amd64: 'sha256:${amd64}'}, «url: 'https://mirror.example/x'}`),
  ),
  error(
    'install-option-unused',
    '/proxy/install/layer',
    install(`{from: download, sha256: {amd64: ${amd64}}, «layer: {amd64: 'sha256:${amd64}'}}`),
  ),
  warning(
    'install-same-sum',
    '/proxy/install/layer/arm64',
    install(`{from: image, layer: {amd64: 'sha256:${amd64}', arm64: «'sha256:${amd64}'}}`),
  ),
  error('bad-format', '/proxy/install/layer/amd64', install(`{from: image, layer: {amd64: «${amd64}}}`)),
  ...[
    'https://cr.l5d.io/linkerd/proxy',
    'cr.l5d.io/linkerd/proxy:edge-26.9.1',
    `cr.l5d.io/linkerd/proxy@sha256:${amd64}`,
    'linkerd/proxy',
  ].map((image) =>
    error(
      'bad-format',
      '/proxy/install/image',
      install(`{from: image, layer: {amd64: 'sha256:${amd64}'}, image: «'${image}'}`),
    ),
  ),
  error(
    'unknown-key',
    '/proxy/install/layer/armv7',
    install(`{from: image, layer: {«armv7: 'sha256:${amd64}'}}`),
  ),
  error(
    'path-volatile',
    '/proxy/install/passwordFile',
    install(
      `{from: image, layer: {amd64: 'sha256:${amd64}'}, username: robot, passwordFile: «/run/password}`,
    ),
  ),
  error('path-taken', '/proxy/install/path', install('{from: preinstalled, path: «/etc/spire/agent.json}')),
  error(
    'path-taken',
    '/spire/agent/attestation/privateKeyFile',
    attestation('{type: x509pop, certificateFile: /etc/pki/a, privateKeyFile: «/etc/pki/a}'),
  ),
  error(
    'attestation-incomplete',
    '/spire/agent/attestation',
    attestation('«{type: x509pop, certificateFile: /etc/pki/a}'),
  ),
  error(
    'attestation-option',
    '/machines/0/attestation/commonName',
    inMachine('attestation: {«commonName: app.example}'),
  ),
  error('server-address-missing', '/spire', [
    ['\nspire:', '\n«spire:'],
    ['  server: {address: spire.example.internal}\n', ''],
  ]),
  error('dns-servers-missing', '/mesh/dns', ['  dns:\n    servers: [10.43.0.10]\n', '  dns: «{}\n']),
  error(
    'control-plane-address',
    '/mesh/controlPlane/destination',
    inMesh('controlPlane: {destination: «"[::1]:0"}'),
  ),
  error('policy-target', '/policies/0/target', append(policy('target: «{port: http}, allow: {}'))),
  error(
    'policy-route',
    '/policies/0/routes/0',
    append(
      policy(
        'target: {pods: {app: a}, port: http}, allow: {}, probes: [/], routes: [«{path: /, service: a.B}]',
      ),
    ),
  ),
  error(
    'policy-route',
    '/policies/0/routes/0',
    append(
      policy(
        'target: {pods: {app: a}, port: http, protocol: HTTP/1}, allow: {}, probes: [/], routes: [«{service: a.B}]',
      ),
    ),
  ),
  error(
    'policy-route',
    '/policies/0/routes/0',
    append(policy('target: {pods: {app: a}, port: http}, allow: {}, probes: [/], routes: [«{path: "/a?b"}]')),
  ),
  error(
    'policy-route',
    '/policies/0/routes/0',
    append(
      policy(
        'target: {pods: {app: a}, port: http}, allow: {}, probes: [/], routes: [«{path: "/(", match: regex}]',
      ),
    ),
  ),
  error(
    'policy-route',
    '/policies/0/routes/0',
    append(
      policy(
        'target: {pods: {app: a}, port: http}, allow: {}, probes: [/], routes: [«{path: "/(?=a)", match: regex}]',
      ),
    ),
  ),
  error(
    'policy-route',
    '/policies/0/probes',
    append(policy('target: {pods: {app: a}, port: http, protocol: gRPC}, allow: {}, probes: «[/]')),
  ),
  error('name-duplicate', '/policies/0/name', [
    inMachine('labels: {app: web, on: machine}'),
    append(
      `${service('selector: {app: web}, ports: [{name: http, port: 80}]')}
migration:
  - {service: web, namespace: mixed-env, port: 80, weights: {machines: 1, pods: 1},
     machines: {selector: {on: machine}}, pods: {selector: {on: cluster}}}
policies:
  - {name: «web-80, namespace: mixed-env, target: {pods: {app: other}, port: other}, allow: {}}`,
    ),
  ]),
  error(
    'name-duplicate',
    '/policies/1/name',
    append(
      `${policy('target: {pods: {app: a}, port: http}, allow: {}')}
  - {name: «only-on-pods, namespace: mixed-env, target: {pods: {app: b}, port: http}, allow: {}}`,
    ),
  ),
  error('policy-protocol', '/policies/0/target', [
    web,
    append(policy('target: «{machines: {app: web}, port: http}, allow: {}')),
    inMachine('annotations: {config.linkerd.io/opaque-ports: "80"}'),
    ports('[{name: http, port: 80, opaque: true}]'),
  ]),
]

/** What looks odd and is right. */
export const validChanges: readonly (readonly [meaning: string, edits: readonly Edit[]])[] = [
  [
    'a group shares one identity on purpose',
    [
      append('  - {name: second, group: web}\n  - {name: third, group: web}'),
      [
        'machines:\n',
        `groups: {web: {namespace: n, role: client, identity: {spiffeId: ${spiffe}/web, serverName: web.example}}}\nmachines:\n`,
      ],
    ],
  ],
  [
    'labels of all machines are for the servers among them',
    [append('  - {name: batch-1, namespace: batch, role: client}\ndefaults: {labels: {app: web}, zone: z}')],
  ],
  [
    'policy and opaque ports say the same in the environment and on the object',
    [
      ['all-unauthenticated', 'all-authenticated'],
      ['\nmachines:', '\nredirect: {inbound: {fromNetworks: []}}\nmachines:'],
      inMachine(
        'annotations: {config.linkerd.io/default-inbound-policy: all-authenticated, config.linkerd.io/opaque-ports: "mysql, 9000-9001"}',
      ),
      ports(
        '[{name: http, port: 80}, {name: mysql, port: 3306, opaque: true}, {name: ftp, port: 9000, opaque: true}]',
      ),
    ],
  ],
  [
    'instances that share a parent, beside a machine that finds its address and one of the same group',
    [
      inMesh('machineNetworks: [203.0.113.0/24]'),
      addresses('{from: boot, interface: ens6}'),
      append(
        '  - {name: web-1, group: web, addresses: [203.0.113.50], parentId: spiffe://root.linkerd.cluster.local/node/1}',
      ),
      [
        'machines:\n',
        'groups: {web: {instances: {name: hostname}, namespace: n, ports: [{name: http, port: 80}], parentId: spiffe://root.linkerd.cluster.local/node/web}}\nmachines:\n',
      ],
    ],
  ],
  ['a port that is not opaque on purpose', [ports('[{name: web, port: 5432, opaque: false}]')]],
  [
    'the policy of a client, which nobody dials',
    [
      ['all-unauthenticated', 'deny'],
      inMachine('role: client'),
      ['    ports: [{name: http, port: 80}]\n', ''],
    ],
  ],
  [
    "IPv6 left out where only a network is IPv6, as with Linkerd's default networks",
    [networks('[10.42.0.0/16, 10.43.0.0/16, "fd00::/8"]'), append('redirect: {ipv6: false}')],
  ],
  [
    'IPv6 left out for a group of IPv4 machines, beside others that have it',
    [
      addresses('[203.0.113.42, "2001:db8::42"]'),
      secondMachine('name: second, group: old, namespace: other, addresses: [203.0.113.43]'),
      ['machines:\n', 'groups: {old: {redirect: {ipv6: false}}}\nmachines:\n'],
    ],
  ],
  [
    'a policy on each side of a Service',
    [
      web,
      append(
        `${service('selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]')}
${policy(`${onWeb}, allow: {}`)}
  - {name: other, namespace: mixed-env, target: {pods: {app: web}, port: http}, allow: {unauthenticated: true}}`,
      ),
    ],
  ],
  [
    'a policy for the admin port',
    [web, append(policy('target: {machines: {app: web}, port: 4191}, allow: {networks: [10.42.0.0/16]}'))],
  ],
  ['a client has no address', [append('  - {name: second, namespace: n, role: client}')]],
  [
    'two machines behind one address serve different ports',
    [secondMachine('name: second, namespace: n, addresses: [203.0.113.42], ports: [{name: web, port: 81}]')],
  ],
  ['the newest that is known', [linkerd('edge-26.10.1'), proxy('v2.369.0')]],
  ['an edge release with its proxy', [linkerd('edge-26.8.3'), proxy('v2.366.0')]],
  ['a stable version as Linkerd printed it', [linkerd('stable-2.20.0'), proxy('v2.359.0')]],
  ['a newer proxy than that of a Linkerd whose own can hang', [linkerd('"2.19"')]],
  ['a machine that is named as in an inventory', [['legacy-app', 'db01.prod.example.com']]],
  ['a stable and an enterprise version', [linkerd('enterprise-2.19.1')]],
  ['dual stack', [addresses('[203.0.113.42, "2001:db8::42"]'), networks('[10.42.0.0/16, "fd00:10::/64"]')]],
  [
    'an anchor that allows two CAs below it',
    [anchors(readCertificate('pathlen-2')).map((part) => part.replace('«', '')) as unknown as Edit],
  ],
  [
    'an anchor with text around it',
    [
      anchors(
        `Certificate:\n    Data: the root\n${readCertificate('root')}# of 2026, no PRIVATE KEY here`,
      ).map((part) => part.replace('«', '')) as unknown as Edit,
    ],
  ],
  [
    'a bundle with text around it that begins like a path',
    [inSpire(`trustBundle: ${JSON.stringify(`/CN=root\n${readCertificate('root')}`)}`)],
  ],
  [
    'an RSA anchor',
    [anchors(readCertificate('rsa')).map((part) => part.replace('«', '')) as unknown as Edit],
  ],
  [
    'a bundle with a CA that allows none below it, since SPIRE may be that one',
    [inSpire(`trustBundle: ${JSON.stringify(readCertificate('pathlen-0'))}`)],
  ],
  ['a setting that nothing else sets', [inProxy('settings: {LINKERD2_PROXY_LOG: "warn,[{headers}]=off"}')]],
  [
    'the agent TTL of an attestor that attests again',
    [
      ownServer('generate', '}, agentTtl: 1h, attestation: {caFile: /ca.crt}'),
      attestation('{type: x509pop, certificateFile: /etc/pki/a, privateKeyFile: /etc/pki/b}'),
    ],
  ],
  [
    'control plane addresses, and no resolver',
    [
      [
        '  dns:\n    servers: [10.43.0.10]\n',
        '  controlPlane: {destination: "10.0.0.7:8086", policy: "[fd00::7]:8090"}\n',
      ],
    ],
  ],
]
