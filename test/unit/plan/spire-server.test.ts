import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate, plan, validate } from '../../../lib/index.ts'
import { base, type Edit, edit } from '../diagnostics/base.ts'

const test = suite('the SPIRE server')
const upstream = 'upstreamAuthority: {certFile: /etc/ca.crt, keyFile: /etc/ca.key}'
const server = (map: string): Edit => ['{address: spire.example.internal}', map]
const attestation = (map: string): Edit => ['{type: join_token, file: /etc/spire/join-token}', map]
const alone: readonly Edit[] = [server(`{colocated: true, ${upstream}}`), attestation('{type: join_token}')]

interface Configuration {
  readonly server: Readonly<Record<string, unknown>>
  readonly plugins: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>
}

/** The files of `spire/server/`, by their path below it. */
function hostFiles(...edits: readonly Edit[]): Map<string, string> {
  const { value = [], diagnostics } = generate(edit(base, edits), { targets: ['spire'] })
  assert.equal(
    diagnostics.filter(({ severity }) => severity === 'error'),
    [],
  )
  const files = value.filter(({ path }) => path.startsWith('spire/server/'))
  return new Map(files.map(({ path, content }) => [path.slice('spire/server/'.length), String(content)]))
}

function configurationOf(...edits: readonly Edit[]): Configuration {
  return JSON.parse(hostFiles(...edits).get('root/etc/spire/server.json') ?? '') as Configuration
}

const host = (more = '') => server(`{address: spire.example.internal, generate: true, ${upstream}${more}}`)

test('without a word about it there is none', () => {
  assert.equal([...hostFiles()], [])
  const [machine] = plan(base).value ?? []
  assert.is(machine?.mesh.server, undefined)
})

test('on a host of its own it listens everywhere, and has no more than what was asked for', () => {
  const { server: settings, plugins } = configurationOf(host())
  assert.is(settings.bind_address, '0.0.0.0')
  for (const key of ['ca_ttl', 'default_x509_svid_ttl', 'agent_ttl']) assert.not.ok(key in settings, key)
  assert.equal(plugins.NodeAttestor, [{ join_token: { plugin_data: {} } }])
  const given = configurationOf(host(', caTtl: 2016h, x509SvidTtl: 24h, agentTtl: 168h')).server
  assert.equal([given.ca_ttl, given.default_x509_svid_ttl, given.agent_ttl], ['2016h', '24h', '168h'])
  const six = server(`{address: "2001:db8::1", generate: true, ${upstream}}`)
  assert.is(configurationOf(six).server.bind_address, '::')
})

test('files that root alone reads are credentials of the unit, and only the operator places them', () => {
  const files = hostFiles(
    host(', attestation: {caFile: /etc/machines.crt}'),
    attestation('{type: x509pop, certificateFile: /a, privateKeyFile: /b}'),
  )
  const unit = files.get('root/etc/systemd/system/spire-server.service') ?? ''
  const loaded = [...unit.matchAll(/^LoadCredential=(.*)$/gm)].map(([, line]) => line)
  assert.equal(loaded, ['ca.crt:/etc/ca.crt', 'ca.key:/etc/ca.key', 'machines-ca:/etc/machines.crt'])
  const text = files.get('root/etc/spire/server.json') ?? ''
  assert.not.match(text, '/etc/ca.key')
  for (const id of ['ca.crt', 'ca.key', 'machines-ca'])
    assert.match(text, `"/run/credentials/spire-server.service/${id}"`)
  const install = files.get('install') ?? ''
  for (const path of ['/etc/ca.crt', '/etc/ca.key', '/etc/machines.crt'])
    assert.match(install, `[ -s '${path}' ]`)
})

test('what the agent was told already is not asked for again', () => {
  const { plugins } = configurationOf(host(), attestation('{type: azure_imds, tenantDomain: example.com}'))
  assert.equal(plugins.NodeAttestor, [{ azure_imds: { plugin_data: { tenants: { 'example.com': {} } } } }])
})

