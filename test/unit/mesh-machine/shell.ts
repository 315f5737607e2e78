import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Words of a shell that takes `-euc SCRIPT`. */
export type Shell = readonly [command: string, ...options: string[]]

export interface Said {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export const partsFolder = join(import.meta.dirname, '../../../templates/mesh-machine')

/**
 * Sources parts of the machine's program and runs a script behind them, in a folder of its own that goes again. Throws where
 * the shell cannot be started.
 */
export function runParts(shell: Shell, parts: readonly string[], script: string, input = ''): Said {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-parts-'))
  try {
    const sourced = parts.map((part) => `. '${partsFolder}/${part}.sh'\n`).join('')
    const [command, ...options] = shell
    const { status, stdout, stderr, error } = spawnSync(command, [...options, '-euc', sourced + script], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
      input,
    })
    if (error !== undefined) throw error
    return { status: status ?? -1, stdout, stderr }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
