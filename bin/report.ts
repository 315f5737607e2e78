import { writeSync } from 'node:fs'
import { type Diagnostic, formatDiagnostic } from '../lib/index.ts'
import { type ExitCode, exit, IoError } from './exit.ts'
import type { Source } from './read.ts'

/** Prints diagnostics for people on stderr, and a last line that counts them. */
export function printDiagnostics(diagnostics: readonly Diagnostic[], { filename, text }: Source): void {
  const color = wantsColor()
  const blocks = diagnostics.map(
    (diagnostic) => `${formatDiagnostic(diagnostic, { filename, source: text, color })}\n\n`,
  )
  process.stderr.write(blocks.join(''))
  if (diagnostics.length > 0) process.stderr.write(`${countSeverities(diagnostics)}\n`)
}

/** The exit code that diagnostics ask for. */
export function codeOf(diagnostics: readonly Diagnostic[], strict: boolean): ExitCode {
  const stopping = diagnostics.some(
    ({ severity }) => severity === 'error' || (strict && severity === 'warning'),
  )
  return stopping ? exit.findings : exit.fine
}

/** Writes data on stdout, all of it before the process may end. A reader that went away is no fault. */
export function writeOut(data: string | Uint8Array): void {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += writeSync(1, bytes, offset)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'EPIPE') return
      if (code !== 'EAGAIN') throw new IoError(`stdout: ${String(code)}`)
    }
  }
}

function countSeverities(diagnostics: readonly Diagnostic[]): string {
  const parts = (['error', 'warning', 'info'] as const).flatMap((severity) => {
    const count = diagnostics.filter((diagnostic) => diagnostic.severity === severity).length
    const word = severity === 'info' ? 'note' : severity
    return count === 0 ? [] : [`${count} ${word}${count === 1 ? '' : 's'}`]
  })
  return parts.join(', ')
}

function wantsColor(): boolean {
  const { FORCE_COLOR, NO_COLOR, TERM } = process.env
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '' && FORCE_COLOR !== '0') return true
  return process.stderr.isTTY === true && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb'
}
