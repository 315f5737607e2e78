import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type ManifestEntry,
  ManifestError,
  type ManifestKind,
  ManifestReader,
  ManifestWriter,
  Recorded,
} from '../../../../bin/output/manifest.ts'

const test = suite('manifest')
const home = mkdtempSync(join(tmpdir(), 'meshjoin-manifest-'))
const file = join(home, 'manifest')
const kinds: readonly ManifestKind[] = ['manifest', 'journal']

test.before.each(() => {
  rmSync(file, { recursive: true, force: true })
})

test.after(() => {
  rmSync(home, { recursive: true, force: true })
})

const entry = (path: string, digit = '0', mode: ManifestEntry['mode'] = 0o644): ManifestEntry => {
  return { path, mode, sha256: digit.repeat(64) }
}

function write(entries: readonly ManifestEntry[]): string {
  rmSync(file, { force: true })
  const writer = new ManifestWriter(file, 'meshjoin 1.0.0', 0o644)
  for (const each of entries) writer.add(each)
  writer.finish()
  return readFileSync(file, 'utf8')
}

function read(kind: ManifestKind): ManifestEntry[] {
  const reader = ManifestReader.open(file, kind)
  if (reader === undefined) throw new Error('no file')
  try {
    const entries: ManifestEntry[] = []
    for (let next = reader.next(); next !== undefined; next = reader.next()) entries.push(next)
    assert.is(reader.next(), undefined)
    return entries
  } finally {
    reader.close()
  }
}

function readText(text: string, kind: ManifestKind): ManifestEntry[] {
  writeFileSync(file, text)
  return read(kind)
}

function problem(text: string, kind: ManifestKind = 'manifest'): string {
  try {
    readText(text, kind)
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error
    assert.is(error.kind, kind)
    return error.message
  }
  throw new Error(`it was read: ${text.slice(0, 200)}`)
}

const head = '{"meshjoin":1,"generator":"meshjoin 1.0.0","files":['
const zeros = '0'.repeat(64)
const line = (path: string) => `{"path":${JSON.stringify(path)},"mode":"0644","sha256":"${zeros}"}`
const whole = (...list: string[]) =>
  `${[head, list.join(',\n'), ']}'].filter((part) => part !== '').join('\n')}\n`

test('what is written is JSON, one entry a line, and is read back', () => {
  const entries = [entry('a', '1'), entry('b/"c\n', 'a', 0o755), entry('é😀', 'f', 0o600)]
  const text = write(entries)
  assert.is(
    text,
    `${head}
{"path":"a","mode":"0644","sha256":"${'1'.repeat(64)}"},
{"path":"b/\\"c\\n","mode":"0755","sha256":"${'a'.repeat(64)}"},
{"path":"é😀","mode":"0600","sha256":"${'f'.repeat(64)}"}
]}
`,
  )
  const { files }: { files: unknown[] } = JSON.parse(text)
  assert.is(files.length, 3)
  for (const kind of kinds) assert.equal(read(kind), entries)
  assert.is(write([]), `${head}\n]}\n`)
  for (const kind of kinds) assert.equal(read(kind), [])
})

test('a reader tells generator and mode; no file is no reader', () => {
  assert.is(ManifestReader.open(file, 'manifest'), undefined)
  write([entry('a')])
  const reader = ManifestReader.open(file, 'manifest')
  assert.is(reader?.generator, 'meshjoin 1.0.0')
  assert.is(reader?.mode, 0o644)
  reader?.close()
})

test('entries are in the file once flushed', () => {
  const writer = new ManifestWriter(file, 'meshjoin 1.0.0', 0o600)
  writer.add(entry('a'))
  writer.flush()
  assert.equal(read('journal'), [entry('a')])
  writer.add(entry('b'))
  writer.flush()
  assert.equal(read('journal'), [entry('a'), entry('b')])
  writer.close()
  assert.is(statSync(file).mode & 0o777, 0o600)
})

test('a journal may stop at any byte, a manifest at none but the last', () => {
  const entries = [entry('a'), entry('b'), entry('ü')]
  const bytes = Buffer.from(write(entries))
  const seen = new Set<number>()
  for (let length = 0; length < bytes.length; length++) {
    writeFileSync(file, bytes.subarray(0, length))
    const found = read('journal')
    assert.equal(found, entries.slice(0, found.length), `${length} bytes`)
    seen.add(found.length)
    // Without its last line feed it is still whole.
    if (length < bytes.length - 1)
      assert.throws(
        () => read('manifest'),
        (error: unknown) => error instanceof ManifestError,
        `${length} bytes`,
      )
  }
  assert.equal([...seen], [0, 1, 2, 3])
})

test('long manifests are read across the ends of buffers', () => {
  const entries: ManifestEntry[] = []
  for (let index = 0; index < 3000; index++) {
    entries.push(entry(`${String(index).padStart(5, '0')}/${'ü'.repeat(index % 97)}x`))
  }
  write(entries)
  assert.equal(read('manifest'), entries)
})

