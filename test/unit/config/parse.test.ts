import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inputLimit } from '../../../lib/config/parse.ts'
import { parse } from '../../../lib/index.ts'

const test = suite('parse')

/** Where each path stands, as `line:column`. */
function places(text: string, paths: readonly string[], at: 'value' | 'key' = 'value'): string[] {
  const { locate, diagnostics } = parse(text)
  assert.equal(diagnostics, [])
  return paths.map((path) => {
    const { line, column } = locate(path, at)
    return `${line}:${column}`
  })
}

/** The one finding of a text that cannot be read. */
function fault(text: string): { readonly code: string; readonly place: string; readonly message: string } {
  const { value, diagnostics } = parse(text)
  assert.is(value, undefined)
  assert.is(diagnostics.length, 1)
  const [{ code, location, message } = { code: '', location: undefined, message: '' }] = diagnostics
  return { code, place: `${location?.line}:${location?.column}`, message }
}

test('block style: values, and keys where they are asked for', () => {
  const text = 'a: 1\nmap:\n  b: two\n  list:\n    - x\n    - y: 3\n      z: 4\n'
  const paths = ['', '/a', '/map', '/map/b', '/map/list', '/map/list/0', '/map/list/1', '/map/list/1/z']
  assert.equal(places(text, paths), ['1:1', '1:4', '3:3', '3:6', '5:5', '5:7', '6:7', '7:10'])
  assert.equal(places(text, ['/a', '/map', '/map/b', '/map/list/1/z'], 'key'), ['1:1', '2:1', '3:3', '7:7'])
})

test('flow style, on one line and on several', () => {
  const text = 'a: {b: 1, c: [x,  y]}\nd: [\n  {e: 5},\n  6,\n  ]\n'
  const paths = ['/a', '/a/b', '/a/c', '/a/c/0', '/a/c/1', '/d', '/d/0', '/d/0/e', '/d/1']
  assert.equal(places(text, paths), ['1:4', '1:8', '1:14', '1:15', '1:19', '2:4', '3:3', '3:7', '4:3'])
  assert.equal(places(text, ['/a/b', '/a/c', '/d/0/e'], 'key'), ['1:5', '1:11', '3:4'])
})

test('a flow collection ends inside its indentation, as YAML 1.2 has it', () => {
  assert.is(fault('d: [\n  1,\n]\n').place, '3:1')
  assert.equal(parse('d: [\n  1,\n  ]\n').value, { d: [1] })
  assert.equal(parse('{"d": [\n1\n]}\n').value, { d: [1] })
})

test('quoted keys and values start at their quote', () => {
  const text = `"a b": 'one'\n'c': "two"\nd:   "three"\n`
  assert.equal(places(text, ['/a b', '/c', '/d']), ['1:8', '2:6', '3:6'])
  assert.equal(places(text, ['/a b', '/c', '/d'], 'key'), ['1:1', '2:1', '3:1'])
})

test('block scalars start at their first character, whatever their indentation', () => {
  const text = 'a: |\n  one\n  two\nb:\n  - >-\n    three\nc: |2\n   four\n'
  assert.equal(places(text, ['/a', '/b/0', '/c']), ['2:3', '6:5', '8:4'])
  assert.equal(parse(text).value, { a: 'one\ntwo\n', b: ['three'], c: ' four\n' })
})

test('a value that is empty stands where its key does', () => {
  const text = 'a:\nb: ~\nc:\n  - \n  - x\n'
  assert.equal(parse(text).value, { a: null, b: null, c: [null, 'x'] })
  const [a, b] = places(text, ['/a', '/b'])
  assert.is(a, '1:1')
  assert.is(b, '2:4')
})

test('a path that is not there has the place of the nearest that is, at its key', () => {
  const text = 'a:\n  b: 1\n'
  assert.equal(places(text, ['/a/missing', '/a/b/c/d', '/other', '/']), ['1:1', '2:3', '1:1', '1:1'])
})

test('a byte-order mark is not a column, and every kind of line end is one line', () => {
  assert.equal(places('\uFEFFa: 1\n', ['/a']), ['1:4'])
  assert.equal(places('a: 1\r\nb: 2\r\n', ['/a', '/b']), ['1:4', '2:4'])
  assert.equal(places('a: 1\rb: 2\r', ['/a', '/b']), ['1:4', '2:4'])
  assert.equal(parse('a: |\r\n  x\r\n  y\r\n').value, { a: 'x\ny\n' })
})

test('columns count UTF-16 units, as editors with a language server do', () => {
  assert.equal(places('{é: 1, 😀: 2, c: 3}', ['/é', '/😀', '/c']), ['1:5', '1:12', '1:18'])
})

test('JSON is read too, with the same places', () => {
  const text = '{\n\t"a": {"b/c": [1, "x"]},\n\t"d":"e"\n}\n'
  assert.equal(parse(text).value, { a: { 'b/c': [1, 'x'] }, d: 'e' })
  assert.equal(places(text, ['/a', '/a/b~1c', '/a/b~1c/1', '/d']), ['2:7', '2:15', '2:19', '3:6'])
  assert.equal(places(text, ['/a/b~1c', '/d'], 'key'), ['2:8', '3:2'])
})

