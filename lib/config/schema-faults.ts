import type { Report } from '../diagnostics/diagnostic.ts'
import { pointer, pointerTokens } from '../diagnostics/pointer.ts'
import { isKeyLike, isSecretPath } from '../diagnostics/secret.ts'
import { suggestValue, suggestWord } from '../diagnostics/suggestion.ts'
import { schemaWords } from '../generated/schema-words.ts'
import { type SchemaFault, validateDocument } from '../generated/validator.js'
import { forms, repairValue } from './forms.ts'
import { type OtherForm, recognizeBinary, recognizeForm } from './pem-form.ts'

/** What was typed for a number or a truth value; undefined where the document is no text. */
export type Typed = (path: string) => string | undefined

/** Checks a value against the schema. Reports one diagnostic for each place, and returns the faulty places. */
export function checkSchema(value: unknown, report: Report, typed: Typed = () => undefined): SchemaFault[] {
  if (validateDocument(value)) return []
  const seen = new Set<string>()
  const faults = (validateDocument.errors ?? []).filter((fault) => {
    // One place may break its length, its pattern and its list: the first says enough.
    const place = `${fault.instancePath} ${fault.keyword === 'required' ? String(fault.params.missingProperty) : ''}${unknownKey(fault) ?? ''}`
    if (fault.keyword === 'propertyNames' || seen.has(place)) return false
    seen.add(place)
    return true
  })
  for (const fault of faults) reportFault(value, fault, report, typed)
  return faults
}

/** The key that a fault is about, where it is not about a value. */
export function unknownKey(fault: SchemaFault): string | undefined {
  if (fault.keyword === 'additionalProperties') return String(fault.params.additionalProperty)
  return fault.propertyName
}

function reportFault(root: unknown, fault: SchemaFault, report: Report, typed: Typed): void {
  const { keyword, instancePath: path, params } = fault
  const { title, example, keys } = describe(path)
  const value = valueAt(root, path)
  const hides = isSecretPath(path)
  const shown = hides ? '...' : shorten(typeof value === 'string' ? value : (typed(path) ?? value))
  if (fault.propertyName !== undefined) {
    const key = fault.propertyName
    const { rule, repaired } = describeForm(key, params.pattern)
    report('bad-key', keyPath(path, key), { key: shorten(key), what: title, rule, repaired }, 'key')
  } else if (keyword === 'additionalProperties') {
    const key = String(params.additionalProperty)
    const place = keyPath(path, key)
    const why = findImpossible(key)
    if (why !== undefined) report('key-impossible', place, { key: shorten(key), why }, 'key')
    else
      report(
        'unknown-key',
        place,
        {
          key: shorten(key),
          suggestion: suggestWord(key, keys),
          elsewhere: findElsewhere(key),
          allowed: keys,
        },
        'key',
      )
  } else if (keyword === 'required') {
    const key = String(params.missingProperty)
    report('missing-key', path, { key, about: describe(pointer(path, key)).title }, 'key')
  } else if (keyword === 'type' && path === '/apiVersion' && typeof value === 'number') {
    report('unknown-value', path, { value: shown, allowed: [example], suggestion: undefined })
  } else if (keyword === 'type') {
    const quoted = typeof value === 'number' || typeof value === 'boolean' ? typed(path) : undefined
    report('wrong-type', path, {
      expected: typeWords(params.type),
      actual: describeValue(value, shown),
      quoted: quoted && shown,
    })
  } else if (keyword === 'enum' || keyword === 'const') {
    const allowed = (keyword === 'enum' ? (params.allowedValues as unknown[]) : [params.allowedValue]).map(
      String,
    )
    report('unknown-value', path, { value: shown, allowed, suggestion: suggestValue(shown, allowed) })
  } else if (keyword === 'pattern') {
    const control = typeof value === 'string' ? findControl(value, String(params.pattern)) : undefined
    const other = control === undefined ? pastedForm(value, params.pattern) : recognizeBinary(String(value))
    if (other !== undefined) report('pem-other-form', path, { ...other })
    else if (control !== undefined) report('control-character', path, { codepoint: control })
    else {
      const { rule, repaired } = describeForm(shown, params.pattern)
      const meant = hides ? undefined : repaired
      report('bad-format', path, { value: shown, what: title, rule, repaired: meant, example })
    }
  } else if (keyword === 'minimum' || keyword === 'maximum') {
    report('out-of-range', path, {
      value: shown,
      limit: `${keyword === 'minimum' ? 'at least' : 'at most'} ${String(params.limit)}`,
    })
  } else {
    report('size-limit', path, {
      what: title === '' ? 'this' : title,
      limit: limitWords(keyword, params.limit),
    })
  }
}

