import fc from 'fast-check'
import { dump, load } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { MachineFile } from '../../../../lib/files/machine-files.ts'
import { entryOf, oncePerMeshFile, printJoined } from '../../../../lib/targets/cloud-init/write-files.ts'

const test = suite('entries of write_files')

const file: MachineFile = { path: '/etc/a', mode: 0o600, content: 'a\n', layer: 'mesh' }

/** Texts with all that moves YAML from one style to another: blanks, line ends, quotes, its own signs, other alphabets. */
const text = fc.oneof(
  fc.string(),
  fc.string({
    unit: fc.constantFrom('\n', ' ', '\t', '\r', '#', ':', '-', '|', '"', "'", '0', 'a', 'é', '{{'),
  }),
  fc.lorem({ mode: 'sentences' }),
)
const entry = fc.record({ path: text, permissions: text, content: text }, { noNullPrototype: true })
const config = fc.record(
  {
    merge_how: text,
    packages: fc.array(text),
    write_files: fc.array(entry, { maxLength: 6 }),
    runcmd: fc.array(fc.array(text)),
  },
  { noNullPrototype: true },
)

/** As `printCloudConfig` wrote all of it at once. */
function printWhole(value: object): string {
  return dump(value, { lineWidth: -1, noRefs: true, indent: 1, seqNoIndent: true })
}

test('what is joined has the bytes of the whole dump, and is read back as the same data', () => {
  fc.assert(
    fc.property(config, (value) => {
      const joined = printJoined(value)
      assert.is(joined, printWhole(value))
      assert.equal(load(joined), value)
    }),
    { seed: 13, numRuns: 500 },
  )
})

test('the place of the files among the keys is kept', () => {
  const [write_files, other] = [[entryOf(file)], { b: ['c'] }]
  for (const value of [{ write_files }, { write_files, ...other }, { ...other, write_files }])
    assert.is(printJoined(value), printWhole(value))
})

test('a text that ends in empty lines does not end the document', () => {
  const write_files = ['a\n\n', 'b\n\n\n'].map((content) => entryOf({ ...file, layer: 'machine', content }))
  for (const value of [{ write_files, runcmd: [] }, { write_files }]) {
    assert.is(printJoined(value), printWhole(value))
    assert.equal(load(printJoined(value)), value)
  }
})

test('a file of the mesh layer has one entry, and what is printed of it stays', () => {
  assert.is(entryOf(file), entryOf(file))
  assert.equal(entryOf(file), { path: '/etc/a', permissions: '0600', content: 'a\n' })
  const twice = { write_files: [entryOf(file), entryOf({ ...file, layer: 'machine' })] }
  assert.is(printJoined(twice), printJoined(twice))
  assert.throws(() => Object.assign(entryOf(file), { content: 'b\n' }), TypeError)
})

test('an entry of a caller is written as it is now', () => {
  const own = { ...entryOf(file) }
  printJoined({ write_files: [own] })
  assert.match(printJoined({ write_files: [Object.assign(own, { content: 'changed\n' })] }), 'changed')
})

test('what is made of a file of a machine is made each time', () => {
  let made = 0
  const count = oncePerMeshFile(() => made++)
  for (const one of [file, file, { ...file, layer: 'machine' } as const]) count(one)
  assert.is(made, 2)
})

test.run()
