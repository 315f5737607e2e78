/*
 * A program that the kill test starts, and kills: `write-child --write-child DIR VARIANT MACHINES`.
 * It says `go` before it writes, and how many milliseconds it took.
 */
import { writeSync } from 'node:fs'
import { writeArtifacts } from '../../../../bin/output/write.ts'
import type { Artifact } from '../../../../lib/artifact.ts'

export type Variant = 'a' | 'b' | 'c'

/** Variants share files, change some, and have machines that the others have not. */
export function fleet(variant: Variant, machines: number): Artifact[] {
  const files: Artifact[] = []
  const add = (path: string, content: string, mode: Artifact['mode'] = 0o644, sensitive = false) =>
    files.push({ path, content, mode, sensitive })
  add('README.md', `variant ${variant}\n`)
  for (let index = 0; index < machines; index++) {
    const only = { 0: 'a', 1: 'b', 2: 'c' }[index % 5]
    if (only !== undefined && only !== variant) continue
    const name = `m${index}`
    // A third of the files are the same everywhere, so that a run also has something to leave alone.
    add(`cloud-init/${name}/meta-data`, `instance-id: ${name}\n`)
    add(`cloud-init/${name}/user-data`, `# ${variant} ${name}\n`.repeat(1 + (index % 40)), 0o600, true)
    add(`systemd/${name}/usr/local/sbin/mesh-machine`, `#!/bin/sh\n# ${variant === 'c'}\n`, 0o755)
    add(`systemd/${name}/${variant}/only`, name)
  }
  return files.sort((x, y) => (x.path < y.path ? -1 : 1))
}

if (process.argv[2] === '--write-child') {
  const [dir = '', variant = '', machines = ''] = process.argv.slice(3)
  const artifacts = fleet(variant as Variant, Number(machines))
  const start = performance.now()
  writeSync(1, 'go\n')
  const result = writeArtifacts(dir, () => artifacts, { version: '1.0.0' })
  writeSync(1, `${performance.now() - start}\n`)
  process.exitCode = result.ok ? 0 : 1
  if (!result.ok) process.stderr.write(JSON.stringify(result))
}