test('what is not a manifest is refused', () => {
  assert.is(problem(''), 'it is empty')
  for (const text of ['hello\n', 'hello', '[]\n', '{"name":"x"}\n', '{\n', `\ufeff${whole()}`]) {
    assert.is(problem(text), 'it is not a manifest of meshjoin', text)
  }
  for (const text of ['hello', '{"name', '{"meshjoin":2', `x${head}`]) {
    assert.is(problem(text, 'journal'), 'it is not a manifest of meshjoin', text)
  }
  assert.is(
    problem('{"meshjoin":2,"generator":"x","files":[\n]}\n'),
    'another version of meshjoin wrote it, in another format',
  )
  assert.match(problem(`${JSON.stringify({ meshjoin: 1, generator: 'x', files: [] })}\n`), 'line 1')
  assert.match(problem('{"meshjoin":1,"files":[\n]}\n'), 'line 1')
  rmSync(file)
  mkdirSync(file)
  assert.throws(() => read('manifest'), /not a regular file/)
  rmSync(file, { recursive: true })
  writeFileSync(join(home, 'target'), whole())
  symlinkSync('target', file)
  assert.throws(() => read('manifest'), /not a regular file/)
})

test('damage is refused, with its line', () => {
  const cases: readonly (readonly [text: string, reason: string])[] = [
    [whole(line('a'), 'nonsense'), 'line 3: this is not an entry'],
    [whole(line('a'), 'null'), 'line 3: this is not an entry'],
    [whole(line('a'), '[]'), 'line 3: this is not an entry'],
    [whole('{}'), 'line 2: an entry needs "path", "mode" and "sha256"'],
    [whole(line('a').replace('0644', '0777')), 'line 2: the mode is not one that meshjoin gives'],
    [whole(line('a').replace('0644', 'constructor')), 'line 2: the mode is not one that meshjoin gives'],
    [whole(line('a').replace('000"', 'xyz"')), 'line 2: this is not a sha256 checksum'],
    [whole(line('b'), line('a')), 'line 3: the entries are not sorted'],
    [whole(line('a'), '', line('b')), 'line 3: this is not an entry'],
    [`${whole(line('a'))}more\n`, 'line 4: there is text after the end'],
    [`${head}\n${line('a')}\n`, 'line 3: it ends too early'],
    [whole(line('x'.repeat(100_000))), 'line 2: the line is too long'],
    [`${head}\n${'x'.repeat(1_000_000)}`, 'line 2: the line is too long'],
  ]
  for (const [text, reason] of cases) assert.is(problem(text), `it is damaged, ${reason}`)
})

test('no path in it is trusted', () => {
  const paths = ['../x', 'a/../../x', '/x', '', '.', 'a/./b', 'a//b', 'a/', 'nul\0', 'a\\b', '\ud800']
  paths.push('.meshjoin.json', '.meshjoin.json.next', '.meshjoin.lock', 'a/.meshjoin-tmp', 'x'.repeat(4097))
  for (const path of paths) {
    for (const kind of kinds) assert.match(problem(whole(line(path)), kind), 'line 2: the ', path)
    // Also not in the last line of a journal, when it is complete.
    assert.match(problem(`${head}\n${line(path)}`, 'journal'), 'line 2: the ', path)
  }
})

test('manifest and journal are read as one list', () => {
  const other = join(home, 'journal')
  write([entry('a', '1'), entry('b', '1'), entry('b', '2'), entry('d', '1')])
  writeFileSync(other, readFileSync(file))
  write([entry('b', '2'), entry('b', '3'), entry('c', '3'), entry('e', '3')])
  const open = () => [ManifestReader.open(other, 'manifest'), ManifestReader.open(file, 'journal'), undefined]
  const seen: string[] = []
  const show = ({ path, entries }: { path: string; entries: readonly ManifestEntry[] }) => {
    seen.push(`${path}${entries.map(({ sha256 }) => sha256[0]).join('')}`)
  }
  new Recorded(open()).drain(show)
  assert.equal(seen, ['a1', 'b123', 'c3', 'd1', 'e3'])

  seen.length = 0
  const recorded = new Recorded(open())
  assert.equal(recorded.take('A', show), [])
  assert.is(recorded.take('b', show).length, 3)
  assert.equal(recorded.take('b', show), [])
  assert.equal(recorded.take('cc', show), [])
  assert.equal(recorded.take('e', show), [entry('e', '3')])
  assert.equal(recorded.take('f', show), [])
  recorded.drain(show)
  assert.equal(seen, ['a1', 'c3', 'd1'])
})

test('a leftover in the place of a new manifest is replaced, a link is not followed', () => {
  const target = join(home, 'safe')
  writeFileSync(target, 'safe')
  symlinkSync(target, file)
  new ManifestWriter(file, 'x', 0o644).finish()
  assert.is(readFileSync(target, 'utf8'), 'safe')
  assert.ok(existsSync(file))
  assert.equal(read('manifest'), [])
})

test.run()
