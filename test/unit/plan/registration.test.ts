import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { AttestorType } from '../../../lib/config/resolved.ts'
import { resolve } from '../../../lib/index.ts'
import { planRegistration, type Registration } from '../../../lib/plan/registration.ts'
import { base, type Edit, edit } from '../diagnostics/base.ts'

const test = suite('registration')
const td = 'spiffe://root.linkerd.cluster.local'
const certificates = 'certificateFile: /etc/pki/tls.crt, privateKeyFile: /etc/pki/tls.key'
const devid =
  'devidCertificateFile: /etc/devid/crt, devidPrivateKeyFile: /etc/devid/priv, devidPublicKeyFile: /etc/devid/pub'
const attestor = (type: AttestorType, options = ''): Edit => [
  '{type: join_token, file: /etc/spire/join-token}',
  options === '' ? `{type: ${type}}` : `{type: ${type}, ${options}}`,
]
const inMachine = (line: string): Edit => [
  '    namespace: mixed-env\n',
  `    namespace: mixed-env\n    ${line}\n`,
]

function register(...edits: readonly Edit[]): Registration {
  const resolved = resolve(edit(base, edits))
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.diagnostics))
  const [machine] = resolved.value.machines
  if (machine === undefined) throw new Error('no machine')
  return planRegistration(resolved.value, machine)
}

test('the proxy hangs below the alias that its join token makes', () => {
  assert.equal(register(), {
    name: 'legacy-app',
    entries: [
      {
        id: 'meshjoin.legacy-app.proxy',
        spiffeId: `${td}/mixed-env/legacy-app`,
        parentId: `${td}/meshjoin/node/legacy-app`,
        selectors: ['unix:uid:2102'],
        x509SvidTtl: undefined,
        hint: 'legacy-app',
      },
    ],
    perInstance: false,
    parent: 'token',
    parentId: `${td}/meshjoin/node/legacy-app`,
    missing: [],
  })
})

test('an alias by the selectors of the attestor, where they name the machine', () => {
  const aliases: readonly [Edit, string, readonly string[]][] = [
    [attestor('x509pop', certificates), '', ['x509pop:subject:cn:legacy-app']],
    [attestor('x509pop', certificates), 'commonName: app 1', ['x509pop:subject:cn:app 1']],
    [attestor('tpm_devid', devid), 'commonName: tpm-1', ['tpm_devid:subject:cn:tpm-1']],
    [
      attestor('aws_iid'),
      'accountId: "123456789012", region: eu-west-1, instanceId: i-0123456789abcdef0',
      [
        'aws_iid:account_id:123456789012',
        'aws_iid:instance:id:i-0123456789abcdef0',
        'aws_iid:region:eu-west-1',
      ],
    ],
    [
      attestor('http_challenge', 'port: 81'),
      'hostname: app.example',
      ['http_challenge:hostname:app.example'],
    ],
    [
      attestor('http_challenge', 'port: 81, hostname: one.example'),
      '',
      ['http_challenge:hostname:one.example'],
    ],
  ]
  for (const [type, fields, selectors] of aliases) {
    const { entries, parent, missing } = register(
      type,
      ...(fields === '' ? [] : [inMachine(`attestation: {${fields}}`)]),
    )
    const [alias, proxy] = entries
    assert.is(parent, 'alias')
    assert.equal(missing, [])
    assert.equal(alias, {
      id: 'meshjoin.legacy-app.node',
      spiffeId: `${td}/meshjoin/node/legacy-app`,
      parentId: `${td}/spire/server`,
      selectors,
      x509SvidTtl: undefined,
      hint: '',
    })
    assert.is(proxy?.parentId, alias?.spiffeId)
  }
})

