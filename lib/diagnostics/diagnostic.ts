import { type CatalogueArguments, catalogue, type DiagnosticCode, type Severity } from './catalogue.ts'

export type { Severity } from './catalogue.ts'

/** A place in the source text. Lines and columns count from 1; columns count UTF-16 units. */
export interface Location {
  readonly line: number
  readonly column: number
}

/**
 * One finding about an input document, or about what would be generated from it.
 * `code` is stable across releases; `message` and `help` are for people and may change.
 */
export interface Diagnostic {
  /** Stable name of the finding; `docs/diagnostics.md` has a section for each. */
  readonly code: DiagnosticCode
  readonly severity: Severity
  /** JSON Pointer (RFC 6901) into the input document; `''` is the whole document. */
  readonly path: string
  /** Whether the finding is about the value at `path` or about its key. */
  readonly at: 'value' | 'key'
  /** What is wrong, in one sentence. */
  readonly message: string
  /** What to do about it. */
  readonly help: string
  /** Present where the input was text. */
  readonly location?: Location
}

/** Collects diagnostics; rules are handed one of these and return nothing. */
export type Report = <C extends DiagnosticCode>(
  code: C,
  path: string,
  args: CatalogueArguments<C>,
  at?: 'value' | 'key',
) => void

/** Makes a diagnostic of the catalogue's entry for `code`, without a location. */
export function diagnose<C extends DiagnosticCode>(
  code: C,
  path: string,
  args: CatalogueArguments<C>,
  at: 'value' | 'key' = 'value',
): Diagnostic {
  const entry = catalogue[code] as unknown as {
    severity: Severity
    message: (args: CatalogueArguments<C>) => string
    help: (args: CatalogueArguments<C>) => string
  }
  return { code, severity: entry.severity, path, at, message: entry.message(args), help: entry.help(args) }
}

/** A list and the report function that fills it. */
export function collectDiagnostics(): { readonly diagnostics: Diagnostic[]; readonly report: Report } {
  const diagnostics: Diagnostic[] = []
  return { diagnostics, report: (code, path, args, at) => diagnostics.push(diagnose(code, path, args, at)) }
}

/** True where at least one diagnostic is an error. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === 'error')
}

/** Sorts by position in the text, then by path and code, so that equal input gives equal output. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...diagnostics].sort(
    (a, b) =>
      (a.location?.line ?? 0) - (b.location?.line ?? 0) ||
      (a.location?.column ?? 0) - (b.location?.column ?? 0) ||
      compareText(a.path, b.path) ||
      compareText(a.code, b.code) ||
      compareText(a.message, b.message),
  )
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
