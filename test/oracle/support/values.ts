import * as assert from 'uvu/assert'
import type { CloudConfig, MachinePlan } from '../../../lib/index.ts'
import { bootNotation } from '../../../lib/plan/boot.ts'
import { literalNotation, writeText } from '../../../lib/plan/value.ts'
import { type Json, look, type Site } from './fields.ts'

/** What is made for one machine of a document. */
export interface Output {
  readonly plan: MachinePlan
  readonly config: CloudConfig
}

/** Where a string of a site stands, as a JSON Pointer. */
export function pointerOf(site: Site): (text: string) => string {
  return (text) => {
    const way = site.field.kind === 'key' ? [...site.way.slice(0, -1), text] : site.way
    return way.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  }
}

/** The machine that a site is about, out of a document's plans; the first one for what concerns all. */
export function choosePlan(site: Site, plans: readonly MachinePlan[], text: string): MachinePlan | undefined {
  const [top, name] = site.way
  if (top === 'machines') return plans.find(({ path }) => path === `/machines/${name}`)
  if (top !== 'groups') return plans[0]
  const group = site.field.kind === 'key' && site.way.length === 2 ? text : name
  return (
    plans.find(({ path }) => look(site.document, [...path.split('/').slice(1), 'group']) === group) ??
    plans[0]
  )
}

/** Every value that a machine's files hold, by where a reader finds it. */
export function collectValues({ plan, config }: Output): Map<string, string> {
  const values = new Map<string, string>()
  for (const [file, entries] of environmentFiles(plan))
    for (const [name, value] of entries) values.set(`${file} ${name}`, value)
  for (const { path, content } of config.write_files) {
    if (path.endsWith('.env')) continue
    if (path.endsWith('.conf') && content.includes("='")) {
      for (const [name, value] of readAssignments(content)) values.set(`${path} ${name}`, value)
    } else if (path.endsWith('.json')) {
      collectLeaves(JSON.parse(content) as Json, path, values)
    } else values.set(path, content)
  }
  return values
}

/** The plan's own values of both environment files. */
export function environmentFiles(plan: MachinePlan): Map<string, Map<string, string>> {
  const write = (entries: MachinePlan['environment'], notation = literalNotation) =>
    new Map(entries.map(({ name, value }) => [name, writeText(value, notation)]))
  return new Map([
    ['/etc/linkerd/mesh.env', write(plan.mesh.environment)],
    plan.boot === undefined
      ? ['/etc/linkerd/machine.env', write(plan.environment)]
      : ['/etc/linkerd/machine.env.in', write(plan.environment, bootNotation)],
  ])
}

/** The grammar of mesh-machine's data: one `NAME='…'` a line, comments, and nothing else. */
export function readAssignments(text: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, name, value] = /^([A-Z][A-Z0-9_]*)='([^']*)'$/.exec(line) ?? []
    if (name === undefined || value === undefined) throw new Error(`not an assignment: ${line}`)
    values.set(name, value)
  }
  return values
}

function collectLeaves(value: Json, path: string, values: Map<string, string>): void {
  if (typeof value !== 'object' || value === null) values.set(path, JSON.stringify(value))
  else
    for (const [key, child] of Object.entries(value)) collectLeaves(child as Json, `${path} ${key}`, values)
}

/**
 * Knows where a field's string stands verbatim in the output: where two known strings both do, each in the other's
 * stead. Any third one must stand there too, and nothing else may differ.
 */
export class VerbatimCheck {
  readonly #known: string | undefined
  readonly #places = new Map<string, string>()

  constructor(site: Site, candidates: Iterable<string>, outputOf: (text: string) => Output | undefined) {
    // Addresses and certificates are written in a normal form; a number of another family goes to another file.
    if (/^\^\[0-9A-Fa-f|BEGIN/.test(site.field.pattern?.source ?? '')) return
    if (site.field.name === '/mesh/trustAnchors') return
    const found: [string, Map<string, string>][] = []
    for (const text of candidates) {
      if (text.length < 5 || isRewritten(text) || found.some(([other]) => other.includes(text))) continue
      const output = outputOf(text)
      if (output !== undefined) found.push([text, collectValues(output)])
      if (found.length === 2) break
    }
    const [[one, before] = ['', new Map<string, string>()], [two, after] = ['', new Map<string, string>()]] =
      found
    if (found.length < 2) return
    this.#known = one
    for (const [place, value] of before) {
      const moved = place.replaceAll(one, () => two)
      const changed = value.replaceAll(one, () => two)
      if ((moved !== place || changed !== value) && after.get(moved) === changed)
        this.#places.set(place, value)
    }
  }

  /** How many places hold the field's string. */
  get size(): number {
    return this.#places.size
  }

  /** Fails unless the string stands at every place where the known ones stood. */
  check(text: string, output: Output, title: string): void {
    if (this.#known === undefined || this.#places.size === 0 || isRewritten(text)) return
    const values = collectValues(output)
    for (const [place, value] of this.#places) {
      const expected = value.replaceAll(this.#known, () => text)
      assert.is(values.get(place.replaceAll(this.#known, () => text)), expected, `${title} at ${place}`)
    }
  }
}

/** An address is written in its normal form, and a placeholder is filled in. */
function isRewritten(text: string): boolean {
  return /^\[?[0-9A-Fa-f:.]+\]?(:[0-9]+)?$|\{(version|arch|sha256)\}/.test(text)
}
