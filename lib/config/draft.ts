import { pointerTokens } from '../diagnostics/pointer.ts'
import type { MeshjoinDocument } from '../generated/document.ts'
import type { SchemaFault } from '../generated/validator.js'
import { unknownKey } from './schema-faults.ts'

/** A document of which parts may be missing, because they are, or because they do not fit the schema. */
export type Draft = DeepPartial<MeshjoinDocument>

/** Every property and every item of a type, optional at any depth. */
export type DeepPartial<T> = T extends readonly (infer I)[]
  ? readonly (DeepPartial<I> | undefined)[]
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> | undefined }
    : T

/**
 * A copy of the value without the parts that do not fit the schema, so that the checks of several fields can look at the rest: all
 * mistakes are reported in one run. Items of a list keep their places.
 */
export function pruneFaults(value: unknown, faults: readonly SchemaFault[]): Draft {
  const holder = { root: structuredCopy(value) }
  for (const fault of faults) {
    if (!prunes.has(fault.keyword)) continue
    const key = unknownKey(fault)
    const tokens = ['root', ...pointerTokens(fault.instancePath)]
    if (key === undefined) blankAt(holder, tokens, false)
    else blankAt(holder, [...tokens, key], true)
  }
  const { root } = holder
  return typeof root === 'object' && root !== null && !Array.isArray(root) ? (root as Draft) : {}
}

/** Faults that make the value itself unusable; a list that is too long still has usable items. */
const prunes = new Set([
  'type',
  'enum',
  'const',
  'pattern',
  'maxLength',
  'minLength',
  'minimum',
  'maximum',
  'additionalProperties',
])

/** True where a key is not there at all; one whose value does not fit has been reported and stays, without a value. */
export function isAbsent(map: object | undefined, key: string): boolean {
  return map === undefined || !(key in map)
}

function blankAt(holder: object, tokens: readonly string[], remove: boolean): void {
  let parent: unknown = holder
  for (const token of tokens.slice(0, -1)) parent = isRecord(parent) ? parent[token] : undefined
  const last = tokens.at(-1)
  if (!isRecord(parent) || last === undefined || !Object.hasOwn(parent, last)) return
  if (remove) delete parent[last]
  else parent[last] = undefined
}

/** Deeper than any document; a caller's object may be deeper, or contain itself. */
const deepest = 12

function structuredCopy(value: unknown, depth = 0): unknown {
  if (!isRecord(value)) return value
  if (depth > deepest) return undefined
  if (Array.isArray(value)) return value.map((item) => structuredCopy(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, structuredCopy(child, depth + 1)]),
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