test('hostile keys are data, and have places like all others', () => {
  const text = '__proto__: {polluted: 1}\nconstructor: 2\n"a/b~c": 3\n"": 4\n0: 5\n'
  const value = parse(text).value as Record<string, unknown>
  assert.equal(Object.keys(value).sort(), ['', '0', '__proto__', 'a/b~c', 'constructor'])
  assert.is(Object.getPrototypeOf(value), Object.prototype)
  assert.is(({} as { polluted?: unknown }).polluted, undefined)
  const paths = ['/__proto__/polluted', '/constructor', '/a~1b~0c', '/', '/0']
  assert.equal(places(text, paths), ['1:23', '2:14', '3:10', '4:5', '5:4'])
})

test('the core schema of YAML 1.2: what 1.1 would turn into something else stays text', () => {
  const text = 'a: yes\nb: on\nc: 2001-01-01\nd: 1_000\ne: 12:30:45\nf: 1.10\ng: true\nh: 0o17\ni: 0x1F\n'
  assert.equal(parse(text).value, {
    ...{ a: 'yes', b: 'on', c: '2001-01-01', d: '1_000', e: '12:30:45', f: 1.1, g: true, h: 15, i: 31 },
  })
})

test('numbers and truth values keep what was typed', () => {
  const { typed } = parse('a: 2.20\nb: {c: 07, d: "2.20"}\ne: [1e3, TRUE]\nf: text\ng:\n')
  assert.equal(
    ['/a', '/b/c', '/e/0', '/e/1'].map((path) => typed(path)),
    ['2.20', '07', '1e3', 'TRUE'],
  )
  for (const path of ['/b/d', '/b', '/f', '/g', '/nowhere']) assert.is(typed(path), undefined, path)
})

test('merge keys are keys like others', () => {
  assert.equal(parse('<<: {a: 1}\n').value, { '<<': { a: 1 } })
})

test('duplicate keys are refused at the second one', () => {
  const { code, place, message } = fault('a: 1\nb:\n  c: 1\n  c: 2\n')
  assert.is(code, 'yaml-syntax')
  assert.is(place, '4:3')
  assert.match(message, /duplicated mapping key/)
  assert.is(fault('{"a": 1, "a": 2}').code, 'yaml-syntax')
})

test('aliases are refused, also those that would grow without end', () => {
  assert.is(fault('a: &x 1\nb: *x\n').place, '2:5')
  assert.is(fault('a: &x [1]\nb: &y [*x, *x]\nc: [*y, *y]\n').code, 'yaml-syntax')
  assert.is(fault('a: &x [*x]\n').code, 'yaml-syntax')
})

test('tags of other languages are refused, without a word of what follows', () => {
  for (const text of [
    'a: !!js/function x\n',
    'a: !s3cret x\n',
    'a: !!binary aGk=\n',
    'a: !!timestamp 2001-01-01\n',
  ]) {
    const { code, message } = fault(text)
    assert.is(code, 'yaml-syntax')
    assert.not.match(message, /s3cret|js/)
  }
})

test('other faults of syntax have a place too', () => {
  for (const text of [
    'a: [1\n',
    'a: "x\n',
    'a: b: c\n',
    'a: @b\n',
    '? [a]\n: 1\n',
    'a: \u0000\n',
    '\tb: 1\n',
  ]) {
    const { code, place } = fault(text)
    assert.is(code, 'yaml-syntax')
    assert.match(place, /^[1-3]:[0-9]+$/)
  }
})

test('nesting is bounded', () => {
  assert.is(fault(`a: ${'['.repeat(50_000)}`).code, 'yaml-syntax')
  assert.is(fault('- '.repeat(50_000)).code, 'yaml-syntax')
})

test('there is exactly one document', () => {
  assert.match(fault('').message, /holds 0 YAML documents/)
  assert.match(fault('# nothing\n').message, /holds 0 YAML documents/)
  assert.match(fault('a: 1\n---\nb: 2\n').message, /holds 2 YAML documents/)
  assert.match(fault('---\n---\n---\n').message, /holds 3 YAML documents/)
  assert.equal(parse('---\na: 1\n...\n').value, { a: 1 })
})

test('up to 16 MiB are read', () => {
  assert.is(inputLimit, 16 * 1024 * 1024)
  const rest = '\na: 1\n'
  const largest = `#${'x'.repeat(inputLimit - 1 - rest.length)}${rest}`
  assert.equal(parse(largest).value, { a: 1 })
  assert.is(fault(`${largest} `).code, 'input-too-large')
})

test('a document may be any value; what it is good for is not decided here', () => {
  for (const [text, value] of [
    ['[1, 2]', [1, 2]],
    ['text', 'text'],
    ['~', null],
    ['7', 7],
  ] as const)
    assert.equal(parse(text).value, value)
})

test.run()
