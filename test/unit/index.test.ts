/** Whatever comes in: no exception, no change to the caller's object, the same outcome twice, findings that fit. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { schemaWords } from '../../lib/generated/schema-words.ts'
import {
  type Diagnostic,
  formatDiagnostic,
  generate,
  type Input,
  parse,
  plan,
  type Result,
  validate,
} from '../../lib/index.ts'
import { readExample } from './diagnostics/base.ts'

const test = suite('every function takes everything')

const examples = (['minimal', 'walkthrough', 'fleet'] as const).map(readExample)
const options = (numRuns: number) => ({ seed: 20261122, numRuns })

/** `plan` includes `resolve`. */
const functions: readonly ((input: Input) => Result<unknown>)[] = [validate, plan, generate]

/** Calls everything, what includes the rest twice, and holds the outcome to what the types promise. Throws where a function throws. */
function exercise(input: string | object): readonly Diagnostic[] {
  let last: readonly Diagnostic[] = []
  for (const call of functions) {
    const first = call(input)
    assert.is(first.ok, !first.diagnostics.some(({ severity }) => severity === 'error'))
    assert.is(first.ok, first.value !== undefined)
    if (call === generate) assert.is(JSON.stringify(call(input)), JSON.stringify(first))
    last = first.diagnostics
  }
  return last
}

function exerciseText(text: string): void {
  const lines = text.split(/\r\n|\n|\r/)
  const diagnostics = exercise(text)
  for (const diagnostic of diagnostics) {
    const { line = 0, column = 0 } = diagnostic.location ?? {}
    assert.ok(line >= 1 && line <= lines.length, `line ${line} of ${lines.length}`)
    assert.ok(column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 2, `column ${column}`)
    const printed = formatDiagnostic(diagnostic, { filename: 'mesh.yaml', source: text })
    assert.not.match(printed, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/)
  }
  const places = diagnostics.map(({ location }) => [location?.line ?? 0, location?.column ?? 0] as const)
  for (const [index, [line, column]] of places.entries()) {
    const [before, at] = places[index - 1] ?? [0, 0]
    assert.ok(line > before || (line === before && column >= at), 'sorted by place')
  }
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  for (const child of Object.values(value)) deepFreeze(child)
  Object.freeze(value)
}

/** In a frozen object every attempt to change something throws, so that it cannot go unseen. */
function exerciseObject(value: object): void {
  deepFreeze(value)
  for (const diagnostic of exercise(value)) {
    assert.is(diagnostic.location, undefined)
    formatDiagnostic(diagnostic)
  }
}

/** UTF-16 units of any kind, half of a pair among them. */
const anyUnits = (maxLength = 20) =>
  fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)), maxLength })
const words = [...new Set(Object.values(schemaWords).flatMap(Object.keys))]
const hostileKeys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'a/b~c', '', '0', 'length']
const hostileTexts = [
  ...[
    '',
    '\u0000',
    '\n',
    '\u0085',
    '\ud800',
    '-----BEGIN PRIVATE KEY-----',
    '{{x}}',
    '$(id)',
    '../..',
    '\u202e',
  ],
  ...['0.0.0.0/0', '::/0', '::1', '10.0.0.1', 'spiffe://a/b', '2.18', 'edge-99.99.99', 'v2.9999.9999', '0h'],
]
const key = fc.oneof(fc.constantFrom(...words), fc.constantFrom(...hostileKeys), fc.string())
const scalar = fc.oneof(
  fc.constantFrom<unknown>(...hostileTexts, null, true, false, 0, -1, 22, 4143, 65536, 1e300, 0.5),
  fc.string(),
  anyUnits(),
  fc.integer(),
  fc.double(),
)
/** Anything that JSON can hold, and more, with keys that the schema knows more often than chance would have it. */
const anything = fc.letrec<{ value: unknown; list: unknown[]; map: Record<string, unknown> }>((tie) => ({
  value: fc.oneof({ maxDepth: 5 }, scalar, tie('list'), tie('map')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  map: fc.dictionary(key, tie('value'), { maxKeys: 6 }),
}))

test('text', () => {
  const yaml = fc.constantFrom(
    ...': ',
    '- ',
    '\n',
    '  ',
    '{',
    '}',
    '[',
    ']',
    ',',
    '"',
    "'",
    '|\n',
    '>\n',
    '#',
    '&a ',
  )
  const more = fc.constantFrom(
    '*a',
    '!!str ',
    '!x ',
    '? ',
    '---\n',
    '...\n',
    '%YAML 1.2\n',
    '<<: ',
    '\t',
    '\r\n',
    '\uFEFF',
  )
  const piece = fc.oneof(yaml, more, key, anyUnits(5))
  const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''))
  fc.assert(fc.property(fc.oneof(text, anyUnits()), exerciseText), options(1200))
})

