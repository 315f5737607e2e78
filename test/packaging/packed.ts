/** The package as users get it: packed, and unpacked into a fresh folder's node_modules. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Packed {
  /** A folder that has the package installed and nothing else. The caller removes it. */
  readonly folder: string
  readonly installed: string
  readonly tarball: string
}

/** Packs what the last build made, and installs it. It has no dependencies, so unpacking is all of it. */
export function installPacked(): Packed {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-packaging-'))
  // The scripts that npm would run have run: these tests come after a build.
  const options = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder, '--loglevel', 'error']
  const report: unknown = JSON.parse(execFileSync('npm', options, { encoding: 'utf8' }))
  const [packed] = (Array.isArray(report) ? report : Object.values(report as object)) as {
    filename: string
  }[]
  const tarball = join(folder, packed?.filename ?? '')
  const installed = join(folder, 'node_modules/meshjoin')
  mkdirSync(installed, { recursive: true })
  execFileSync('tar', ['--extract', '--file', tarball, '--directory', installed, '--strip-components=1'])
  return { folder, installed, tarball }
}

/** The files below a folder, sorted. */
export function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}
