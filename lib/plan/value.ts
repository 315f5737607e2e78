/**
 * A name that stands for a value which only the machine's own inventory knows. Asked for a machine of the document the
 * plan holds literals; asked for the symbolic machine it holds these, and the printers write the role's variables.
 */
export interface Variable {
  readonly variable: string
}

/** One value: known now, or a variable. */
export type Scalar = string | number | Variable

/** Several values to loop over or to join: known now, or a variable. */
export type List = readonly Scalar[] | Variable

/** A list written as one text. */
export interface Joined {
  readonly join: List
  readonly separator: string
}

/** Text of fixed parts, values and joined lists, in order. */
export type Text = readonly (string | Variable | Joined)[]

/** True for a variable of the symbolic machine. */
export function isVariable(value: unknown): value is Variable {
  return typeof value === 'object' && value !== null && 'variable' in value
}

/**
 * How values are written. The literal notation below writes them as they are and refuses variables; the Ansible role
 * will bring one that writes `{{ … }}` and loops.
 */
export interface Notation {
  readonly scalar: (value: Scalar) => string
  readonly join: (list: List, separator: string) => string
  /** Writes `body` once for each item; an item is handed on as a scalar. */
  readonly each: (list: List, body: (item: Scalar) => string) => string
}

/** Writes the values of a machine of the document. */
export const literalNotation: Notation = {
  scalar: writeLiteral,
  join: (list, separator) => literalItems(list).map(writeLiteral).join(separator),
  each: (list, body) => literalItems(list).map(body).join(''),
}

function writeLiteral(value: Scalar): string {
  if (isVariable(value)) throw new TypeError(`the literal notation has no value for ${value.variable}`)
  return String(value)
}

function literalItems(list: List): readonly Scalar[] {
  if (isVariable(list)) throw new TypeError(`the literal notation has no values for ${list.variable}`)
  return list
}

/** Writes a text in a notation. */
export function writeText(text: Text, notation: Notation): string {
  return text
    .map((part) => {
      if (typeof part === 'string') return part
      return isVariable(part) ? notation.scalar(part) : notation.join(part.join, part.separator)
    })
    .join('')
}

/** The text of one scalar. */
export function textOf(value: Scalar): Text {
  return [isVariable(value) ? value : String(value)]
}
