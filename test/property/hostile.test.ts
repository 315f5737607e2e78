/**
 * Hostile text through every place of the schema that takes text. It is refused with a diagnostic about that place, or
 * found back exactly, by readers of our own, in what is generated. Everything in between would be an injection.
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Artifact, type Diagnostic, generate, parse } from '../../lib/index.ts'
import { type EditableDocument, minimalWith } from '../unit/plan/document.ts'
import { found } from './found.ts'
import { factor, fragments, hostileText, seed } from './hostile.ts'
import { findPlaces, type Place, placePath, putText } from './places.ts'
import { readSinks } from './sinks.ts'

/** A document that every sink of today gets something of. */
const carrier = minimalWith((document) => {
  const install = {
    from: 'download' as const,
    url: 'https://mirror.example.com/{version}-{arch}',
    caFile: '/etc/ssl/ca.pem',
    httpProxy: 'http://proxy.example.com:3128',
    sha256: { amd64: 'a'.repeat(64), arm64: 'b'.repeat(64) },
  }
  document.proxy.install = install
  document.proxy.defaultInboundPolicy = 'all-authenticated'
  document.spire.agent.install = { ...install }
  document.ansible = { collection: { namespace: 'example', name: 'mesh', version: '1.2.0' } }
})

const places = findPlaces()
const runs = Math.ceil(8 * factor)
const test = suite('hostile text')

test('the walk over the schema finds the places, and their examples fit', () => {
  assert.ok(places.length > 200, String(places.length))
  for (const place of places)
    if (place.pattern !== undefined) assert.match(place.example, place.pattern, placePath(place))
  const known = new Set(places.map(placePath))
  for (const path of Object.keys(found)) assert.ok(known.has(path), `${path} is no place of the schema`)
})

test('text that is fine is found back at every place that has a sink', () => {
  for (const place of places) {
    const path = placePath(place)
    if (found[path] === undefined) continue
    check(place, place.example)
  }
})

test('fragments alone: each at a fifth of the places, every place a fifth of them', () => {
  for (const [shift, place] of places.entries())
    for (const [index, text] of fragments.entries()) if ((shift + index) % 5 === 0) check(place, text)
})

test('fragments in, around and before a value, at every place', () => {
  for (const place of places) {
    fc.assert(
      fc.property(hostileText(place.example), (text) => check(place, text)),
      { seed, numRuns: runs, verbose: false },
    )
  }
})

test('settings of the proxy take anything that one line of their file can hold, and give it back', () => {
  const name = 'LINKERD2_PROXY_LOG'
  const line = fc.string({ unit: fc.constantFrom(...' !"#$%&()*+,-./0:;<=>?@AZ[]^_`az{|}~'), maxLength: 200 })
  const property = fc.property(line, (text) => {
    const result = generate({ ...carrier, proxy: { ...carrier.proxy, settings: { [name]: text } } })
    assert.ok(result.ok, JSON.stringify(result.diagnostics))
    assert.is(readSinks(result.value ?? [], 'legacy-app').meshEnvironment.get(name), text)
  })
  fc.assert(property, { seed, numRuns: Math.ceil(150 * factor) })
})

test('the same text means the same whether it comes as an object or in YAML', () => {
  const property = fc.property(fc.constantFrom(...places), fc.constantFrom(...fragments), (place, text) => {
    const { document } = putText(carrier, place, place.example + text)
    const fromObject = generate(document)
    const fromText = generate(parse(JSON.stringify(document)))
    const sorted = (result: typeof fromText) => result.diagnostics.map(describe).sort()
    assert.equal(sorted(fromText), sorted(fromObject))
    assert.is(JSON.stringify(withoutLines(fromText.value)), JSON.stringify(fromObject.value))
  })
  fc.assert(property, { seed, numRuns: Math.ceil(150 * factor) })
})

test.run()

/** One text at one place: refused there, or found back; else this throws. */
function check(place: Place, text: string): void {
  const { document, path } = putText(carrier, place, text)
  const base = baseline(place)
  const result = generate(document)
  if (!result.ok) {
    const errors = result.diagnostics.filter(({ severity }) => severity === 'error')
    const fresh = errors.filter((error) => !base.errors.has(describe(error)))
    if (fresh.some((error) => path === error.path || path.startsWith(`${error.path}/`))) return
    // Text of the right form may clash with other fields, and is then refused there.
    if (place.pattern.test(text)) return
    throw new Error(
      `${path}: ${JSON.stringify(text)} is refused elsewhere: ${fresh.map(describe).join('; ')}`,
    )
  }
  const lookFor = found[placePath(place)]
  if (lookFor === undefined && text === place.example) return // nothing to compare it with
  const machine = (document as EditableDocument).machines[0]?.name ?? ''
  const sinks = readSinks(result.value, machine)
  const ok =
    lookFor === undefined ? JSON.stringify(result.value) === base.output : lookFor(sinks, text, place)
  if (ok !== true) throw new Error(`${path}: ${JSON.stringify(text)} is accepted, and not found back`)
}

/** The comments of the cluster's objects say the line of the input, which an object has not. */
function withoutLines(artifacts: readonly Artifact[] | undefined): readonly Artifact[] | undefined {
  return artifacts?.map((artifact) => {
    const { path, content } = artifact
    if (!path.startsWith('kubernetes/') || typeof content !== 'string') return artifact
    return { ...artifact, content: content.replace(/^(# .*), line [0-9]+$/gm, '$1') }
  })
}

interface Baseline {
  readonly errors: ReadonlySet<string>
  /** Undefined where the example of the place is refused. */
  readonly output: string | undefined
}

const baselines = new Map<Place, Baseline>()

/** What the place's own example gives: a refusal of the text must add something to that. */
function baseline(place: Place): Baseline {
  const known = baselines.get(place)
  if (known !== undefined) return known
  const result = generate(putText(carrier, place, place.example).document)
  const errors = new Set(result.diagnostics.filter(({ severity }) => severity === 'error').map(describe))
  const made = { errors, output: result.ok ? JSON.stringify(result.value) : undefined }
  baselines.set(place, made)
  return made
}

function describe({ code, path, message }: Diagnostic): string {
  return `${code} at ${path}: ${message}`
}
