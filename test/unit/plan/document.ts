import { readFileSync } from 'node:fs'
import { type MachinePlan, type MeshjoinDocument, parse, plan } from '../../../lib/index.ts'

/** A type without `readonly`, at any depth, for tests that change a document before they hand it on. */
export type Editable<T> = T extends readonly (infer I)[]
  ? Editable<I>[]
  : T extends object
    ? { -readonly [K in keyof T]: Editable<T[K]> }
    : T

export type EditableDocument = Editable<MeshjoinDocument>

/** The text of an example. */
export function exampleText(name: string): string {
  return readFileSync(`examples/${name}.yaml`, 'utf8')
}

/** The minimal example as a plain object of the caller's own, changed as asked. */
export function minimalWith(change: (document: EditableDocument) => void = () => {}): EditableDocument {
  const document = structuredClone(parse(exampleText('minimal')).value) as EditableDocument
  change(document)
  return document
}

/** The first machine of the minimal example, an object that is certainly there. */
export function firstMachine(document: EditableDocument): EditableDocument['machines'][number] {
  const [machine] = document.machines
  if (machine === undefined) throw new Error('the document has no machine')
  return machine
}

/** The plans of a document that must be accepted. */
export function planOf(document: object): readonly MachinePlan[] {
  const result = plan(document)
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics, null, 2))
  return result.value
}

/** The plan of the first machine of a document that must be accepted. */
export function firstPlan(document: object): MachinePlan {
  const [machine] = planOf(document)
  if (machine === undefined) throw new Error('the document has no machine')
  return machine
}
