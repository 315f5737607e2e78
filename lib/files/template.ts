import type Handlebars from 'handlebars'
import runtime from 'handlebars/runtime.js'
import { escapeMarkdown, escapeMarkdownCode } from '../escape/markdown.ts'
import { escapeShellWord } from '../escape/shell.ts'
import {
  checkResolvedValue,
  checkSysusersField,
  checkUnitName,
  checkUnitNumber,
  escapeExecArgument,
  escapeUnitText,
  escapeUnitWord,
} from '../escape/unit.ts'
import { templates, texts } from '../generated/templates.js'
import type { HelperName, SlotName } from './helper-names.ts'

const escapers: Readonly<Record<HelperName, (text: string) => string>> = {
  unitText: escapeUnitText,
  unitWord: escapeUnitWord,
  execArg: escapeExecArgument,
  unitName: checkUnitName,
  unitNumber: checkUnitNumber,
  sysusersField: checkSysusersField,
  resolvedValue: checkResolvedValue,
  shellWord: escapeShellWord,
  markdown: escapeMarkdown,
  markdownCode: escapeMarkdownCode,
}

// The runtime part has no compiler, and so no eval; its own types are empty.
const handlebars = (runtime as unknown as typeof Handlebars).create()
for (const [name, escaper] of Object.entries(escapers)) {
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
