import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { diagnose } from '../../../lib/diagnostics/diagnostic.ts'
import { type Diagnostic, formatDiagnostic, validate } from '../../../lib/index.ts'
import { backends } from '../../../lib/kinds/backends/index.ts'
import { base, edit } from './base.ts'

const test = suite('diagnostics for people')

/** A finding of a text, printed with its source. */
function print(text: string, code: string, color = false): string {
  const found = validate(text).diagnostics.find((diagnostic) => diagnostic.code === code)
  if (found === undefined) throw new Error(`no ${code}`)
  return formatDiagnostic(found, { filename: 'mesh.yaml', source: text, color })
}

const block = edit(base, [['machines:', 'redirect:\n  backend: iptable\nmachines:']])

test('place, severity, code, reason, source line, caret and remedy', () => {
  assert.is(
    print(block, 'unknown-value'),
    [
      `mesh.yaml:33:12: error[unknown-value]: "iptable" is not one of: ${Object.keys(backends).join(', ')}`,
      '   33 |   backend: iptable',
      '      |            ^',
      '  help: did you mean "iptables"?',
    ].join('\n'),
  )
})

test('colours for the place, the severity and the caret, each ended', () => {
  const lines = print(block, 'unknown-value', true).split('\n')
  assert.ok(
    lines[0]?.startsWith('\u001b[1mmesh.yaml:33:12\u001b[0m: \u001b[31merror[unknown-value]\u001b[0m: '),
  )
  assert.is(lines[2], '      |            \u001b[31m^\u001b[0m')
  assert.ok(lines[3]?.startsWith('  \u001b[1mhelp\u001b[0m: '))
})

test('each severity has its own colour', () => {
  const place: Diagnostic = {
    ...diagnose('pem-duplicate', '/mesh', { subject: 'x' }),
    location: { line: 1, column: 1 },
  }
  const styles = (['error', 'warning', 'info'] as const).map((severity) => {
    const text = formatDiagnostic({ ...place, severity }, { color: true })
    return /\u001b\[([0-9]+)m(error|warning|info)\[/.exec(text)?.[1]
  })
  assert.is(new Set(styles).size, 3)
  assert.not.ok(styles.includes(undefined))
})

test('without a place the field is named, without a source no line is shown', () => {
  const found = diagnose('address-missing', '/machines/0', { machine: 'a' })
  assert.match(formatDiagnostic(found), /^input: machines\[0\]: error\[address-missing\]: /)
  const placed = { ...found, location: { line: 3, column: 5 } }
  assert.is(formatDiagnostic(placed, { filename: 'x' }).split('\n').length, 2)
  assert.is(formatDiagnostic(placed, { filename: 'x', source: 'one\n' }).split('\n').length, 2)
})

test('the caret stands below its character after tabs, wide characters and in long lines', () => {
  const cases: [line: string, column: number][] = [
    ['\tvalue', 2],
    ['{ "é": "ü", "b": 7}', 18],
    [`{ ${'a: 1, '.repeat(60)}b: 7}`, 366],
  ]
  for (const [line, column] of cases) {
    const found = { ...diagnose('port-ssh', '/b', {}), location: { line: 1, column } }
    const [, shown = '', caret = ''] = formatDiagnostic(found, { source: line }).split('\n')
    assert.is(shown[caret.indexOf('^')], line[column - 1], line)
    assert.ok(shown.length <= 120, `${shown.length}`)
  }
})

test('other values of the same line are not shown, names are', () => {
  const text = edit(base, [
    ['- name: legacy-app', '- {name: Legacy App, namespace: "n, 1", ports: [1, x]}\n  - name: legacy-app'],
  ])
  const [, shown = '', caret = ''] = print(text, 'bad-format').split('\n')
  assert.match(shown, /\| {3}- \{name: Legacy App, namespace: \.\.\., ports: \[\.\.\., \.\.\.\]\}$/)
  assert.is(caret.indexOf('^'), shown.indexOf('Legacy'))
})

test('a comment is not part of what is wrong', () => {
  const text = edit(base, [['port: 80}]', 'port: 0}] # TODO']])
  assert.not.match(print(text, 'out-of-range'), /TODO/)
})

test('control characters of the document never reach a terminal', () => {
  const hostile = '\u001b]0;owned\u0007\u009b31m\u202e\u2028\r'
  const found = {
    ...diagnose('group-unknown', '/machines/0/group', { group: hostile, suggestion: hostile }),
    location: { line: 1, column: 4 },
  }
  const printed = formatDiagnostic(found, { source: `a: b${hostile}` })
  assert.not.match(printed, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/)
  assert.match(printed, /\\u001b\]0;owned\\u0007\\u009b31m\\u202e\\u2028/)
})

test.run()
