import { existsSync, mkdirSync, realpathSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'

import { changesNothing, forge, home, lines, out, paths, put, write, writerSuite, writeTo } from './writer.ts'

const test = writerSuite('write: runs')

test('check finds every difference and changes nothing', () => {
  const files = { a: 'one', 'd/b': 'two', 'd/c': 'three' }
  const check = (now: Record<string, string> = files, version = '1.0.0') => {
    const result = changesNothing(() => write(now, { check: true, version }))
    assert.is(result.ok, result.differences.count === 0)
    return lines(result.differences)
  }
  assert.equal(check(), ['a: missing', 'd/b: missing', 'd/c: missing', '.meshjoin.json: missing'])
  assert.not(existsSync(out))
  write(files)
  assert.equal(check(), [])

  put('a', 'onE')
  assert.equal(check(), ['a: was modified since meshjoin wrote it'])
  put('a', 'one', 0o600)
  assert.equal(check(), ['a: mode is 0600, not 0644'])
  put('a', 'one')
  unlinkSync(join(out, 'd/b'))
  assert.equal(check(), ['d/b: missing'])
  put('d/b', 'two')
  assert.equal(check(), [])

  const { a, ...without } = files
  assert.is(a, 'one')
  assert.equal(check(without), [
    'a: is no longer part of the output',
    '.meshjoin.json: does not match the output',
  ])
  put('a', 'edited')
  assert.equal(
    check(without)[0],
    'a: is no longer part of the output, and was modified since meshjoin wrote it',
  )
  put('a', 'one')
  assert.equal(check({ ...files, a: 'changed' }), [
    'a: content differs',
    '.meshjoin.json: does not match the output',
  ])
  assert.equal(check(files, '1.0.1'), ['.meshjoin.json: does not match the output'])
  unlinkSync(join(out, '.meshjoin.json'))
  assert.equal(check(), ['.meshjoin.json: missing'])
  forge([['a', 'one']])
  assert.equal(check(), ['.meshjoin.json: does not match the output'])
  forge([['a', 'one']], '.meshjoin.json.next')
  assert.equal(check(), ['.meshjoin.json.next: a run was interrupted: run generate again to complete it'])
})

test('a dry run says what would happen and changes nothing', () => {
  const fresh = changesNothing(() => write({ a: 'x' }, { dryRun: true }))
  assert.ok(fresh.ok)
  assert.equal(lines(fresh.written), ['a: new'])
  assert.not(existsSync(out))

  write({ a: 'x', b: 'x', 'c/d': 'x', e: 'x' })
  put('e', 'edited')
  put('f', 'mine')
  const files = { a: 'x', b: 'y', f: 'y' }
  const refused = changesNothing(() => write(files, { dryRun: true }))
  assert.not(refused.ok)
  assert.equal(paths(refused.conflicts), ['f'])
  const forced = changesNothing(() => write(files, { dryRun: true, force: true }))
  assert.equal(lines(forced.written), ['b: replaced', 'f: replaced by force'])
  assert.equal(paths(forced.unchanged), ['a'])
  assert.equal(paths(forced.removed), ['c/d'])
  assert.equal(paths(forced.kept), ['e'])
  const { written, unchanged, removed, kept } = write(files, { force: true })
  assert.equal(
    { written, unchanged, removed, kept },
    { written: forced.written, unchanged: forced.unchanged, removed: forced.removed, kept: forced.kept },
  )
})

test('the output folder may be new, nested, a symbolic link or the current folder', () => {
  writeTo(join(home, 'x/y/z'))
  assert.ok(write({ a: 'x' }).ok)

  mkdirSync(join(home, 'real'))
  symlinkSync('real', join(home, 'link'))
  writeTo(join(home, 'link'))
  assert.ok(write({ 'd/a': 'x' }).ok)
  assert.ok(write({ 'd/a': 'x' }, { check: true }).ok)
  assert.ok(existsSync(join(home, 'real/d/a')))

  const before = process.cwd()
  mkdirSync(join(home, 'here'))
  process.chdir(join(home, 'here'))
  try {
    writeTo('.')
    assert.ok(write({ 'd/a': 'x' }).ok)
    assert.ok(write({ 'd/a': 'x' }, { dryRun: true }).ok)
  } finally {
    process.chdir(before)
  }
  assert.ok(existsSync(join(realpathSync(home), 'here/d/a')))
})

test('an output folder that cannot be one is a failure, not an exception', () => {
  writeFileSync(join(home, 'file'), '')
  symlinkSync('nowhere', join(home, 'dangling'))
  for (const dir of ['file', 'file/below', 'file/below/deep', 'dangling', 'nul\0']) {
    writeTo(join(home, dir))
    for (const options of [{}, { check: true }, { dryRun: true }]) {
      if (dir === 'dangling' && Object.keys(options).length > 0) continue // then it just does not exist
      const result = changesNothing(() => write({ a: 'x' }, options))
      assert.not(result.ok)
      assert.equal(paths(result.failures), [out])
      if (dir !== 'nul\0') assert.match(result.failures.first[0]?.reason ?? '', /^E[A-Z]+: [a-z ]+$/)
    }
  }
})

test.run()
