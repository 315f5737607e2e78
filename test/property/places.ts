import { schema } from '../../lib/schema.ts'

type Node = Readonly<Record<string, unknown>>

/** A place of the document that holds text of its author: a value, or the key of a map. */
export interface Place {
  /** Keys and indices from the top; lists have index 0, maps the key of their example. */
  readonly tokens: readonly string[]
  readonly kind: 'value' | 'key'
  /** A value that the schema itself gives as an example. */
  readonly example: string
  /** What the schema lets through. */
  readonly pattern: RegExp
}

/** Every such place of the schema, found by walking it: a new field is in the properties without anybody's doing. */
export function findPlaces(): Place[] {
  const places: Place[] = []
  walk(schema as unknown as Node, [], places, undefined)
  return places
}

function walk(given: Node, tokens: readonly string[], places: Place[], inherited: unknown): void {
  const node = typeof given.$ref === 'string' ? definition(given.$ref) : given
  const examples = node.examples as readonly unknown[] | undefined
  const example = examples?.find((one) => typeof one === 'string') ?? examples?.[0] ?? inherited
  const types = ([] as unknown[]).concat(node.type)
  if (types.includes('string')) {
    const words = (node.enum ?? [node.const]) as readonly unknown[]
    const pattern = new RegExp(
      typeof node.pattern === 'string' ? node.pattern : `^(${words.join('|')})$`,
      'u',
    )
    places.push({
      tokens,
      kind: 'value',
      example: typeof example === 'string' ? example : fallback(node),
      pattern,
    })
  }
  if (types.includes('array')) {
    const items: unknown[] = Array.isArray(example) ? example : []
    walk(
      node.items as Node,
      [...tokens, '0'],
      places,
      items.find((item) => typeof item === 'string') ?? items[0],
    )
  }
  if (!types.includes('object')) return
  for (const [name, child] of Object.entries((node.properties ?? {}) as Record<string, Node>))
    walk(child, [...tokens, name], places, isMap(example) ? example[name] : undefined)
  if (!isMap(node.additionalProperties)) return
  const [key, value] = Object.entries(isMap(example) ? example : {})[0] ?? ['app', 'billing']
  const names = isMap(node.propertyNames) ? node.propertyNames : {}
  const pattern = new RegExp(String(names.pattern), 'u')
  places.push({ tokens: [...tokens, key], kind: 'key', example: key, pattern })
  walk(node.additionalProperties, [...tokens, key], places, value)
}

function definition(reference: string): Node {
  const name = reference.replace('#/definitions/', '')
  const found = (schema.definitions as unknown as Record<string, Node>)[name]
  if (found === undefined) throw new Error(`the schema has no ${reference}`)
  return found
}

function fallback(node: Node): string {
  const [first] = (node.enum ?? [node.const ?? node.default]) as readonly unknown[]
  if (typeof first === 'string') return first
  return ([] as unknown[]).concat(node.type).includes('integer') ? '4567-4568' : 'example' // a range of ports
}

function isMap(value: unknown): value is Record<string, unknown> & Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A place as a JSON Pointer. */
export function placePath({ tokens }: Pick<Place, 'tokens'>): string {
  return tokens.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** A copy of the document with a text at a place; lists and maps on the way are made where they are missing. */
export function putText(document: object, place: Place, text: string): { document: object; path: string } {
  const copy = structuredClone(document) as Record<string, unknown>
  let parent: Record<string, unknown> = copy
  for (const [index, token] of place.tokens.slice(0, -1).entries()) {
    const empty = place.tokens[index + 1] === '0' ? [] : {}
    const next = Object.hasOwn(parent, token) ? parent[token] : undefined
    if (typeof next !== 'object' || next === null) define(parent, token, empty)
    parent = parent[token] as Record<string, unknown>
  }
  const last = place.tokens.at(-1) ?? ''
  if (place.kind === 'value') {
    define(parent, last, text)
    return { document: copy, path: placePath(place) }
  }
  const value = Object.hasOwn(parent, last) ? parent[last] : 'billing'
  delete parent[last]
  define(parent, text, value)
  return { document: copy, path: placePath({ tokens: [...place.tokens.slice(0, -1), text] }) }
}

/** As JSON.parse does: `__proto__` becomes a key like any other. */
function define(parent: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true })
}