test('a preinstalled agent has its server beside it, and then nothing is downloaded', () => {
  const files = hostFiles(host(), [
    '{from: download, sha256: {amd64: a19a95d52f8e85639c340023c558ae09e5251b037b2f82441e464bd13429c3f1}}',
    '{from: preinstalled, path: /usr/bin/spire-agent}',
  ])
  const install = files.get('install') ?? ''
  assert.not.match(install, 'download')
  assert.match(install, "[ -x '/usr/bin/spire-server' ]")
})

test('on the machine it is for that machine, and makes what its agent attests with', () => {
  const [machine] = plan(edit(base, alone)).value ?? []
  const { server: planned, agent } = machine?.mesh ?? {}
  assert.match(JSON.stringify(planned?.configuration), '"bind_address":"127.0.0.1"')
  assert.match(JSON.stringify(agent?.configuration), '"server_address":"127.0.0.1"')
  assert.equal(
    agent?.credentials.map(({ source }) => source),
    ['/run/mesh-machine/join-token'],
  )
  assert.equal(
    planned?.registration.entries.map(({ spiffeId, selectors }) => [spiffeId, ...selectors]),
    [['spiffe://root.linkerd.cluster.local/mixed-env/legacy-app', 'unix:uid:2102']],
  )
  const { value = [] } = generate(edit(base, alone), { targets: ['spire'] })
  assert.not.ok(value.some(({ path }) => path.startsWith('spire/server/')))
})

test('what does not go with a server on the machine is refused at its place', () => {
  const conflicts = (...edits: readonly Edit[]) =>
    validate(edit(base, edits))
      .diagnostics.filter(({ severity }) => severity === 'error')
      .map(({ code, path }) => `${code} ${path}`)
  const [onMachine, made] = alone as readonly [Edit, Edit]
  assert.equal(conflicts(...alone), [])
  const at = (place: string) => [`server-conflict ${place}`]
  assert.equal(conflicts(onMachine), at('/spire/agent/attestation'))
  assert.equal(conflicts(onMachine, attestation('{type: aws_iid}')), at('/spire/agent/attestation'))
  const more = (text: string) => server(`{colocated: true, ${text}, ${upstream}}`)
  assert.equal(conflicts(more('generate: true'), made), at('/spire/server/generate'))
  assert.equal(conflicts(more('attestation: {caFile: /a}'), made), at('/spire/server/attestation'))
  assert.equal(conflicts(more('address: 192.0.2.1'), made), at('/spire/server/address'))
  assert.equal(
    conflicts(...alone, ['{platform: nocloud}', '{platform: nocloud, meshLayer: {from: baked}}']),
    at('/cloudInit/meshLayer/from'),
  )
  const second = '    ports: [{name: http, port: 80}]\n'
  const other =
    '  - {name: other, namespace: mixed-env, addresses: [203.0.113.43], ports: [{name: http, port: 80}]}\n'
  assert.equal(conflicts(...alone, [second, second + other]), at('/spire/server/colocated'))
})

test('lifetimes are judged with the defaults of SPIRE', () => {
  const found = (more: string) =>
    validate(edit(base, [host(more)]))
      .diagnostics.filter(({ code }) => code === 'ttl-unreachable')
      .map(({ path, message }) => `${path}: ${message}`)
  assert.equal(found(''), [])
  assert.equal(found(', caTtl: 3h'), [
    '/spire/server/caTtl: x509SvidTtl 1h is more than SPIRE can keep with a caTtl of 3h: at most 30m',
  ])
  assert.equal(found(', x509SvidTtl: 4h'), [])
  assert.is(found(', x509SvidTtl: 5h').length, 1)
  assert.is(found(', caTtl: 9999h, agentTtl: 169h').length, 1, 'seven days are the most')
})

test.run()
