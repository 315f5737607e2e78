import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { generateLazily, validate } from '../../../lib/index.ts'
import { readDocuments } from './cases.ts'

/** The part of JSON Schema that the document's schema uses. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
  readonly propertyNames?: Schema
  readonly items?: Schema
  readonly enum?: readonly Json[]
  readonly minimum?: number
  readonly maximum?: number
  readonly pattern?: string
  readonly maxLength?: number
  readonly examples?: readonly unknown[]
  readonly definitions?: Readonly<Record<string, Schema>>
}

/** A place in a document that holds a string: a value, or the key of a map. */
export interface Field {
  /** Pointer into the schema's shape, `*` for any item and any key of a map; `(key)` at the end for a key. */
  readonly name: string
  readonly kind: 'value' | 'key'
  readonly pattern: RegExp | undefined
  readonly maxLength: number
}

/** A field in a document that is accepted as it stands. */
export interface Site {
  readonly field: Field
  readonly document: Json
  /** For a key: the way to the map, and then the key. */
  readonly way: readonly string[]
  /** The string that is there. */
  readonly present: string
  /** Whether the targets that are built take the document. */
  readonly generated: boolean
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** By name, so that what only the cluster's targets read may be there. */
export const machineTargets = ['ansible', 'cloud-init', 'spire', 'systemd']

export const root = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../schemas/meshjoin.v1.schema.json'), 'utf8'),
) as Schema

export function follow(schema: Schema): Schema {
  const name = schema.$ref?.replace('#/definitions/', '')
  const found = name === undefined ? schema : root.definitions?.[name]
  if (found === undefined) throw new Error(`the schema has no ${schema.$ref}`)
  return found
}

function isText(schema: Schema): boolean {
  return schema.type === 'string' || (Array.isArray(schema.type) && schema.type.includes('string'))
}

function toField(name: string, kind: Field['kind'], { pattern, maxLength }: Schema): Field {
  const expression = pattern === undefined ? undefined : new RegExp(pattern, 'u')
  return { name, kind, pattern: expression, maxLength: maxLength ?? 64 }
}

/** Every string field of the schema, by name. */
export function readFields(): Map<string, Field> {
  const fields = new Map<string, Field>()
  const walk = (given: Schema, name: string): void => {
    const schema = follow(given)
    if (isText(schema)) fields.set(name, toField(name, 'value', schema))
    for (const [key, child] of Object.entries(schema.properties ?? {})) walk(child, `${name}/${key}`)
    if (typeof schema.additionalProperties === 'object') {
      fields.set(`${name}/(key)`, toField(`${name}/(key)`, 'key', schema.propertyNames ?? {}))
      walk(schema.additionalProperties, `${name}/*`)
    }
    if (schema.items !== undefined) walk(schema.items, `${name}/*`)
  }
  walk(root, '')
  return fields
}

/** Where a document holds each field; the first place of each. */
function findSites(document: Json, fields: ReadonlyMap<string, Field>, generated: boolean): Site[] {
  const sites = new Map<string, Site>()
  const add = (name: string, way: readonly string[], present: string) => {
    const field = fields.get(name)
    if (field !== undefined && !sites.has(name)) sites.set(name, { field, document, way, present, generated })
  }
  const walk = (given: Schema, value: Json, name: string, way: readonly string[]): void => {
    const schema = follow(given)
    if (typeof value === 'string') add(name, way, value)
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries())
        walk(schema.items ?? {}, item, `${name}/*`, [...way, String(index)])
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, child] of Object.entries(value as Record<string, Json>)) {
        const known = schema.properties?.[key]
        if (known !== undefined) walk(known, child, `${name}/${key}`, [...way, key])
        else if (typeof schema.additionalProperties === 'object') {
          add(`${name}/(key)`, [...way, key], key)
          walk(schema.additionalProperties, child, `${name}/*`, [...way, key])
        }
      }
    }
  }
  walk(root, document, '', [])
  return [...sites.values()]
}

