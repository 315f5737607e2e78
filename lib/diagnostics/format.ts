import type { Diagnostic, Severity } from './diagnostic.ts'
import { readablePath } from './pointer.ts'

/** How {@link formatDiagnostic} prints. */
export interface FormatOptions {
  /** Name of the input, printed before the line number; default `input`. */
  readonly filename?: string
  /** The text that was parsed; where given, the line and a caret are printed too. */
  readonly source?: string
  /** ANSI colours; default none. The library never looks at a terminal or an environment. */
  readonly color?: boolean
}

const colors: Record<Severity, string> = { error: '31', warning: '33', info: '36' }
const longestExcerpt = 100

/**
 * A diagnostic for people: place, code, reason, the source line with a caret, and the remedy.
 *
 * ```text
 * config.yaml:12:9: error[unknown-value]: "iptable" is not one of iptables, nftables
 *    12 |   backend: iptable
 *       |            ^
 *   help: did you mean "iptables"?
 * ```
 */
export function formatDiagnostic(diagnostic: Diagnostic, options: FormatOptions = {}): string {
  const { severity, code, message, help, location, path } = diagnostic
  const paint = (text: string, style: string) =>
    options.color === true ? `\u001b[${style}m${text}\u001b[0m` : text
  const file = options.filename ?? 'input'
  const place =
    location === undefined ? `${file}: ${readablePath(path)}` : `${file}:${location.line}:${location.column}`
  const lines = [
    `${paint(place, '1')}: ${paint(`${severity}[${code}]`, colors[severity])}: ${printable(message)}`,
  ]
  if (location !== undefined && options.source !== undefined) {
    const line = options.source.split(/\r\n|\n|\r/)[location.line - 1]
    const shown = line === undefined ? undefined : maskSecrets(line, diagnostic, options.source)
    if (shown !== undefined)
      lines.push(...excerpt(shown, location.line, location.column, (t) => paint(t, colors[severity])))
  }
  lines.push(`  ${paint('help', '1')}: ${printable(help)}`)
  return lines.join('\n')
}

function excerpt(line: string, number: number, column: number, paint: (text: string) => string): string[] {
  const start = column > longestExcerpt ? column - longestExcerpt / 2 : 1
  const shown = printable(line.slice(start - 1, start - 1 + longestExcerpt))
  const before = printable(line.slice(start - 1, column - 1))
  const gutter = String(number).padStart(5)
  return [`${gutter} | ${shown}`, `${' '.repeat(5)} | ${' '.repeat(before.length)}${paint('^')}`]
}

/**
 * A key pasted by mistake must not reach a log by way of the message about it; nor must the value of a key that
 * meshjoin does not know, which may be a token.
 */
function maskSecrets(line: string, { code, location }: Diagnostic, source: string): string {
  const masked = source.includes('PRIVATE KEY') ? line.replace(/[A-Za-z0-9+/=]{16,}/g, '...') : line
  if (code !== 'unknown-key') return masked
  const key = /^[^:]*:?/.exec(line.slice((location?.column ?? 1) - 1))?.[0] ?? ''
  return `${line.slice(0, (location?.column ?? 1) - 1)}${key}${key.endsWith(':') ? ' ...' : ''}`
}

/** Control characters would let a document write to the reader's terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return character === '\t' ? ' ' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
