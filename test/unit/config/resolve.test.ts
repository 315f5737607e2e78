import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type ResolvedConfig, type ResolvedMachine, resolve } from '../../../lib/index.ts'
import { base, type Edit, edit, readCertificate, readExample } from '../diagnostics/base.ts'

const test = suite('resolve')

function resolved(text: string): ResolvedConfig {
  const result = resolve(text)
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join('\n'))
  return result.value
}

function first(config: ResolvedConfig): ResolvedMachine {
  const [machine] = config.machines
  if (machine === undefined) throw new Error('no machine')
  return machine
}

const append = (text: string): Edit => ['port: 80}]\n', `port: 80}]\n${text}\n`]
const texts = (networks: readonly { readonly text: string }[]) => networks.map(({ text }) => text)

test('what the SPIRE server will see of a machine comes with it, from its group or itself', () => {
  const given = resolved(
    edit(base, [
      ['attestation: {type: join_token, file: /etc/spire/join-token}', 'attestation: {type: aws_iid}'],
      [
        'machines:\n',
        'groups: {cloud: {namespace: a, attestation: {region: eu-west-1}}}\nmachines:\n  - {name: cloudy, group: cloud, addresses: [203.0.113.9], ports: [{name: a, port: 1}], attestation: {instanceId: i-0123456789abcdef0}}\n',
      ],
    ]),
  )
  const [cloudy, other] = given.machines
  assert.equal(cloudy?.attestation, { region: 'eu-west-1', instanceId: 'i-0123456789abcdef0' })
  assert.equal(other?.attestation, {})
})

test('every default of a document that says the least', () => {
  const config = resolved(readExample('minimal'))
  const { mesh, proxy, spire, cloudInit } = config
  assert.is(mesh.clusterDomain, 'cluster.local')
  assert.is(mesh.identityTrustDomain, 'cluster.local')
  assert.is(mesh.controlPlaneNamespace, 'linkerd')
  assert.equal(mesh.controlPlane, {
    destination: 'linkerd-dst-headless.linkerd.svc.cluster.local.:8086',
    policy: 'linkerd-policy.linkerd.svc.cluster.local.:8090',
  })
  assert.equal(mesh.dns, {
    provider: 'systemd-resolved',
    servers: ['10.43.0.10'],
    domains: ['cluster.local'],
  })
  assert.equal(mesh.routes, [])
  assert.equal(texts(mesh.machineNetworks), ['203.0.113.42/32'])
  assert.equal(proxy.user, { name: 'linkerd-proxy', uid: 2102 })
  assert.equal(proxy.adminAddress, { host: '127.0.0.1', port: 4191 })
  assert.is(proxy.shutdownGracePeriod, '2m')
  assert.is(proxy.logFormat, 'plain')
  assert.is(proxy.cores, undefined)
  assert.equal(proxy.settings, {})
  assert.is(proxy.install.from, 'download')
  if (proxy.install.from === 'download')
    assert.match(
      proxy.install.url,
      /^https:\/\/github\.com\/linkerd\/linkerd2-proxy\/.*-linux-\{arch\}\.tar\.gz$/,
    )
  assert.equal(spire.trustBundle, { kind: 'pem', pem: mesh.trustAnchors })
  assert.equal(spire.server, {
    address: 'spire.example.internal',
    port: 8081,
    x509SvidTtl: undefined,
    own: undefined,
  })
  assert.equal(spire.selectors, ['unix:uid:2102'])
  assert.is(spire.agent.from, 'managed')
  if (spire.agent.from === 'managed') {
    assert.equal(spire.agent.user, { name: 'spire-agent', uid: 2103 })
    assert.is(spire.agent.socket, '/run/spire/agent/public/api.sock')
    assert.equal(spire.agent.attestation, { type: 'join_token', options: { file: '/etc/spire/join-token' } })
  }
  assert.equal(cloudInit, {
    distribution: 'debian',
    platform: undefined,
    compress: undefined,
    multipart: false,
    meshLayer: { from: 'inline' },
  })
})