/** Adds every optional property that can be added with an example of the schema, so that few documents reach all fields. */
export function enrich(document: Json, accepted: (document: Json) => boolean, lean = false): Json {
  let current = document
  const walk = (given: Schema, way: readonly string[]): void => {
    if (lean && way[0] === 'machines') return
    const schema = follow(given)
    const value = look(current, way)
    if (Array.isArray(value)) {
      for (const index of value.keys()) if (index < 2) walk(schema.items ?? {}, [...way, String(index)])
      return
    }
    if (typeof value !== 'object' || value === null) return
    for (const [key, child] of Object.entries(schema.properties ?? {})) {
      if (look(current, [...way, key]) === undefined) {
        for (const example of [...(follow(child).examples ?? []), ...(child.examples ?? [])]) {
          const richer = put(current, [...way, key], example as Json)
          if (!accepted(richer)) continue
          current = richer
          break
        }
      }
      walk(child, [...way, key])
    }
    if (typeof schema.additionalProperties === 'object')
      for (const key of Object.keys(value)) walk(schema.additionalProperties, [...way, key])
  }
  walk(root, [])
  return current
}

/** One site for each field of the schema, in a document that is generated where there is such a one. */
export function chooseSites(
  lean: ReadonlyMap<string, string>,
  carriers: ReadonlyMap<string, string>,
): { sites: Site[]; missing: string[] } {
  const fields = readFields()
  const chosen = new Map<string, Site>()
  const isValid = (document: Json) => validate(document as object).ok
  const isGenerated = (document: Json) => generateLazily(document as object, { targets: machineTargets }).ok
  const collect = (found: readonly Site[]) => {
    for (const site of found) {
      const known = chosen.get(site.field.name)
      if (known === undefined || (site.generated && !known.generated)) chosen.set(site.field.name, site)
    }
  }
  for (const [top, text] of lean) {
    const found = findSites(enrich(load(text) as Json, isGenerated, true), fields, true)
    collect(found.filter(({ field }) => field.name.startsWith(top === 'group' ? '/groups' : '/defaults')))
  }
  // Short ones first: a small document is checked faster, some hundred thousand times.
  const texts = [...readDocuments().values(), ...carriers.values()].sort((a, b) => a.length - b.length)
  for (const document of texts.map((text) => load(text) as Json)) {
    if (!isValid(document)) continue
    if (isGenerated(document)) collect(findSites(enrich(document, isGenerated), fields, true))
    collect(findSites(enrich(document, isValid), fields, false))
  }
  const missing = [...fields.keys()].filter((name) => !chosen.has(name))
  return { sites: [...chosen.values()].sort((a, b) => (a.field.name < b.field.name ? -1 : 1)), missing }
}

/** The value at a place. */
export function look(document: Json, way: readonly string[]): Json | undefined {
  let value: Json | undefined = document
  for (const step of way) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string, Json>)[step]
  }
  return value
}

/** A copy of a document with another value at a place; all else is shared. */
export function put(document: Json, way: readonly string[], value: Json): Json {
  const [step, ...rest] = way
  if (step === undefined) return value
  if (Array.isArray(document)) {
    const items = [...document] as Json[]
    items[Number(step)] = put(items[Number(step)] ?? null, rest, value)
    return items
  }
  const map = (document ?? {}) as Record<string, Json>
  return own({ ...map }, step, put(map[step] ?? null, rest, value))
}

/** A copy of a document with another string at a site. */
export function mutate(site: Site, text: string): Json {
  if (site.field.kind === 'value') return put(site.document, site.way, text)
  const map = look(site.document, site.way.slice(0, -1)) as Record<string, Json>
  const renamed: Record<string, Json> = {}
  for (const [key, value] of Object.entries(map)) own(renamed, key === site.present ? text : key, value)
  const changed = put(site.document, site.way.slice(0, -1), renamed)
  return site.field.name === '/groups/(key)' ? renameGroup(changed, site.present, text) : changed
}

/** The machines of a group follow its name. */
function renameGroup(document: Json, from: string, to: string): Json {
  const machines = (look(document, ['machines']) ?? []) as readonly Json[]
  const moved = machines.map((machine) =>
    look(machine, ['group']) === from ? put(machine, ['group'], to) : machine,
  )
  return put(document, ['machines'], moved)
}

/** Sets a key even where it is called `__proto__`. */
function own(map: Record<string, Json>, key: string, value: Json): Record<string, Json> {
  return Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true })
}
