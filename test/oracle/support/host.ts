import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Artifact } from '../../../lib/index.ts'

/** Files of ours below a folder, as on a host of which it is the root, but without systemd. */
export interface Host {
  /** Where a path of the host is. */
  at(path: string): string
  /** A configuration in JSON, with the host's paths below the folder. */
  read(path: string): unknown
  /** Makes folders, as the units ask systemd to. */
  makeFolders(...paths: readonly string[]): void
  /** Puts a file of ours in the place of one that the operator brings. */
  place(path: string, file: string): void
  /** Copies what a unit has handed over to its program. */
  handOver(unit: string): void
}

/** Lays out what is generated below a prefix. */
export function layOut(root: string, artifacts: readonly Artifact[], prefix: string): Host {
  const at = (path: string) => join(root, path)
  for (const { path, content } of artifacts) {
    if (!path.startsWith(prefix)) continue
    const target = at(path.slice(prefix.length))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, content)
  }
  const read = (path: string): unknown =>
    JSON.parse(readFileSync(at(path), 'utf8'), (_key, value: unknown) =>
      typeof value === 'string' && /^\/(dev|etc|run|var\/lib)\//.test(value) ? at(value) : value,
    )
  const handOver = (unit: string) => {
    const folder = at(join('/run/credentials', basename(unit)))
    mkdirSync(folder, { recursive: true })
    const lines = readFileSync(at(unit), 'utf8').matchAll(/^LoadCredential=([^:]+):(.+)$/gm)
    for (const [, id = '', source = ''] of lines) copyFileSync(at(source), join(folder, id))
  }
  const makeFolders = (...paths: readonly string[]) => {
    for (const path of paths) mkdirSync(at(path), { recursive: true })
  }
  const place = (path: string, file: string) => {
    mkdirSync(dirname(at(path)), { recursive: true })
    symlinkSync(file, at(path))
  }
  return { at, read, makeFolders, place, handOver }
}
