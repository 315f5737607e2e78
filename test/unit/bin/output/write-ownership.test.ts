import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'

import { changesNothing, home, lines, out, paths, put, write, writerSuite } from './writer.ts'

const test = writerSuite('write: whose a file is')

test('a foreign file is refused and nothing is written; with force it is replaced', () => {
  put('b', 'mine')
  const files = { a: 'x', b: 'yours', 'c/d': 'x' }
  const refused = changesNothing(() => write(files))
  assert.not(refused.ok)
  assert.equal(lines(refused.conflicts), ['b: was not written by meshjoin'])
  assert.is(refused.written.count, 0)

  const forced = write(files, { force: true })
  assert.ok(forced.ok)
  assert.equal(lines(forced.written), ['a: new', 'b: replaced by force', 'c/d: new'])
  assert.is(readFileSync(join(out, 'b'), 'utf8'), 'yours')
})

test('a file of ours that was modified is refused; with force it is replaced', () => {
  write({ a: 'x', b: 'y' })
  put('a', 'edited')
  const refused = changesNothing(() => write({ a: 'x', b: 'z' }))
  assert.equal(lines(refused.conflicts), ['a: was modified since meshjoin wrote it'])
  assert.ok(write({ a: 'x', b: 'z' }, { force: true }).ok)
  assert.is(readFileSync(join(out, 'a'), 'utf8'), 'x')
})

test('a file that already is what is wanted is taken over, unless its mode differs', () => {
  put('a', 'x')
  assert.ok(write({ a: 'x' }).ok)
  assert.ok(write({}).ok)
  assert.not(existsSync(join(out, 'a')))
  put('a', 'x', 0o640)
  assert.equal(lines(write({ a: 'x' }).conflicts), ['a: was not written by meshjoin'])
})

test('other names of a replaced file keep their content', () => {
  write({ a: 'old' })
  linkSync(join(out, 'a'), join(home, 'other'))
  write({ a: 'new' })
  assert.is(readFileSync(join(home, 'other'), 'utf8'), 'old')
})

test('stale files go, with the folders that they leave empty, and nothing else', () => {
  write({ 'a/b/c/file': 'x', 'a/b/file': 'x', 'd/file': 'x', 'e/f/file': 'x', 'e/g/file': 'x', h: 'x' })
  put('d/mine', 'mine')
  mkdirSync(join(out, 'e/f/mine'))
  const result = write({ 'e/g/file': 'x' })
  assert.ok(result.ok)
  assert.equal(paths(result.removed), ['a/b/c/file', 'a/b/file', 'd/file', 'e/f/file', 'h'])
  assert.equal(readdirSync(out, { recursive: true, encoding: 'utf8' }).sort(), [
    '.meshjoin.json',
    'd',
    'd/mine',
    'e',
    'e/f',
    'e/f/mine',
    'e/g',
    'e/g/file',
  ])
})

test('folders are emptied in whatever order their names sort', () => {
  // '-' sorts before '/', '0' after it: the files of a folder and those of its neighbours alternate.
  write({ 'a-b/x': '1', 'a/x': '1', 'a/x-y/z': '1', 'a/x0/z': '1', a0: '1' })
  assert.ok(write({}).ok)
  assert.equal(readdirSync(out), ['.meshjoin.json'])
})

test('a stale file that was modified stays, is reported once and is then nobody’s', () => {
  write({ 'a/x': 'x', b: 'x' })
  put('a/x', 'edited')
  const result = write({ b: 'x' })
  assert.ok(result.ok)
  assert.equal(lines(result.kept), ['a/x: was modified since meshjoin wrote it'])
  assert.is(readFileSync(join(out, 'a/x'), 'utf8'), 'edited')
  assert.is(changesNothing(() => write({ b: 'x' })).kept.count, 0)
  assert.equal(lines(write({ 'a/x': 'x', b: 'x' }).conflicts), ['a/x: was not written by meshjoin'])
  assert.ok(write({ b: 'x' }, { force: true }).ok)
  assert.is(readFileSync(join(out, 'a/x'), 'utf8'), 'edited')
})

for (const path of [
  '../evil',
  'a/../../evil',
  'a/..',
  '/evil',
  './evil',
  'a//evil',
  'a/',
  'a\\..\\evil',
  'nul\0',
  'half\ud800',
  '',
  '.meshjoin.json',
  '.meshjoin.json.next',
  '.meshjoin.lock',
  'a/.meshjoin-tmp',
  'x'.repeat(5000),
]) {
  test(`an artifact must not have the path ${JSON.stringify(path.slice(0, 30))}`, () => {
    for (const force of [false, true]) {
      const result = changesNothing(() => write({ b: 'x', [path]: 'evil' }, { force }))
      assert.not(result.ok)
      assert.equal(paths(result.conflicts), [path])
    }
    // Not even the output folder is left.
    assert.not(existsSync(out))
  })
}

test.run()
