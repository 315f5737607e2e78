import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInRoot, type Suite } from './root.ts'

/** A cloud-config as cloud-init has it after its own splitting, decompressing and merging. */
export interface Merged {
  readonly config: Record<string, unknown>
  /** Path to content, octal mode, uid and gid, as cloud-init's own module left the file. */
  readonly written: Record<string, [content: string, mode: string, uid: number, gid: number]> | null
}

/** Hands user-data to cloud-init's own code. Several parts go in as one MIME message, in their order. */
export async function readUserData(
  system: Suite,
  requests: readonly { readonly parts: readonly (string | Uint8Array)[]; readonly write?: boolean }[],
): Promise<Merged[]> {
  const input = requests.map(({ parts, write }) => ({
    parts: parts.map((part) => Buffer.from(part).toString('base64')),
    write: write === true,
  }))
  const { stdout, stderr, status } = await runInRoot(
    system,
    ['/usr/bin/python3', '/opt/oracle/read-user-data.py'],
    { files: [script('read-user-data.py')], input: JSON.stringify(input) },
  )
  if (status !== 0 || stderr !== '') throw new Error(`cloud-init's code says: ${stderr}`)
  return JSON.parse(stdout) as Merged[]
}

/** A script of this folder, as it appears in the root file system. */
export function script(name: string): { path: string; content: string } {
  return { path: `/opt/oracle/${name}`, content: readFileSync(join(import.meta.dirname, name), 'utf8') }
}