test('objects', () => {
  fc.assert(fc.property(anything.map, exerciseObject), options(800))
  fc.assert(fc.property(anything.list, exerciseObject), options(200))
})

test('what is no document at all, at run time', () => {
  for (const value of [null, undefined, 0, true, Symbol('x'), 10n, () => {}, new Date(0), /x/, new Map()])
    exercise(value as unknown as object)
})

test('an object that is deeper than any stack, contains itself, or has no prototype', () => {
  let deep: unknown = {}
  for (let depth = 0; depth < 100_000; depth++) deep = { mesh: deep }
  exercise(deep as object)
  const knot: { mesh?: object; machines?: unknown[] } = {}
  knot.mesh = knot
  knot.machines = [knot]
  exercise(knot)
  exerciseObject(Object.assign(Object.create(null), { apiVersion: 'meshjoin/v1' }) as object)
})

test('examples with a piece of text replaced', () => {
  const change = fc.record({
    example: fc.constantFrom(...examples),
    at: fc.nat(),
    length: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(200)),
    text: fc.oneof(key, fc.constantFrom(...hostileTexts, ': ', '\n', ' ', '{', '"', '-'), fc.constant('')),
  })
  const apply = ({
    example,
    at,
    length,
    text,
  }: {
    example: string
    at: number
    length: number
    text: string
  }) => {
    const start = at % example.length
    return example.slice(0, start) + text + example.slice(start + length)
  }
  fc.assert(
    fc.property(change, (value) => exerciseText(apply(value))),
    options(400),
  )
})

/** Replaces, removes or adds one entry somewhere in a plain value. Returns a copy. */
function mutate(value: unknown, path: readonly number[], name: string | undefined, put: unknown): unknown {
  const [step = 0, ...rest] = path
  if (typeof value !== 'object' || value === null) return put
  const entries = Object.entries(value)
  const chosen = entries.length === 0 ? undefined : entries[step % entries.length]
  const changed = entries.flatMap((entry): [string, unknown][] => {
    if (entry !== chosen) return [entry]
    if (rest.length > 0) return [[entry[0], mutate(entry[1], rest, name, put)]]
    return put === undefined ? [] : [[name ?? entry[0], put]]
  })
  return Array.isArray(value) ? changed.map(([, item]) => item) : Object.fromEntries(changed)
}

test('examples with one to three values replaced, renamed or removed', () => {
  const values = examples.map((text) => parse(text).value)
  const change = fc.record({
    path: fc.array(fc.nat(40), { minLength: 1, maxLength: 6 }),
    name: fc.option(key, { nil: undefined, freq: 3 }),
    put: fc.oneof(anything.value, scalar, fc.constant(undefined)),
  })
  fc.assert(
    fc.property(
      fc.constantFrom(...values),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      (value, changes) => {
        const changed = changes.reduce<unknown>(
          (current, { path, name, put }) => mutate(current, path, name, put),
          value,
        )
        exerciseObject(Object(structuredClone(changed)) as object)
      },
    ),
    options(500),
  )
})

test('the examples themselves, frozen, as text, as parsed text and as objects', () => {
  for (const text of examples) {
    const parsed = parse(text)
    deepFreeze(parsed.value)
    exerciseText(text)
    exerciseObject(parsed.value as object)
    const strip = (list: readonly Diagnostic[]) =>
      list.map(({ location: _, ...rest }) => JSON.stringify(rest)).sort()
    assert.equal(strip(validate(parsed).diagnostics), strip(validate(parsed.value as object).diagnostics))
    assert.is(validate(parsed).ok, true)
  }
})

test.run()
