import { collectDiagnostics, type Diagnostic, hasErrors, sortDiagnostics } from '../diagnostics/diagnostic.ts'
import type { MeshjoinDocument } from '../generated/document.ts'
import { createContext } from './checks/context.ts'
import { checks } from './checks/index.ts'
import { pruneFaults } from './draft.ts'
import { isParsed, type Locate, type Parsed, parse } from './parse.ts'
import { checkSchema } from './schema-faults.ts'

const configMark: unique symbol = Symbol('config')

/** A document that passed every check. Only {@link validate} makes one; it shares nothing with the caller's object. */
export interface Config {
  readonly document: MeshjoinDocument
  /** Warnings and notes that the document got. */
  readonly diagnostics: readonly Diagnostic[]
  /** Adds the place in the text, where the input was text. */
  readonly locate: Locate | undefined
  /** @internal */
  readonly [configMark]: true
}

/** What every function of the library takes: text, what `parse` made of it, a plain object, or a checked config. */
export type Input = string | Parsed | Config | object

/** The outcome of a function that takes a document. `value` is there exactly where no diagnostic is an error. */
export type Result<T> =
  | { readonly ok: true; readonly value: T; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly value: undefined; readonly diagnostics: readonly Diagnostic[] }

/** Success. */
export function succeed<T>(value: T, diagnostics: readonly Diagnostic[]): Result<T> {
  return { ok: true, value, diagnostics }
}

/** Failure. */
export function fail(diagnostics: readonly Diagnostic[]): Result<never> {
  return { ok: false, value: undefined, diagnostics }
}

/**
 * Checks a document: its form against the schema, then every check that concerns several fields. All findings come in one
 * run, sorted by their place. Never throws, and never changes what it was given.
 */
export function validate(input: Input): Result<Config> {
  if (isConfig(input)) return succeed(input, input.diagnostics)
  const parsed = typeof input === 'string' ? parse(input) : isParsed(input) ? input : undefined
  if (parsed !== undefined && hasErrors(parsed.diagnostics)) return fail(parsed.diagnostics)
  const value: unknown = parsed === undefined ? input : parsed.value
  const { diagnostics, report } = collectDiagnostics()
  const faults = checkSchema(value, report, parsed?.typed)
  const draft = pruneFaults(value, faults)
  const context = createContext(draft, report)
  for (const check of checks) check(context)
  const located = sortDiagnostics(
    diagnostics.map((diagnostic) => locateDiagnostic(diagnostic, parsed?.locate)),
  )
  if (hasErrors(located)) return fail(located)
  const document = freeze(draft) as MeshjoinDocument
  return succeed({ document, diagnostics: located, locate: parsed?.locate, [configMark]: true }, located)
}

/** Adds the place of a diagnostic, where it has none yet and the text is known. */
export function locateDiagnostic(diagnostic: Diagnostic, locate: Locate | undefined): Diagnostic {
  if (locate === undefined || diagnostic.location !== undefined) return diagnostic
  return { ...diagnostic, location: locate(diagnostic.path, diagnostic.at) }
}

function isConfig(input: unknown): input is Config {
  return typeof input === 'object' && input !== null && configMark in input
}

function freeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  for (const child of Object.values(value)) freeze(child)
  return Object.freeze(value)
}
