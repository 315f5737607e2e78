import { load } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate } from '../../lib/index.ts'
import { readFields } from '../oracle/support/fields.ts'
import { drawMatching } from '../oracle/support/hostile.ts'
import { minimalWith } from '../unit/plan/document.ts'
import { readWord } from './readers.ts'

const test = suite('registration entries hold what a document says')
const names = ['/machines/*/attestation/commonName', '/machines/*/identity/spiffeId', '/machines/*/parentId']

/** Strings that a field takes, with the most unlikely characters that it allows. */
function draw(name: string, seed: number): string[] {
  const field = readFields().get(name)
  if (field?.pattern === undefined) throw new Error(`${name} has no pattern`)
  return drawMatching(field.pattern, field.maxLength, 300, seed)
}

interface Entry {
  readonly entry_id: string
  readonly spiffe_id: string
  readonly parent_id: string
  readonly selectors: readonly { readonly type: string; readonly value: string }[]
}

test('whatever a common name, an identity and a parent are, all forms read back as the same', () => {
  const [commonNames = [], identities = [], parents = []] = names.map((name, index) => draw(name, 14 + index))
  let tried = 0
  for (const [index, commonName] of commonNames.entries()) {
    const inDomain = (text = '') => text.replace(/^spiffe:\/\/[^/]*/, 'spiffe://root.linkerd.cluster.local')
    const identity = inDomain(identities[index])
    const parentId = inDomain(parents[index])
    const made = generate(
      minimalWith((document) => {
        const { agent } = document.spire
        agent.attestation = { type: 'x509pop', certificateFile: '/a', privateKeyFile: '/b' }
        for (const machine of document.machines) {
          machine.attestation = { commonName }
          machine.identity = { spiffeId: identity, serverName: 'app.example' }
          machine.parentId = parentId
        }
      }),
      { targets: ['spire'] },
    )
    if (!made.ok) continue
    tried++
    const textOf = (name: string) =>
      String(made.value.find(({ path }) => path === `spire/${name}`)?.content ?? '')
    const { entries } = JSON.parse(textOf('entries.json')) as { entries: readonly Entry[] }
    const [alias, proxy] = entries
    assert.equal(alias?.selectors, [{ type: 'x509pop', value: `subject:cn:${commonName}` }])
    assert.is(alias?.spiffe_id, parentId)
    assert.is(proxy?.spiffe_id, identity)
    assert.is(proxy?.parent_id, parentId)
    const lines = textOf('entries.txt').split('\n')
    assert.ok(lines.includes(`meshjoin.legacy-app.node\tSelector\tx509pop:subject:cn:${commonName}`))
    assert.ok(lines.includes(`meshjoin.legacy-app.proxy\tSPIFFE ID\t${identity}`))
    const [first = ''] = textOf('entries.yaml').split('---\n').slice(1)
    const object = load(first) as { spec: { selectors: readonly string[]; spiffeID: string } }
    assert.equal(object.spec.selectors, [`x509pop:subject:cn:${commonName}`])
    assert.is(object.spec.spiffeID, parentId)
    const words = textOf('commands.sh').matchAll(/ -(\w+) ((?:'[^']*'|\\')+)/g)
    const said = Array.from(words, ([, flag = '', word = '']) => `${flag} ${readWord(word)}`)
    for (const wanted of [
      `selector x509pop:subject:cn:${commonName}`,
      `parentID ${parentId}`,
      `spiffeID ${identity}`,
    ])
      assert.ok(said.includes(wanted), wanted)
  }
  assert.ok(tried > 100, String(tried))
})

test.run()
