import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs, {
  chmodSync,
  existsSync,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type Notes,
  type WriteOptions,
  type WriteResult,
  writeArtifacts,
} from '../../../../bin/output/write.ts'
import type { Artifact } from '../../../../lib/artifact.ts'

const test = suite('write')
const base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'meshjoin-write-'))
let home = ''
let out = ''

test.before.each(() => {
  home = mkdtempSync(join(base, 'case-'))
  out = join(home, 'out')
})

test.after(() => {
  rmSync(base, { recursive: true, force: true })
})

/** Artifacts from `path: content`, in the order that the writer wants. */
function artifacts(files: Record<string, string | Partial<Artifact>>): Artifact[] {
  return Object.entries(files)
    .map(([path, file]) => {
      const given = typeof file === 'string' ? { content: file } : file
      return { path, mode: 0o644 as const, content: '', sensitive: false, ...given }
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

function write(
  files: Record<string, string | Partial<Artifact>>,
  options: Partial<WriteOptions> = {},
): WriteResult {
  const list = artifacts(files)
  return writeArtifacts(out, () => list, { version: '1.0.0', ...options })
}

function put(path: string, content: string, mode = 0o644): void {
  mkdirSync(dirname(join(out, path)), { recursive: true })
  writeFileSync(join(out, path), content)
  chmodSync(join(out, path), mode)
}

/** Everything below a folder: names, modes and bytes. Symbolic links are not followed. */
function snapshot(dir = home): string[] {
  const lines: string[] = []
  for (const name of readdirSync(dir).sort()) {
    const full = join(dir, name)
    const stat = lstatSync(full)
    const what = stat.isFile() ? readFileSync(full, 'utf8') : stat.isSymbolicLink() ? readlinkSync(full) : '/'
    lines.push(`${full} ${(stat.mode & 0o7777).toString(8)} ${stat.mtimeMs} ${what}`)
    // Node's own recursion follows links, and so goes round in a circle of them.
    if (stat.isDirectory()) lines.push(...snapshot(full))
  }
  return lines
}

/** The action must leave everything as it is, times included. */
function changesNothing(action: () => WriteResult): WriteResult {
  const before = snapshot()
  const result = action()
  assert.equal(snapshot().map(withoutFolderTime), before.map(withoutFolderTime))
  return result
}

/** The lock comes and goes, which shows in the time of its folder. */
function withoutFolderTime(line: string): string {
  return line.endsWith(' /') ? line.replace(/ [\d.]+ \/$/, '') : line
}

const paths = (notes: Notes) => notes.first.map((note) => note.path)
const lines = (notes: Notes) => notes.first.map((note) => `${note.path}: ${note.reason}`)
const modeOf = (path: string) => lstatSync(join(out, path)).mode & 0o7777
const sum = (text: string) => createHash('sha256').update(text).digest('hex')

/** A manifest that says whatever it is told. */
function forge(
  entries: readonly (readonly [path: string, content: string])[],
  name = '.meshjoin.json',
): void {
  const list = entries.map(([path, content]) => JSON.stringify({ path, mode: '0644', sha256: sum(content) }))
  put(name, `{"meshjoin":1,"generator":"meshjoin 1.0.0","files":[\n${list.join(',\n')}\n]}\n`)
}

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

test('symbolic links are neither followed nor replaced, not even by force', () => {
  mkdirSync(join(home, 'outside'))
  writeFileSync(join(home, 'outside/file'), 'safe')
  mkdirSync(out)
  symlinkSync(join(home, 'outside/file'), join(out, 'a'))
  symlinkSync(join(home, 'outside'), join(out, 'b'))
  symlinkSync('nowhere', join(out, 'c'))
  symlinkSync('.', join(out, 'd'))
  const files = { a: 'evil', 'b/file': 'evil', 'b/new': 'evil', c: 'evil', 'd/e/f': 'evil', g: 'x' }
  for (const force of [false, true]) {
    const result = changesNothing(() => write(files, { force }))
    assert.equal(lines(result.conflicts), [
      'a: is a symbolic link, which is not followed',
      'b/file: b is a symbolic link, which is not followed',
      'b/new: b is a symbolic link, which is not followed',
      'c: is a symbolic link, which is not followed',
      'd/e/f: d is a symbolic link, which is not followed',
    ])
  }
})

test('folders, files and pipes in the wrong place are not replaced, not even by force', () => {
  put('a/mine', 'x')
  put('b', 'x')
  execFileSync('mkfifo', [join(out, 'c')])
  for (const force of [false, true]) {
    const result = write({ a: 'x', 'b/c': 'x', c: 'x' }, { force })
    assert.equal(lines(result.conflicts), [
      'a: is a folder where a file is needed',
      'b/c: b is a file where a folder is needed',
      'c: is not a regular file',
    ])
  }
  assert.equal(readdirSync(out).sort(), ['a', 'b', 'c'])
})

test('a stale entry through a symbolic link removes nothing', () => {
  mkdirSync(join(home, 'outside'))
  writeFileSync(join(home, 'outside/file'), 'safe')
  mkdirSync(out)
  symlinkSync(join(home, 'outside'), join(out, 'link'))
  symlinkSync(join(home, 'outside/file'), join(out, 'other'))
  put('sub/mine', 'x')
  forge([
    ['link/file', 'safe'],
    ['other', 'safe'],
    ['sub', 'x'],
  ])
  const result = write({ z: 'x' })
  assert.ok(result.ok)
  assert.equal(lines(result.kept), [
    'link/file: link is a symbolic link, which is not followed',
    'other: is a symbolic link, which is not followed',
    'sub: is a folder where a file is needed',
  ])
  assert.is(readFileSync(join(home, 'outside/file'), 'utf8'), 'safe')
  assert.ok(lstatSync(join(out, 'link')).isSymbolicLink())
  assert.ok(lstatSync(join(out, 'other')).isSymbolicLink())
})

for (const path of ['../outside', '/etc/hostname', 'a/../../outside', 'nul\0', '.meshjoin.lock', '']) {
  for (const name of ['.meshjoin.json', '.meshjoin.json.next']) {
    test(`${name} must not name ${JSON.stringify(path)}`, () => {
      writeFileSync(join(home, 'outside'), 'safe')
      forge([[path, 'safe']], name)
      const result = changesNothing(() => write({ a: 'x' }, { force: true }))
      assert.not(result.ok)
      assert.equal(paths(result.failures), [name])
    })
  }
}

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
  out = join(home, 'x/y/z')
  assert.ok(write({ a: 'x' }).ok)

  mkdirSync(join(home, 'real'))
  symlinkSync('real', join(home, 'link'))
  out = join(home, 'link')
  assert.ok(write({ 'd/a': 'x' }).ok)
  assert.ok(write({ 'd/a': 'x' }, { check: true }).ok)
  assert.ok(existsSync(join(home, 'real/d/a')))

  const before = process.cwd()
  mkdirSync(join(home, 'here'))
  process.chdir(join(home, 'here'))
  try {
    out = '.'
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
    out = join(home, dir)
    for (const options of [{}, { check: true }, { dryRun: true }]) {
      if (dir === 'dangling' && Object.keys(options).length > 0) continue // then it just does not exist
      const result = changesNothing(() => write({ a: 'x' }, options))
      assert.not(result.ok)
      assert.equal(paths(result.failures), [out])
      if (dir !== 'nul\0') assert.match(result.failures.first[0]?.reason ?? '', /^E[A-Z]+: [a-z ]+$/)
    }
  }
})

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

test('names of every kind survive', () => {
  const files = {
    'a b/ü😀': '1',
    'quote"\n/x': '2',
    '-rf': '3',
    '…': '4',
    '.hidden/.x': '5',
    'a:b@c.service': '6',
  }
  assert.ok(write(files).ok)
  assert.ok(write(files, { check: true }).ok)
  assert.ok(write({}).ok)
  assert.equal(readdirSync(out), ['.meshjoin.json'])
})

test('lists are cut, counts are not', () => {
  const names = Array.from({ length: 300 }, (_, index) => `f${String(index).padStart(3, '0')}`)
  for (const name of names) put(name, 'mine')
  const { conflicts } = write(Object.fromEntries(names.map((name) => [name, 'x'])))
  assert.is(conflicts.count, 300)
  assert.is(conflicts.first.length, 200)
})

test('large contents are compared and written whole', () => {
  const large = Buffer.alloc(3_000_000, 'abcdefg')
  assert.ok(write({ a: { content: large }, b: 'x' }).ok)
  assert.ok(readFileSync(join(out, 'a')).equals(large))
  assert.is(write({ a: { content: large }, b: 'x' }).unchanged.count, 2)
  for (const size of [65_535, 65_536, 65_537, 131_072]) {
    const part = large.subarray(0, size)
    assert.ok(write({ a: { content: part } }).ok)
    assert.ok(write({ a: { content: part } }, { check: true }).ok, String(size))
  }
})

test('memory does not grow with the number of artifacts', () => {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('no garbage collector')
  const used = () => {
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const samples: number[] = []
  const total = 50_000
  const many = function* (): Generator<Artifact> {
    for (let index = 0; index < total; index++) {
      if (index === 5_000 || index === total - 1) samples.push(used())
      const name = String(index).padStart(6, '0')
      yield {
        path: `machines/m${name.slice(0, 4)}/a-rather-long-file-name-${name}`,
        mode: 0o644,
        content: name,
        sensitive: false,
      }
    }
  }
  // New, unchanged, and everything stale: the last reads 50,000 entries for each artifact.
  assert.is(writeArtifacts(out, many, { version: '1' }).written.count, total)
  assert.is(writeArtifacts(out, many, { version: '1' }).unchanged.count, total)
  assert.ok(writeArtifacts(out, many, { version: '2' }).ok)
  assert.is(samples.length, 10)
  for (let index = 0; index < samples.length; index += 2) {
    const growth = (samples[index + 1] ?? 0) - (samples[index] ?? 0)
    // 45,000 paths alone would be more than 4 MB.
    assert.ok(growth < 1_500_000, `pass ${index / 2}: ${growth} bytes`)
  }
  assert.is(write({}).removed.count, total)
  assert.equal(readdirSync(out), ['.meshjoin.json'])
})

test.run()
