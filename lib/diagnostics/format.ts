import type { Diagnostic, Severity } from './diagnostic.ts'
import { readablePath } from './pointer.ts'
import { isKeyLike, isSecretPath } from './secret.ts'

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
const longestLine = 8192

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
    const line = lineOf(options.source, location.line)
    // A document on one huge line, such as JSON: no reader finds a caret there.
    if (line !== undefined && line.length <= longestLine) {
      const { text, column } = maskSecrets(line, diagnostic, options.source)
      lines.push(...excerpt(text, location.line, column, (t) => paint(t, colors[severity])))
    }
  }
  lines.push(`  ${paint('help', '1')}: ${printable(help)}`)
  return lines.join('\n')
}

/** One line without its end. Walks instead of splitting: there may be thousands of diagnostics. */
function lineOf(source: string, number: number): string | undefined {
  const breaks = /\r\n|\n|\r/g
  for (let line = 1; line < number; line++) if (breaks.exec(source) === null) return undefined
  const start = breaks.lastIndex
  return source.slice(start, breaks.exec(source)?.index)
}

function excerpt(line: string, number: number, column: number, paint: (text: string) => string): string[] {
  const start = column > longestExcerpt ? column - longestExcerpt / 2 : 1
  const shown = printable(line.slice(start - 1, start - 1 + longestExcerpt))
  const before = printable(line.slice(start - 1, column - 1))
  const gutter = String(number).padStart(5)
  return [`${gutter} | ${shown}`, `${' '.repeat(5)} | ${' '.repeat(before.length)}${paint('^')}`]
}

/** Pieces of a line of YAML: space, comment, quoted text, punctuation, plain text. */
const piecePattern =
  /(\s+)|(#.*)|("(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?)|([{}[\],]|[-?:](?=\s|$)|(?<=["']):)|((?:(?!:(?:\s|$)|\s+#|\s+$)[^,{}[\]])+|.)/gsu

/** What cannot be parsed is shown as it is, but for a line that seems to hold a token. */
const secretName = /^.*?(token|secret|passw|credential|private|api-?key)[\w-]*["']?\s*:?/i

/**
 * The line with the one value that the caret points at. The other values of the line may be tokens or keys that were
 * pasted where they do not belong, and so may this one where a private key is about, or it belongs there; names are always shown.
 * Returns where the caret is now.
 */
function maskSecrets(line: string, { code, location, path }: Diagnostic, source: string) {
  const caret = (location?.column ?? 1) - 1
  const secret = code === 'yaml-syntax' ? secretName.exec(line)?.[0] : undefined
  if (secret !== undefined) return { text: `${secret} ...`, column: Math.min(caret, secret.length + 1) + 1 }
  const hides = isSecretPath(path) || /PRIVATE\s+KEY/.test(source)
  let text = ''
  let column = caret + 1
  for (const match of line.matchAll(piecePattern)) {
    const [piece, space, comment, quoted, mark] = match
    const end = match.index + piece.length
    const isValue =
      space === undefined && comment === undefined && mark === undefined && !isName(line, end, quoted)
    const isMeant = (caret >= match.index && caret < end) || code === 'yaml-syntax'
    if (match.index <= caret) column = text.length + 1 + Math.max(0, Math.min(caret, end) - match.index)
    if (comment !== undefined) break
    if ((!isValue || (isMeant && !hides)) && !isKeyLike(piece)) text += piece
    else {
      if (match.index <= caret && caret < end) column = text.length + 1
      text += '...'
    }
  }
  return { text: text.trimEnd(), column }
}

/** True where a colon follows; after a quoted name it needs no space. */
function isName(line: string, end: number, quoted: string | undefined): boolean {
  return (quoted === undefined ? /^\s*:(\s|$)/ : /^\s*:/).test(line.slice(end, end + 100))
}

/** Control characters would let a document write to the reader's terminal. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return character === '\t' ? ' ' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