test('every default of a machine', () => {
  const machine = first(resolved(readExample('minimal')))
  const { originOf: _, addresses, localAddresses, ...rest } = machine
  const side = {
    exemptPorts: [],
    exemptNetworks: [],
    exemptUsers: [],
    exemptInterfaces: [],
    onlyUsers: [],
    fromNetworks: [],
  }
  assert.equal(texts(addresses), ['203.0.113.42'])
  assert.equal(texts(localAddresses), ['203.0.113.42'])
  assert.equal(rest, {
    name: 'legacy-app',
    path: '/machines/0',
    group: undefined,
    namespace: 'mixed-env',
    role: 'server',
    boot: undefined,
    ports: [{ name: 'http', port: 80, opaque: false }],
    labels: {},
    annotations: {},
    attestation: {},
    zone: undefined,
    healthCheck: undefined,
    drain: false,
    identity: {
      spiffeId: 'spiffe://root.linkerd.cluster.local/mixed-env/legacy-app',
      serverName: 'legacy-app.mixed-env.cluster.local',
    },
    parentId: 'spiffe://root.linkerd.cluster.local/meshjoin/node/legacy-app',
    node: { by: 'token' },
    defaultInboundPolicy: 'all-unauthenticated',
    redirect: {
      backend: 'iptables',
      ipv6: false,
      inbound: { scope: 'declared', ...side },
      outbound: { scope: 'cluster', ...side },
      onProxyFailure: 'closed',
    },
  })
})

test('defaults that follow other fields', () => {
  const config = resolved(
    edit(base, [
      ['  dns:\n', '  clusterDomain: corp.example\n  controlPlaneNamespace: mesh\n  dns:\n'],
      ['  version: v2.368.0\n', '  version: v2.368.0\n  user: {uid: 3000}\n'],
    ]),
  )
  assert.is(config.mesh.identityTrustDomain, 'corp.example')
  assert.equal(config.mesh.dns.domains, ['corp.example'])
  assert.is(config.mesh.controlPlane.policy, 'linkerd-policy.mesh.svc.corp.example.:8090')
  assert.equal(config.spire.selectors, ['unix:uid:3000'])
  assert.is(first(config).identity.serverName, 'legacy-app.mixed-env.corp.example')
  assert.equal(config.proxy.user, { name: 'linkerd-proxy', uid: 3000 })
})

test('without dns there is no resolver to set up', () => {
  const dns: Edit = [
    '  dns:\n    servers: [10.43.0.10]\n',
    '  controlPlane: {destination: "10.0.0.7:8086", policy: "10.0.0.7:8090"}\n',
  ]
  assert.equal(resolved(edit(base, [dns])).mesh.dns, {
    provider: 'none',
    servers: [],
    domains: ['cluster.local'],
  })
})

test('machine networks: by default the addresses, in the fewest networks that cover exactly them', () => {
  const machine = (name: string, address: string) =>
    `  - {name: ${name}, namespace: n, addresses: [${address}]}`
  const list = [machine('a', '203.0.113.43'), machine('b', '198.51.100.1'), machine('c', '10.42.9.9')].join(
    '\n',
  )
  const { mesh } = resolved(edit(base, [append(list)]))
  assert.equal(texts(mesh.machineNetworks), ['10.42.9.9/32', '198.51.100.1/32', '203.0.113.42/31'])
  assert.equal(texts(mesh.redirectNetworks), [
    '10.42.0.0/16',
    '10.43.0.0/16',
    '198.51.100.1/32',
    '203.0.113.42/31',
  ])
  assert.equal(
    mesh.redirectNetworks.map(({ origin }) => origin),
    ['/mesh/clusterNetworks/0', '/mesh/clusterNetworks/1', '/machines', '/machines'],
  )
})

test('machine networks that are typed are taken instead, and nothing is listed twice', () => {
  const typed: Edit = ['  dns:\n', '  machineNetworks: [203.0.113.0/24, 10.42.7.0/24, 192.0.2.1]\n  dns:\n']
  const { mesh } = resolved(edit(base, [typed]))
  assert.equal(texts(mesh.machineNetworks), ['203.0.113.0/24', '10.42.7.0/24', '192.0.2.1/32'])
  assert.equal(
    mesh.redirectNetworks.map(({ text, origin }) => `${text} ${origin}`),
    [
      '10.42.0.0/16 /mesh/clusterNetworks/0',
      '10.43.0.0/16 /mesh/clusterNetworks/1',
      '203.0.113.0/24 /mesh/machineNetworks/0',
      '192.0.2.1/32 /mesh/machineNetworks/2',
    ],
  )
})

