import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { catalogue } from '../../../lib/diagnostics/catalogue.ts'
import { type Diagnostic, explain, formatDiagnostic, generate, parse, validate } from '../../../lib/index.ts'
import { base, edit, takeMark } from './base.ts'
import { type Case, cases, validChanges } from './cases.ts'

const test = suite('a case for each diagnostic code')

const wholeMessage = ({ message, help }: Diagnostic) => `${message}\n${help}`

test('the base document gives no diagnostic, so that every case stands for its change alone', () => {
  assert.equal(generate(base).diagnostics, [])
})

test('every code of the catalogue has a case, and every case a code', () => {
  const raised = new Set(cases.map(({ code }) => code))
  const codes = Object.keys(catalogue)
  assert.equal(
    codes.filter((code) => !raised.has(code)),
    [],
  )
  assert.equal(
    [...raised].filter((code) => !codes.includes(code)),
    [],
  )
})

for (const { code, severity, path, edits, also = [], options, question } of cases) {
  test(`${code} at ${path || 'the document'}: with its severity, field and place, and nothing else`, () => {
    const { text, line, column } = takeMark(edit(base, edits))
    const { diagnostics, ok } = ask(text, options, question)
    const found = diagnostics.find((diagnostic) => diagnostic.code === code)
    if (found === undefined)
      throw new Error(`not reported, only: ${diagnostics.map((diagnostic) => diagnostic.code)}`)
    assert.is(found.severity, severity)
    assert.is(found.path, path)
    assert.equal(found.location, { line, column })
    assert.equal(diagnostics.map((diagnostic) => diagnostic.code).sort(), [code, ...also].sort())
    assert.is(ok, severity !== 'error')
    assert.not.match(wholeMessage(found), /undefined|\[object|NaN/)
    assert.match(formatDiagnostic(found), /^input:[0-9]+:[0-9]+: /)
  })
}

test('what is meant to be possible gives no diagnostic', () => {
  for (const [meaning, edits] of validChanges) {
    const found = validate(edit(base, edits)).diagnostics
    assert.equal(
      found.map(({ code, path }) => `${code} ${path}`),
      [],
      meaning,
    )
  }
})

test('a plain object gives the same findings without places', () => {
  for (const { code, edits, options, question } of cases) {
    const parsed = parse(takeMark(edit(base, edits)).text)
    if (parsed.diagnostics.length > 0) continue // it is not an object yet
    const value = parsed.value as object
    const { diagnostics } = ask(value, options, question)
    assert.ok(
      diagnostics.some((diagnostic) => diagnostic.code === code),
      code,
    )
    assert.ok(
      diagnostics.every(({ location }) => location === undefined),
      code,
    )
  }
})

test('a code is lower-case words with hyphens', () => {
  for (const code of Object.keys(catalogue)) assert.match(code, /^[a-z0-9]+(-[a-z0-9]+)*$/)
})

test.run()

/** The function that a case is about. */
function ask(input: string | object, options: Case['options'], question: Case['question']) {
  if (question !== undefined) return explain(input, question)
  return options === undefined ? validate(input) : generate(input, options)
}