test('the ID of the agent itself, where no selector names the machine', () => {
  const sha1 = 'da39a3ee5e6b4b0d3255bfef95601890afd80709'
  const guid = '8d10da13-8125-4ba9-a717-bf7490507b3d'
  const agents: readonly [Edit, string, string][] = [
    [attestor('x509pop', certificates), `fingerprint: ${sha1}`, `x509pop/${sha1}`],
    [attestor('tpm_devid', devid), `fingerprint: ${sha1}`, `tpm_devid/${sha1}`],
    [attestor('sshpop'), `fingerprint: ${'A'.repeat(43)}`, `sshpop/${'A'.repeat(43)}`],
    [
      attestor('gcp_iit'),
      'projectId: my-project-1, instanceId: "4520031799277581759"',
      'gcp_iit/my-project-1/4520031799277581759',
    ],
    [
      attestor('azure_imds', 'tenantDomain: example.com'),
      `tenantId: ${guid.toUpperCase()}, subscriptionId: ${guid}, vmId: ${guid}`,
      `azure_imds/${guid}/${guid}/${guid}`,
    ],
  ]
  for (const [type, fields, path] of agents) {
    const { entries, parent } = register(type, inMachine(`attestation: {${fields}}`))
    assert.is(parent, 'agent', path)
    assert.equal(
      entries.map(({ id, parentId }) => [id, parentId]),
      [['meshjoin.legacy-app.proxy', `${td}/spire/agent/${path}`]],
    )
  }
})

test('what is missing is named, and a parent that is typed is believed', () => {
  const unknown = register(attestor('aws_iid'), inMachine('attestation: {region: eu-west-1}'))
  assert.is(unknown.parent, 'unknown')
  assert.equal(unknown.missing, ['accountId', 'instanceId'])
  const typed = register(attestor('sshpop'), inMachine(`parentId: ${td}/spire/agent/sshpop/named-app`))
  assert.is(typed.parent, 'agent')
  assert.is(typed.entries[0]?.parentId, `${td}/spire/agent/sshpop/named-app`)
})

test('the time to live of the document, in seconds', () => {
  const { entries } = register([
    '{address: spire.example.internal}',
    '{address: spire.example.internal, generate: true, caTtl: 288h, x509SvidTtl: 1h30m, upstreamAuthority: {certFile: /ca.crt, keyFile: /ca.key}}',
  ])
  assert.is(entries[0]?.x509SvidTtl, 5400)
})

test('IDs are such that SPIRE and Kubernetes take them, however long the name', () => {
  const name = `${`${'a'.repeat(60)}.`.repeat(3)}${'b'.repeat(60)}`
  const { entries } = register(
    ['name: legacy-app', `name: ${name}`],
    inMachine(
      `identity: {spiffeId: ${td}/app, serverName: app.example}\n    parentId: ${td}/spire/agent/x509pop/app`,
    ),
  )
  for (const { id } of entries) {
    assert.match(id, /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)
    assert.ok(id.length <= 253, id)
  }
  assert.match(entries[0]?.id ?? '', /^meshjoin\.[0-9a-f]{64}\.proxy$/)
})

test('instances have an entry each, or one for all of them', () => {
  const group = (fields: string): Edit[] => [
    ['  dns:\n', '  machineNetworks: [203.0.113.0/24]\n  dns:\n'],
    [
      'machines:\n',
      `groups: {a: {instances: {name: hostname}, namespace: shop, ports: [{name: http, port: 80}]${fields}}}\nmachines:\n`,
    ],
  ]
  const each = register(...group(''))
  assert.ok(each.perInstance)
  assert.equal(
    each.entries.map(({ id, spiffeId, parentId, hint }) => [id, spiffeId, parentId, hint]),
    [['meshjoin-instance.{name}.proxy', `${td}/shop/{name}`, `${td}/meshjoin/node/{name}`, '{name}']],
  )
  const shared = register(
    ...group(`, identity: {spiffeId: ${td}/web, serverName: web.example}, parentId: ${td}/node/web`),
  )
  assert.not.ok(shared.perInstance)
  assert.equal(
    shared.entries.map(({ id, spiffeId, parentId, hint }) => [id, spiffeId, parentId, hint]),
    [['meshjoin.a.proxy', `${td}/web`, `${td}/node/web`, 'a']],
  )
})

test.run()