/** The rule of a pattern in words, and what was probably meant. A key that is too long breaks no pattern. */
function describeForm(value: string, pattern: unknown): { rule: string; repaired: string | undefined } {
  const rule = typeof pattern === 'string' ? forms[pattern] : undefined
  if (rule === undefined) return { rule: 'shorter', repaired: undefined }
  const repaired = repairValue(value, String(pattern))
  return { rule, repaired: repaired === undefined || repaired.length > 72 ? undefined : repaired }
}

/** What the schema says of the place of a value. */
function describe(path: string): { title: string; example: string; keys: string[] } {
  let current = 'Document'
  let title = ''
  let example = ''
  let inside = false // an index or a key comes next
  for (const token of pointerTokens(path)) {
    if (inside) {
      inside = false
      continue
    }
    const object = schemaWords[current] ?? {}
    const word = Object.hasOwn(object, token) ? object[token] : undefined
    if (word === undefined) continue // an item of a list, or an entry of a map, of texts
    ;[title, example] = word
    current = word[2]?.replace('[]', '') ?? ''
    inside = word[2]?.startsWith('[]') === true
  }
  return { title, example, keys: inside ? [] : Object.keys(schemaWords[current] ?? {}) }
}

/** Settings of SPIRE with which Linkerd's proxy would have no identity; so the language has none of them. */
const impossibleKeys: Readonly<Record<string, string>> = {
  dnsnames: "Linkerd's proxy refuses a certificate that has a DNS name",
  keytype: "Linkerd's proxy takes ECDSA P-256 alone, which is what SPIRE makes",
}

function findImpossible(key: string): string | undefined {
  const plain = key.replaceAll('_', '').toLowerCase()
  return Object.entries(impossibleKeys).find(([end]) => plain.endsWith(end))?.[1]
}

/** The one place outside of lists and maps where a key belongs; undefined where there is none, or more than one. */
function findElsewhere(key: string): string | undefined {
  const places: string[] = []
  const visit = (object: string, path: string): void => {
    for (const [name, [, , refers = '']] of Object.entries(schemaWords[object] ?? {})) {
      const place = path === '' ? name : `${path}.${name}`
      if (name === key) places.push(place)
      if (refers !== '' && !refers.startsWith('[]')) visit(refers, place)
    }
  }
  visit('Document', '')
  return places.length === 1 ? places[0] : undefined
}

function valueAt(root: unknown, path: string): unknown {
  let value = root
  for (const token of pointerTokens(path)) {
    value =
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[token] : undefined
  }
  return value
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys',
}

function typeWords(type: unknown): string {
  const types = Array.isArray(type) ? type : String(type).split(',')
  return types.map((name) => typeNames[String(name)] ?? String(name)).join(' or ')
}

function describeValue(value: unknown, shown: string): string {
  if (typeof value === 'string') return `the text "${shown}"`
  if (value === null || value === undefined) return 'nothing'
  return typeof value === 'object' ? shorten(value) : `the ${typeof value} ${shown}`
}

function limitWords(keyword: string, limit: unknown): string {
  const bound = keyword.startsWith('min') ? 'at least' : 'at most'
  const [unit, units] = keyword.endsWith('Length')
    ? ['character', 'characters']
    : keyword.endsWith('Items')
      ? ['entry', 'entries']
      : ['key', 'keys']
  return keyword === 'uniqueItems'
    ? 'no entry twice'
    : `${bound} ${String(limit)} ${limit === 1 ? unit : units}`
}

function keyPath(path: string, key: string): string {
  return isKeyLike(key) ? path : pointer(path, key)
}

/** A value as a message may repeat it: neither long nor a key. */
export function shorten(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'a map of keys'
  const text = String(value)
  if (isKeyLike(text)) return 'PEM text'
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/** Control characters, line separators, a byte-order mark, or half of a surrogate pair. */
const controlPattern =
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** Lines are not at fault where the pattern takes them: then it is another character. */
function findControl(text: string, pattern: string): string | undefined {
  const match = controlPattern.exec(pattern.includes('\\n') ? text.replace(/[\t\r\n]/g, ' ') : text)
  return match === null
    ? undefined
    : `U+${match[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
}

/** What was pasted where the pattern asks for PEM, among others. */
function pastedForm(value: unknown, pattern: unknown): OtherForm | undefined {
  return typeof value === 'string' && String(pattern).includes('-----BEGIN ')
    ? recognizeForm(value)
    : undefined
}
