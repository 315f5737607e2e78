import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { type WriteResult, writeArtifacts } from '../../../../bin/output/write.ts'

import {
  artifacts,
  changesNothing,
  forge,
  home,
  lines,
  out,
  paths,
  put,
  write,
  writerSuite,
} from './writer.ts'

const test = writerSuite('write: faults')

test('failures of pass 1 are collected, and nothing is written', () => {
  const long = 'n'.repeat(300)
  const result = changesNothing(() => write({ a: 'x', [`b/${long}`]: 'x', [long]: 'x' }))
  // The folder of the second does not exist, so that name is not looked up before it is created.
  assert.equal(lines(result.failures), [`${long}: ENAMETOOLONG: name too long`])
  assert.not(existsSync(out))
})

test('a failure of pass 2 stops the run, leaves no half file, and the next run completes', () => {
  mkdirSync(out)
  const list = artifacts({ a: '1', 'b/c': '2', d: '3' })
  let pass = 0
  const result = writeArtifacts(
    out,
    () => {
      // Appears between the passes.
      if (++pass === 2) mkdirSync(join(out, 'b/c'), { recursive: true })
      return list
    },
    { version: '1.0.0' },
  )
  assert.not(result.ok)
  assert.equal(lines(result.failures), ['b/c: EISDIR: illegal operation on a directory'])
  assert.equal(paths(result.written), ['a'])
  assert.equal(readdirSync(join(out, 'b')), ['c'])
  assert.equal(readdirSync(out).sort(), ['.meshjoin.json.next', 'a', 'b'])

  rmSync(join(out, 'b'), { recursive: true })
  assert.ok(write({ a: '1', 'b/c': '2', d: '3' }).ok)
  assert.equal(readdirSync(out).sort(), ['.meshjoin.json', 'a', 'b', 'd'])
})

test('a symbolic link that appears between the passes is not followed', () => {
  mkdirSync(out)
  mkdirSync(join(home, 'outside'))
  let pass = 0
  const result = writeArtifacts(
    out,
    () => {
      if (++pass === 2) symlinkSync(join(home, 'outside'), join(out, 'b'))
      return artifacts({ 'b/c': '2' })
    },
    { version: '1.0.0' },
  )
  assert.equal(lines(result.failures), ['b/c: b is a symbolic link, which is not followed'])
  assert.equal(readdirSync(join(home, 'outside')), [])
})

test('files of a killed run are known by its journal, and those of runs before it by theirs', () => {
  write({ a: '1', b: '1', c: '1' })
  // The killed run had replaced a, was about to replace b, and had made x; its temporary file is still there.
  put('a', '2')
  put('x/y', '2')
  put('x/.meshjoin-tmp', 'half')
  forge(
    [
      ['a', '2'],
      ['b', '2'],
      ['x/y', '2'],
    ],
    '.meshjoin.json.next',
  )
  const journal = join(out, '.meshjoin.json.next')
  writeFileSync(journal, readFileSync(journal, 'utf8').replace('\n]}\n', ',\n{"path":"z","mo'))
  const check = changesNothing(() => write({ a: '2' }, { check: true }))
  assert.not(check.ok)
  const result = write({ a: '3', b: '3' })
  assert.ok(result.ok)
  assert.equal(paths(result.removed), ['c', 'x/y'])
  assert.equal(readdirSync(out).sort(), ['.meshjoin.json', 'a', 'b'])
})

test('the lock keeps a second run out while the first works, and is gone afterwards', () => {
  const seen: WriteResult[] = []
  const first = writeArtifacts(
    out,
    function* () {
      seen.push(write({ a: 'other' }))
      yield* artifacts({ a: 'x' })
    },
    { version: '1.0.0' },
  )
  assert.ok(first.ok)
  assert.is(seen.length, 2)
  for (const second of seen) {
    assert.equal(lines(second.failures), [
      `.meshjoin.lock: another meshjoin, process ${process.pid}, writes to this folder`,
    ])
  }
  assert.equal(readdirSync(out).sort(), ['.meshjoin.json', 'a'])
})

test('the lock of a process that is gone is taken over', () => {
  const { pid } = spawnSync('true')
  mkdirSync(out)
  // Gone; gone, and its number given to another; nonsense.
  for (const holder of [`${pid}:123`, `${process.pid}:1`, '1:1', 'nonsense', '-1:', '0:']) {
    symlinkSync(holder, join(out, '.meshjoin.lock'))
    assert.ok(write({ a: holder }).ok, holder)
    assert.equal(readdirSync(out).sort(), ['.meshjoin.json', 'a'])
  }
})

test('something else in the place of the lock is a failure', () => {
  put('.meshjoin.lock', 'mine')
  const result = changesNothing(() => write({ a: 'x' }))
  assert.equal(paths(result.failures), ['.meshjoin.lock'])
})

test('artifacts that are not sorted are an internal error, and the lock is given back', () => {
  for (const names of [
    ['b', 'a'],
    ['a', 'a'],
    ['\u{1f600}', '\u{ff5e}', '\u{1f601}'],
  ]) {
    const list = names.flatMap((path) => artifacts({ [path]: 'x' }))
    assert.throws(() => writeArtifacts(out, () => list, { version: '1' }), /^internal error: artifact/)
    assert.not(existsSync(out))
  }
})

test('passes that differ are an internal error', () => {
  for (const second of [{ a: 'x' }, { a: 'x', b: 'x', c: 'x' }, { '../a': 'x', b: 'x' }]) {
    let pass = 0
    const source = () => artifacts(++pass === 1 ? { a: 'x', b: 'x' } : second)
    assert.throws(
      () => writeArtifacts(out, source, { version: '1' }),
      /internal error: the artifacts of the second pass/,
    )
    rmSync(out, { recursive: true })
  }
})

test.run()
