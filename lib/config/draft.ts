import { pointerTokens } from '../diagnostics/pointer.ts'
import type { MeshjoinDocument } from '../generated/document.ts'
import type { SchemaFault } from '../generated/validator.js'
import { unknownKey } from './schema-faults.ts'

/** A document of which parts may be missing, because they are, or because they do not fit the schema. */
export type Draft = Partial2<MeshjoinDocument>

/** Every property and every item of a type, optional at any depth. */
export type Partial2<T> = T extends readonly (infer I)[]
  ? readonly (Partial2<I> | undefined)[]
  : T extends object
    ? { readonly [K in keyof T]?: Partial2<T[K]> | undefined }
    : T

/**
 * A copy of the value without the parts that do not fit the schema, so that the cross-field rules can look at the rest: all
 * mistakes are reported in one run. Items of a list keep their places.
 */
export function pruneFaults(value: unknown, faults: readonly SchemaFault[]): Draft {
  const holder = { root: structuredCopy(value) }
  for (const fault of faults) {
    if (!prunes.has(fault.keyword)) continue
    const tokens = pointerTokens(fault.instancePath)
    const key = unknownKey(fault)
    if (key !== undefined) tokens.push(key)
    removeAt(holder, ['root', ...tokens])
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

function removeAt(holder: object, tokens: readonly string[]): void {
  let parent: unknown = holder
  for (const token of tokens.slice(0, -1)) parent = isRecord(parent) ? parent[token] : undefined
  const last = tokens.at(-1)
  if (!isRecord(parent) || last === undefined || !Object.hasOwn(parent, last)) return
  if (Array.isArray(parent)) parent[Number(last)] = undefined
  else delete parent[last]
}

function structuredCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(structuredCopy)
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, structuredCopy(child)]))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
