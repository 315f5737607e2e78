import * as assert from 'uvu/assert'
import type { Artifact } from '../../../lib/index.ts'

/** What is on a machine: mode and content by path. */
export type Files = Map<string, string>

/** A file in a few words that can be compared. */
export function describeFile(mode: number, content: Artifact['content']): string {
  return `${mode.toString(8)}\n${content}`
}

/** What the target `systemd` puts on each machine, by its name. */
export function filesOfMachines(artifacts: readonly Artifact[]): Map<string, Files> {
  const machines = new Map<string, Files>()
  for (const { path, mode, content } of artifacts) {
    const [, name, file] = /^systemd\/(?!firewall\/)([^/]+)(\/.+)$/.exec(path) ?? []
    if (name === undefined || file === undefined) continue
    machines.set(name, (machines.get(name) ?? new Map()).set(file, describeFile(mode, content)))
  }
  return machines
}

/** An entry of what the role copies or templates. */
export interface Placed {
  readonly path: string
  /** In octal digits. */
  readonly mode: string
  readonly src: string
}

/** What the role makes of an entry, by its path. */
export function describePlaced(
  { path, mode }: Omit<Placed, 'src'>,
  content: Artifact['content'],
): [string, string] {
  return [path, describeFile(Number.parseInt(mode, 8), content)]
}

export function assertSameFiles(has: Files, wanted: Files, what: string): void {
  assert.equal([...has.keys()].sort(), [...wanted.keys()].sort(), what)
  for (const [path, file] of wanted) assert.is(has.get(path), file, `${what}: ${path}`)
}
