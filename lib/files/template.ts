import type Handlebars from 'handlebars'
import runtime from 'handlebars/runtime.js'
import { checksums, templates, texts } from '../generated/templates.js'
import { helpers, type SlotName } from './helpers.ts'

// The runtime part has no compiler, and so no eval; its own types are empty.
const handlebars = (runtime as unknown as typeof Handlebars).create()
for (const [name, escaper] of Object.entries(helpers)) {
  handlebars.registerHelper(name, (...parameters: unknown[]) => {
    if (parameters.length !== 2) throw new TypeError(`${name} takes one value`) // the last is Handlebars' options
    const [value] = parameters
    if (typeof value === 'string') return escaper(value)
    if (Number.isSafeInteger(value)) return escaper(String(value))
    throw new TypeError(`${name}: template value is ${value === null ? 'null' : typeof value}`)
  })
}

type Compiled = (data: object, options: object) => string

const compiled = new Map<string, Compiled>()
// Given explicitly: left undefined, a look-up such as toString would be logged to the console.
const safe = { allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false }

/**
 * Renders a template by its path below `templates/`, with the templates that fill its slots. The data is complete: no optional
 * fields.
 */
export function renderTemplate(
  name: string,
  data: object,
  slots: Readonly<Partial<Record<SlotName, string>>> = {},
): string {
  const partials = Object.fromEntries(Object.entries(slots).map(([slot, filler]) => [slot, compile(filler)]))
  return compile(name)(data, { ...safe, partials })
}

function compile(name: string): Compiled {
  const known = compiled.get(name)
  if (known !== undefined) return known
  if (!Object.hasOwn(templates, name)) throw new TypeError(`there is no template ${name}`)
  const template = handlebars.template(templates[name] as TemplateSpecification)
  compiled.set(name, template)
  return template
}

/** A file of `templates/` that has no mustaches. */
export function readText(name: string): string {
  const text = Object.hasOwn(texts, name) ? texts[name] : undefined
  if (text === undefined) throw new TypeError(`there is no text ${name}`)
  return text
}

/** The SHA-256 of a program of the machine, as lower-case hex. */
export function readChecksum(name: string): string {
  const checksum = Object.hasOwn(checksums, name) ? checksums[name] : undefined
  if (checksum === undefined) throw new TypeError(`there is no checksum of ${name}`)
  return checksum
}

/** The files of a folder below `templates/` that have no mustaches, by their path in it. */
export function readTexts(folder: string): ReadonlyMap<string, string> {
  const prefix = `${folder}/`
  return new Map(
    Object.entries(texts)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, text]) => [name.slice(prefix.length), text]),
  )
}