test('IPv6 is proxied where an address or a network is IPv6, unless the document says otherwise', () => {
  const sixth = (edits: readonly Edit[]) => first(resolved(edit(base, edits))).redirect.ipv6
  assert.is(sixth([]), false)
  assert.is(sixth([['[203.0.113.42]', '[203.0.113.42, "2001:db8::1"]']]), true)
  assert.is(sixth([['10.43.0.0/16]', '10.43.0.0/16, "fd00:10::/64"]']]), true)
  assert.is(sixth([append('redirect: {ipv6: true}')]), true)
})

test('machines come in the order of their output folders', () => {
  const names = ['b', 'a-1', 'a', 'a0', 'b-2', 'b-10'].map(
    (name) => `  - {name: ${name}, namespace: n, role: client}`,
  )
  const config = resolved(edit(base, [append(names.join('\n'))]))
  assert.equal(
    config.machines.map(({ name }) => name),
    ['a-1', 'a', 'a0', 'b-10', 'b-2', 'b', 'legacy-app'],
  )
  assert.is(config.machines.find(({ name }) => name === 'a-1')?.path, '/machines/2')
})

test('groups and defaults reach the machine, and its own identity comes first', () => {
  const config = resolved(readExample('fleet'))
  const machine = (name: string) => config.machines.find((candidate) => candidate.name === name)
  const [billing, old, batch] = [machine('billing-1'), machine('billing-3'), machine('batch-2')]
  assert.is(billing?.namespace, 'billing')
  assert.equal(
    billing?.ports.map(({ name, opaque }) => `${name} ${opaque}`),
    ['http false', 'grpc false', 'mysql true'],
  )
  assert.equal(old?.labels, { app: 'billing', location: 'machine', rack: 'old' })
  assert.is(batch?.role, 'client')
  assert.is(batch?.identity.spiffeId, 'spiffe://fleet.example.com/batch/worker')
  assert.is(batch?.redirect.backend, 'nftables')
  assert.is(batch?.redirect.onProxyFailure, 'open')
  assert.equal(batch?.redirect.inbound.exemptPorts, [22, 9100])
  assert.is(batch?.defaultInboundPolicy, 'all-authenticated')
})

test('the trust bundle: PEM in one form, a path or a URL', () => {
  const bundle = (value: string) =>
    resolved(edit(base, [['  server: {', `  trustBundle: ${value}\n  server: {`]])).spire.trustBundle
  const pem = readCertificate('root')
  assert.equal(bundle(JSON.stringify(pem.replaceAll('\n', '\r\n  '))), { kind: 'pem', pem })
  assert.equal(bundle('/etc/pki/bundle.pem'), { kind: 'path', path: '/etc/pki/bundle.pem' })
  assert.equal(bundle('https://spire.example/bundle'), {
    kind: 'url',
    url: 'https://spire.example/bundle',
    caFile: undefined,
  })
})

test('behind 1:1 NAT the machine sees other addresses', () => {
  const nat: Edit = [
    '    addresses: [203.0.113.42]\n',
    '    addresses: [203.0.113.42]\n    localAddresses: [10.0.0.5]\n',
  ]
  const machine = first(resolved(edit(base, [nat])))
  assert.equal(texts(machine.addresses), ['203.0.113.42'])
  assert.equal(texts(machine.localAddresses), ['10.0.0.5'])
})

test('an existing agent has a socket and nothing else of ours', () => {
  const agent = / {2}agent:\n(?: {4}.*\n)+/.exec(base)?.[0] ?? ''
  const existing: Edit = [agent, '  agent: {from: existing, socket: /run/other/api.sock}\n']
  const server: Edit = ['  server: {address: spire.example.internal}\n', '']
  assert.equal(resolved(edit(base, [existing, server])).spire.agent, {
    from: 'existing',
    socket: '/run/other/api.sock',
  })
})

test.run()
