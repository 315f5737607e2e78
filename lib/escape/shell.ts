import { EscapeError } from './refusal.ts'

/** One word of POSIX sh: always in single quotes, whatever is in it. Refuses NUL, which no shell can hold. */
export function escapeShellWord(text: string): string {
  if (text.includes('\0')) throw new EscapeError('shell word', 'NUL')
  return `'${text.replaceAll("'", `'\\''`)}'`
}
