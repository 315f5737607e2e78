/**
 * A name that stands for a value which only the machine's own inventory knows. Asked for a machine of the document the
 * plan holds literals; asked for the symbolic machine it holds these, and the printers write the role's variables.
 */
export interface Variable {
  readonly variable: string
}

/** A variable that holds several values, and the name of each of them inside of a loop. */
export interface VariableList extends Variable {
  readonly item: string
}

/** One value: known now, or a variable. */
export type Scalar = string | number | Variable

/** Several values to loop over or to join: known now, or a variable. */
export type List = readonly Scalar[] | VariableList

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

/** How values are written. The literal notation below writes them as they are and refuses variables. */
export interface Notation {
  readonly scalar: (value: Scalar) => string
  readonly join: (list: List, separator: string) => string
  /** Writes `body` once for each item; an item is handed on as a scalar. */
  readonly each: (list: List, body: (item: Scalar) => string) => string
  /** Writes `body` where the list has any item. */
  readonly some: (list: List, body: string) => string
  /** Writes `body` where the list has no item. */
  readonly none: (list: List, body: string) => string
  /** Writes `body` where the list does not hold the value. */
  readonly without: (list: List, value: string, body: string) => string
}

/** Writes the values of a machine of the document. */
export const literalNotation: Notation = {
  scalar: writeLiteral,
  join: (list, separator) => literalItems(list).map(writeLiteral).join(separator),
  each: (list, body) => literalItems(list).map(body).join(''),
  some: (list, body) => (literalItems(list).length > 0 ? body : ''),
  none: (list, body) => (literalItems(list).length > 0 ? '' : body),
  without: (list, value, body) => (literalItems(list).includes(value) ? '' : body),
}

/** Writes the variables of the Ansible role, and blocks that take whole lines. Its templates have `trim_blocks`. */
export const jinjaNotation: Notation = {
  scalar: (value) => (isVariable(value) ? `{{ ${value.variable} }}` : String(value)),
  join: (list, separator) =>
    isVariable(list)
      ? `{{ ${list.variable} | join(${JSON.stringify(separator)}) }}`
      : list.map(jinjaNotation.scalar).join(separator),
  each: (list, body) =>
    isVariable(list)
      ? writeBlock(`for ${list.item} in ${list.variable}`, 'endfor', body({ variable: list.item }))
      : list.map(body).join(''),
  some: (list, body) =>
    isVariable(list) ? writeBlock(`if ${list.variable}`, 'endif', body) : literalNotation.some(list, body),
  none: (list, body) =>
    isVariable(list)
      ? writeBlock(`if not ${list.variable}`, 'endif', body)
      : literalNotation.none(list, body),
  without: (list, value, body) =>
    isVariable(list)
      ? writeBlock(`if ${JSON.stringify(value)} not in ${list.variable}`, 'endif', body)
      : literalNotation.without(list, value, body),
}

function writeBlock(head: string, end: string, body: string): string {
  return `{% ${head} %}\n${body}{% ${end} %}\n`
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
