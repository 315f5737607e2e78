import {
  constructFromEvents,
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  YAMLException,
} from 'js-yaml'
import type { Diagnostic, Location } from '../diagnostics/diagnostic.ts'
import { diagnose } from '../diagnostics/diagnostic.ts'
import { pointer } from '../diagnostics/pointer.ts'

/** Longest input that is read, in UTF-16 units: a hundred thousand machines of a line each with room to spare. */
export const inputLimit = 16 * 1024 * 1024

/** Finds the place of a JSON Pointer in the text, or of its nearest ancestor that has one. */
export type Locate = (path: string, at?: 'value' | 'key') => Location

/** What was typed where YAML may see a number or a truth value: 2.20 is the number 2.2. Undefined for all else. */
export type TypedText = (path: string) => string | undefined

const parsedMark: unique symbol = Symbol('parsed')

/** The outcome of {@link parse}: the value, where its parts stand in the text, and what was wrong. */
export interface Parsed {
  /** Plain data; undefined where the text could not be read. */
  readonly value: unknown
  readonly locate: Locate
  /** @internal for messages */
  readonly typed: TypedText
  /** Syntax errors; empty where the text was read. */
  readonly diagnostics: readonly Diagnostic[]
  /** @internal tells a parsed text from a plain object that happens to look like one */
  readonly [parsedMark]: true
}

/** True for what {@link parse} returned. */
export function isParsed(input: unknown): input is Parsed {
  return typeof input === 'object' && input !== null && parsedMark in input
}

/**
 * Reads YAML or JSON once, into a plain value and the positions of its parts.
 *
 * Never throws: a syntax error, more or less than one document, or too long a text is a diagnostic.
 * Tags, anchors with aliases and duplicate keys are syntax errors. The dialect is YAML 1.2's core schema:
 * `yes` and `on` are text, and so are dates.
 */
export function parse(text: string): Parsed {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text
  const lines = lineStarts(source)
  const toLocation = (offset: number) => locateOffset(lines, offset)
  const failed = (diagnostic: Diagnostic, offset: number): Parsed => ({
    value: undefined,
    locate: () => ({ line: 1, column: 1 }),
    typed: () => undefined,
    diagnostics: [{ ...diagnostic, location: toLocation(offset) }],
    [parsedMark]: true,
  })

  if (text.length > inputLimit)
    return failed(diagnose('input-too-large', '', { size: text.length, limit: inputLimit }), 0)
  try {
    const events = parseEvents(source, {})
    const documents = constructFromEvents(events, { source, maxAliases: 0 })
    if (documents.length !== 1) return failed(diagnose('one-document', '', { found: documents.length }), 0)
    const offsets = collectOffsets(source, events)
    const locate: Locate = (path, at = 'value') => toLocation(findOffset(offsets, path, at))
    let texts: ReadonlyMap<string, string> | undefined
    const typed: TypedText = (path) => {
      texts ??= collectTyped(source)
      return texts.get(path)
    }
    return { value: documents[0], locate, typed, diagnostics: [], [parsedMark]: true }
  } catch (fault) {
    if (!(fault instanceof YAMLException)) throw fault
    // The name of a tag may be the start of a password.
    const reason = fault.reason.replace(/ !<.*/s, '')
    return failed(diagnose('yaml-syntax', '', { reason }), fault.mark?.position ?? 0)
  }
}

/** The offset of a value, and how far before it its key is: two numbers in one, since a fleet has a hundred thousand of them. */
const keyUnit = 2 ** 20

function packOffsets(key: number | undefined, value: number): number {
  const before = key === undefined ? 0 : value - key
  return value * keyUnit + (before < keyUnit ? before : 0)
}

function collectOffsets(source: string, events: readonly Event[]): Map<string, number> {
  const offsets = new Map<string, number>()
  visitNodes(source, events, (path, event, key) => {
    const start = 'valueStart' in event ? scalarStart(source, event) : 'start' in event ? event.start : -1
    offsets.set(path, packOffsets(key, start < 0 ? (key ?? 0) : start))
  })
  return offsets
}

/** Read anew when somebody asks, which only mistakes do. */
function collectTyped(source: string): Map<string, string> {
  const texts = new Map<string, string>()
  visitNodes(source, parseEvents(source, {}), (path, event) => {
    const text = event.type === EVENT_ID.SCALAR ? typedText(source, event) : undefined
    if (text !== undefined) texts.set(path, text)
  })
  return texts
}

/** Every value of the document with its pointer, and the offset of its key where it has one. */
function visitNodes(
  source: string,
  events: readonly Event[],
  look: (path: string, event: Event, key: number | undefined) => void,
): void {
  let next = 1 // 0 is the start of the document
  const visit = (path: string, key: number | undefined): void => {
    const event = events[next++]
    if (event === undefined) return
    look(path, event, key)
    if (event.type === EVENT_ID.SEQUENCE) {
      for (let index = 0; isOpen(events[next]); index++) visit(pointer(path, index), undefined)
      next++
    } else if (event.type === EVENT_ID.MAPPING) {
      while (isOpen(events[next])) {
        const name = events[next++]
        if (name === undefined || name.type !== EVENT_ID.SCALAR) return
        visit(pointer(path, getScalarValue(source, name)), scalarStart(source, name))
      }
      next++
    }
  }
  visit('', undefined)
}

function typedText(source: string, event: ScalarEvent): string | undefined {
  if (event.style !== SCALAR_STYLE.PLAIN) return undefined
  const text = getScalarValue(source, event)
  return /^[-+.0-9]|^(true|false)$/i.test(text) ? text : undefined
}

/** What people look at: the quote that opens a text, or the first character of a block, not its indentation. */
function scalarStart(source: string, { style, valueStart }: ScalarEvent): number {
  if (style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED) return valueStart - 1
  let at = valueStart
  while (source[at] === ' ') at++
  return at < source.length ? at : valueStart
}

function isOpen(event: Event | undefined): boolean {
  return event !== undefined && event.type !== EVENT_ID.POP
}

function findOffset(offsets: ReadonlyMap<string, number>, path: string, at: 'value' | 'key'): number {
  for (let current = path; ; current = current.slice(0, current.lastIndexOf('/'))) {
    const found = offsets.get(current)
    if (found !== undefined) {
      const value = Math.floor(found / keyUnit)
      return at === 'key' || current !== path ? value - (found % keyUnit) : value
    }
    if (current === '') return 0
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length)
  return starts
}

function locateOffset(starts: readonly number[], offset: number): Location {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((starts[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
}
