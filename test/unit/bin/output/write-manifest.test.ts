import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'

import { changesNothing, forge, home, out, paths, put, write, writerSuite } from './writer.ts'

const test = writerSuite('write: manifest and journal')

test('a foreign or damaged manifest is an error, and nothing is changed', () => {
  const texts = [
    '',
    'hello',
    '{}',
    '[]',
    '{"meshjoin":2,"generator":"x","files":[\n]}\n',
    '{"name":"x"}\n',
    '\0'.repeat(200_000),
  ]
  for (const text of texts) {
    put('.meshjoin.json', text)
    for (const options of [{}, { force: true }, { check: true }, { dryRun: true }]) {
      const result = changesNothing(() => write({ a: 'x' }, options))
      assert.equal(paths(result.failures), ['.meshjoin.json'], JSON.stringify(text.slice(0, 40)))
    }
  }
  unlinkSync(join(out, '.meshjoin.json'))
  mkdirSync(join(out, '.meshjoin.json'))
  assert.equal(paths(changesNothing(() => write({ a: 'x' })).failures), ['.meshjoin.json'])
  rmSync(join(out, '.meshjoin.json'), { recursive: true })
  forge([['a', 'x']], 'elsewhere')
  symlinkSync('elsewhere', join(out, '.meshjoin.json'))
  assert.equal(paths(changesNothing(() => write({ a: 'x' })).failures), ['.meshjoin.json'])
})

test('a manifest that turns out to be damaged at its end still prevents the first write', () => {
  write({ a: 'x', b: 'x' })
  const text = readFileSync(join(out, '.meshjoin.json'), 'utf8')
  put('.meshjoin.json', text.slice(0, -4))
  const result = changesNothing(() => write({ a: 'y' }))
  assert.match(result.failures.first[0]?.reason ?? '', 'it is damaged, line 4: it ends too early')
  assert.match(result.failures.first[0]?.reason ?? '', '--force')
})

test('a foreign journal is an error', () => {
  put('.meshjoin.json.next', 'my notes\n')
  const result = changesNothing(() => write({ a: 'x' }, { force: true }))
  assert.equal(paths(result.failures), ['.meshjoin.json.next'])
})

test('leftovers of the writer that were turned into links do not lead it astray', () => {
  writeFileSync(join(home, 'outside'), 'safe')
  mkdirSync(join(out, 'd'), { recursive: true })
  for (const name of ['.meshjoin-tmp', 'd/.meshjoin-tmp', '.meshjoin.json.tmp']) {
    symlinkSync(join(home, 'outside'), join(out, name))
  }
  put('.meshjoin.json.next', '{"meshjoin":1,"gen')
  assert.ok(write({ a: 'x', 'd/e': 'x' }).ok)
  assert.is(readFileSync(join(home, 'outside'), 'utf8'), 'safe')
  assert.equal(readdirSync(out, { recursive: true, encoding: 'utf8' }).sort(), [
    '.meshjoin.json',
    'a',
    'd',
    'd/e',
  ])
})

test.run()
