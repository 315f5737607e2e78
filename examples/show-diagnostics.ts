/**
 * Turns findings into the markers of an editor. `check` is all that an editor's plug-in needs.
 * Usage: show-diagnostics.ts DOCUMENT
 */
import { readFileSync } from 'node:fs'
import { type Diagnostic, parse, validate } from 'meshjoin'

interface Marker {
  readonly line: number
  readonly column: number
  readonly kind: Diagnostic['severity']
  readonly text: string
  readonly page: string
}

/** Never throws, whatever the text is: half a document while somebody types is the usual case. */
export function check(text: string): Marker[] {
  return validate(parse(text)).diagnostics.map(({ location, severity, message, help, code }) => ({
    line: location?.line ?? 1,
    column: location?.column ?? 1,
    kind: severity,
    text: `${message} (${help})`,
    page: `docs/diagnostics.md#${code}`,
  }))
}

if (process.argv[1] === import.meta.filename) {
  const markers = check(readFileSync(process.argv[2] ?? 'mesh.yaml', 'utf8'))
  for (const { line, column, kind, text } of markers) console.log(`${line}:${column} ${kind}: ${text}`)
}
