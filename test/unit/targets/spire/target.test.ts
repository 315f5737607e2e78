import { loadAll } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { minimalWith } from '../../plan/document.ts'
import { fleet, made } from '../output.ts'

const test = suite('target spire')

function files(document: object): Map<string, string> {
  return new Map(made(document, { targets: ['spire'] }).map(({ path, content }) => [path, String(content)]))
}

/** A document whose attestor nothing else can place yet: the SPIRE server can be told all the same. */
const certificates = (names: readonly string[]) => {
  const document = fleet(names)
  document.spire.agent.attestation = {
    type: 'x509pop',
    certificateFile: '/etc/pki/tls.crt',
    privateKeyFile: '/etc/pki/tls.key',
  }
  return document
}

interface Entry {
  readonly entry_id: string
  readonly parent_id: string
  readonly spiffe_id: string
  readonly selectors: readonly { readonly type: string; readonly value: string }[]
}

test('entries are JSON of one line each, which begins with the ID', () => {
  const json = files(certificates(['b', 'a'])).get('spire/entries.json') ?? ''
  const { entries } = JSON.parse(json) as { entries: readonly Entry[] }
  assert.equal(
    entries.map(({ entry_id }) => entry_id),
    ['meshjoin.a.node', 'meshjoin.a.proxy', 'meshjoin.b.node', 'meshjoin.b.proxy'],
  )
  for (const { entry_id } of entries)
    assert.is(json.split('\n').filter((line) => line.startsWith(`{"entry_id":"${entry_id}",`)).length, 1)
  const [alias, proxy] = entries
  assert.equal(alias?.selectors, [{ type: 'x509pop', value: 'subject:cn:a' }])
  assert.match(alias?.parent_id ?? '', /\/spire\/server$/)
  assert.is(proxy?.parent_id, alias?.spiffe_id)
})

test('the three forms say the same of every entry, and none has a DNS name', () => {
  const out = files(certificates(['a', 'b']))
  const json = JSON.parse(out.get('spire/entries.json') ?? '') as { entries: readonly Entry[] }
  const objects = loadAll(out.get('spire/entries.yaml') ?? '') as {
    metadata: { name: string }
    spec: { parentID: string; spiffeID: string; selectors: string[] }
  }[]
  const shown = out.get('spire/entries.txt') ?? ''
  const commands = out.get('spire/commands.sh') ?? ''
  assert.is(objects.length, json.entries.length)
  for (const [index, { entry_id, parent_id, spiffe_id, selectors }] of json.entries.entries()) {
    const object = objects[index]
    assert.is(object?.metadata.name, entry_id)
    assert.is(object?.spec.parentID, parent_id)
    assert.is(object?.spec.spiffeID, spiffe_id)
    const words = selectors.map(({ type, value }) => `${type}:${value}`)
    assert.equal(object?.spec.selectors, words)
    assert.ok(shown.includes(`${entry_id}\tParent ID\t${parent_id}\n`))
    assert.ok(commands.includes(`-entryID '${entry_id}'`))
    for (const word of words) {
      assert.ok(shown.includes(`${entry_id}\tSelector\t${word}\n`))
      assert.ok(commands.includes(`-selector '${word}'`))
    }
  }
  for (const [path, text] of out) assert.not.match(text, /-dns\b|dns_?names|DNS name\t/i, path)
})

test('a time to live is in all of them', () => {
  const document = minimalWith((one) => {
    one.spire.server = {
      address: 'spire.example.internal',
      generate: true,
      caTtl: '48h',
      x509SvidTtl: '2h',
      upstreamAuthority: { certFile: '/etc/ca.crt', keyFile: '/etc/ca.key' },
    }
  })
  const out = files(document)
  assert.match(out.get('spire/entries.json') ?? '', '"x509_svid_ttl":7200')
  assert.match(out.get('spire/entries.txt') ?? '', 'X509-SVID TTL\t7200\n')
  assert.match(out.get('spire/entries.yaml') ?? '', 'x509SVIDTTL: 7200s')
  assert.match(out.get('spire/commands.sh') ?? '', '-x509SVIDTTL 7200')
})

test('of instances there are commands to fill in, and no entry', () => {
  const document = minimalWith((one) => {
    one.mesh.machineNetworks = ['203.0.113.0/24']
    one.groups = {
      web: { instances: { name: 'hostname' }, namespace: 'shop', ports: [{ name: 'http', port: 80 }] },
    }
    one.machines = []
  })
  const out = files(document)
  assert.is(out.get('spire/entries.json'), '{"entries": []}\n')
  assert.match(out.get('spire/README.md') ?? '', "-entryID 'meshjoin-instance.{name}.proxy'")
})

test('machines of which too little is known are named with what is missing', () => {
  const document = fleet(['a', 'b'])
  document.spire.agent.attestation = { type: 'gcp_iit' }
  const readme = files(document).get('spire/README.md') ?? ''
  for (const name of ['a', 'b'])
    assert.match(readme, `- \`${name}\` lacks attestation.projectId, attestation.instanceId`)
})

test.run()
