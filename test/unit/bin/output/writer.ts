import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type Notes,
  type WriteOptions,
  type WriteResult,
  writeArtifacts,
} from '../../../../bin/output/write.ts'
import type { Artifact } from '../../../../lib/artifact.ts'

/** A folder of its own for the case that runs now. */
export let home = ''
/** The output folder in it, which is not there yet. */
export let out = ''

/** Has this case write elsewhere. */
export function writeTo(path: string): void {
  out = path
}

/** A suite whose cases have a folder each. */
export function writerSuite(name: string): ReturnType<typeof suite> {
  const test = suite(name)
  // One of its own: the suites of several files run in one process.
  const base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'meshjoin-write-'))
  test.before.each(() => {
    home = mkdtempSync(join(base, 'case-'))
    out = join(home, 'out')
  })
  test.after(() => {
    rmSync(base, { recursive: true, force: true })
  })
  return test
}

/** Artifacts from `path: content`, in the order that the writer wants. */
export function artifacts(files: Record<string, string | Partial<Artifact>>): Artifact[] {
  return Object.entries(files)
    .map(([path, file]) => {
      const given = typeof file === 'string' ? { content: file } : file
      return { path, mode: 0o644 as const, content: '', sensitive: false, ...given }
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

export function write(
  files: Record<string, string | Partial<Artifact>>,
  options: Partial<WriteOptions> = {},
): WriteResult {
  const list = artifacts(files)
  return writeArtifacts(out, () => list, { version: '1.0.0', ...options })
}

export function put(path: string, content: string, mode = 0o644): void {
  mkdirSync(dirname(join(out, path)), { recursive: true })
  writeFileSync(join(out, path), content)
  chmodSync(join(out, path), mode)
}

/** Everything below a folder: names, modes and bytes. Symbolic links are not followed. */
export function snapshot(dir = home): string[] {
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
export function changesNothing(action: () => WriteResult): WriteResult {
  const before = snapshot()
  const result = action()
  assert.equal(snapshot().map(withoutFolderTime), before.map(withoutFolderTime))
  return result
}

/** The lock comes and goes, which shows in the time of its folder. */
export function withoutFolderTime(line: string): string {
  return line.endsWith(' /') ? line.replace(/ [\d.]+ \/$/, '') : line
}

export const paths = (notes: Notes) => notes.first.map((note) => note.path)
export const lines = (notes: Notes) => notes.first.map((note) => `${note.path}: ${note.reason}`)
export const modeOf = (path: string) => lstatSync(join(out, path)).mode & 0o7777
export const sum = (text: string) => createHash('sha256').update(text).digest('hex')

/** A manifest that says whatever it is told. */
export function forge(
  entries: readonly (readonly [path: string, content: string])[],
  name = '.meshjoin.json',
): void {
  const list = entries.map(([path, content]) => JSON.stringify({ path, mode: '0644', sha256: sum(content) }))
  put(name, `{"meshjoin":1,"generator":"meshjoin 1.0.0","files":[\n${list.join(',\n')}\n]}\n`)
}
