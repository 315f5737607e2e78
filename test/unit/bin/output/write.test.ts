import { createHash } from 'node:crypto'
import fs, { chmodSync, fstatSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import * as assert from 'uvu/assert'

import { changesNothing, lines, modeOf, out, put, sum, write, writerSuite } from './writer.ts'

const test = writerSuite('write')

test('writes files, folders and a manifest', () => {
  const result = write({
    'README.md': 'read\n',
    'ansible/run.sh': { content: '#!/bin/sh\n', mode: 0o755 },
    'cloud-init/m/user-data': { content: new Uint8Array([31, 139, 0, 255]), mode: 0o600, sensitive: true },
  })
  assert.ok(result.ok)
  assert.equal(lines(result.written), [
    'README.md: new',
    'ansible/run.sh: new',
    'cloud-init/m/user-data: new',
  ])
  assert.equal(readdirSync(out, { recursive: true, encoding: 'utf8' }).sort(), [
    '.meshjoin.json',
    'README.md',
    'ansible',
    'ansible/run.sh',
    'cloud-init',
    'cloud-init/m',
    'cloud-init/m/user-data',
  ])
  assert.equal([...readFileSync(join(out, 'cloud-init/m/user-data'))], [31, 139, 0, 255])
  const data = createHash('sha256')
    .update(new Uint8Array([31, 139, 0, 255]))
    .digest('hex')
  assert.is(
    readFileSync(join(out, '.meshjoin.json'), 'utf8'),
    `{"meshjoin":1,"generator":"meshjoin 1.0.0","files":[
{"path":"README.md","mode":"0644","sha256":"${sum('read\n')}"},
{"path":"ansible/run.sh","mode":"0755","sha256":"${sum('#!/bin/sh\n')}"},
{"path":"cloud-init/m/user-data","mode":"0600","sha256":"${data}"}
]}
`,
  )
})

test('no artifacts at all give an empty manifest', () => {
  assert.ok(write({}).ok)
  const manifest: unknown = JSON.parse(readFileSync(join(out, '.meshjoin.json'), 'utf8'))
  assert.equal(manifest, { meshjoin: 1, generator: 'meshjoin 1.0.0', files: [] })
  assert.ok(write({}, { check: true }).ok)
})

for (const umask of [0o077, 0o000, 0o022, 0o177]) {
  test(`modes are right under umask ${umask.toString(8)}`, () => {
    mkdirSync(out)
    const before = process.umask(umask)
    try {
      const files = {
        'd/e/plain': 'x',
        'd/e/program': { content: 'x', mode: 0o755 as const },
        'd/secret': { content: 'x', mode: 0o600 as const, sensitive: true },
        'd/secret-by-mistake': { content: 'x', mode: 0o644 as const, sensitive: true },
      }
      assert.ok(write(files).ok)
      assert.ok(write(files, { check: true }).ok)
    } finally {
      process.umask(before)
    }
    assert.is(modeOf('d'), 0o755)
    assert.is(modeOf('d/e'), 0o755)
    assert.is(modeOf('d/e/plain'), 0o644)
    assert.is(modeOf('d/e/program'), 0o755)
    assert.is(modeOf('d/secret'), 0o600)
    assert.is(modeOf('d/secret-by-mistake'), 0o600)
  })
}

test('a secret has its mode before its first byte, whatever the umask', () => {
  const functions = fs as unknown as Record<string, (...args: unknown[]) => unknown>
  const { writeSync } = functions
  if (writeSync === undefined) throw new Error('node:fs has no writeSync')
  const seen: number[] = []
  functions.writeSync = (fd, bytes, ...rest) => {
    if (String(bytes) === 'secret') seen.push(fstatSync(Number(fd)).mode & 0o7777)
    return writeSync(fd, bytes, ...rest)
  }
  syncBuiltinESMExports()
  const before = process.umask(0)
  try {
    assert.ok(write({ a: { content: 'secret', sensitive: true } }).ok)
    put('b', 'mine', 0o666)
    assert.ok(write({ b: { content: 'secret', sensitive: true } }, { force: true }).ok)
  } finally {
    process.umask(before)
    functions.writeSync = writeSync
    syncBuiltinESMExports()
  }
  assert.equal(seen, [0o600, 0o600])
})

test('the manifest is as secret as what it sums up', () => {
  write({ a: 'x' })
  assert.is(modeOf('.meshjoin.json'), 0o644)
  assert.ok(write({ a: { content: 'x', sensitive: true } }).ok)
  assert.is(modeOf('.meshjoin.json'), 0o600)
})

test('what is up to date is not touched', () => {
  const files = { 'a/b': 'one', 'a/c': 'two', d: 'three' }
  write(files)
  const long = new Date('2020-01-01')
  for (const name of ['a/b', 'a/c', 'd', '.meshjoin.json']) utimesSync(join(out, name), long, long)
  const result = changesNothing(() => write(files))
  assert.ok(result.ok)
  assert.is(result.written.count, 0)
  assert.is(result.unchanged.count, 3)

  const next = write({ ...files, 'a/c': 'TWO' })
  assert.equal(lines(next.written), ['a/c: replaced'])
  assert.is(statSync(join(out, 'a/b')).mtimeMs, long.getTime())
  assert.is(statSync(join(out, 'd')).mtimeMs, long.getTime())
  assert.is(readFileSync(join(out, 'a/c'), 'utf8'), 'TWO')
})

test('a changed mode is put right', () => {
  write({ a: 'x' })
  chmodSync(join(out, 'a'), 0o666)
  const result = write({ a: 'x' })
  assert.equal(lines(result.written), ['a: replaced'])
  assert.is(modeOf('a'), 0o644)
  assert.ok(write({ a: { content: 'x', mode: 0o755 } }).ok)
  assert.is(modeOf('a'), 0o755)
})

test.run()
