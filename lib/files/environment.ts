import { checkEnvironmentName, escapeEnvironmentValue } from '../escape/environment-file.ts'
import type { EnvironmentEntry } from '../plan/environment.ts'
import { type Notation, writeText } from '../plan/value.ts'

/** An `EnvironmentFile=` of systemd: comments, then one entry after the other. */
export function printEnvironment(
  comments: readonly string[],
  entries: readonly EnvironmentEntry[],
  notation: Notation,
): string {
  const head = comments.map((comment) => `# ${comment}\n`).join('')
  return head + entries.map((entry) => printEntry(entry, notation)).join('')
}

function printEntry({ name, value, kind, of }: EnvironmentEntry, notation: Notation): string {
  const text = escapeEnvironmentValue(writeText(value, notation), kind === 'pem')
  const line = `${checkEnvironmentName(name)}=${text}\n`
  return of === undefined ? line : notation.some(of, line)
}
