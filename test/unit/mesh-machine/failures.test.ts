/** One list of failures: the shell says what it says, the schema of the status has its ids, and every call hands over its values. */
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Failure, readFailures } from '../../../scripts/failures.ts'
import { joinPrograms, listParts, programs, shareFailures } from '../../../scripts/machine-program.ts'
import { partsFolder, runParts } from './shell.ts'

const test = suite('failures of the programs on a machine')
const templates = `${partsFolder}/..`
const failures = readFailures(templates)
const [command = '', ...others] = shareFailures(templates).values()

/** What the shell makes of a failure. */
function describe(functions: string, id: string, values: readonly string[]): string[] {
  const words = [id, ...values].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  const script = `${functions}\ndescribe_failure ${words}; printf '%s\\0' "\${exit_code}" "\${what}" "\${meaning}" "\${remedy}"`
  const { status, stdout, stderr } = runParts(['sh'], [], script)
  assert.is(stderr, '', id)
  assert.is(status, 0, id)
  return stdout.split('\0').slice(0, -1)
}

const fill = (text: string, { values }: Failure, found: readonly string[]) =>
  text.replace(/\{([a-z]+)\}/g, (_, name: string) => found[values.indexOf(name)] ?? '')

test('the shell says of each failure what the list says, with the values that it is given', () => {
  for (const failure of failures) {
    const found = failure.values.map((name) => `${name} "$(id)" \`id\` \\ $1 it's`)
    const other = others.find((text) =>
      new RegExp(`^ +(.* \\| )?${failure.id}( \\| .*)?\\) `, 'm').test(text),
    )
    const said = describe(command + (other ?? ''), failure.id, found)
    assert.equal(
      said,
      [
        `${failure.exit}`,
        ...[failure.what, failure.meaning, failure.remedy].map((text) => fill(text, failure, found)),
      ],
      failure.id,
    )
  }
})

test('every call of a failure hands over as many values as it has', () => {
  const counts = new Map(failures.map(({ id, values }) => [id, values.length]))
  let calls = 0
  for (const part of listParts(partsFolder)) {
    const text = readFileSync(`${partsFolder}/${part}.sh`, 'utf8')
      .replace(/^ *#.*$/gm, '')
      .replaceAll('\\\n', ' ')
    for (const [, id = '', rest = ''] of text.matchAll(/\bfail ([a-z][a-z-]*)(.*)/g)) {
      assert.is(countWords(rest), counts.get(id), `${part}: fail ${id}${rest}`)
      calls++
    }
  }
  assert.ok(calls >= failures.length)
})

/** Words of a command up to its end: quotes, and expansions in them, may be nested. */
function countWords(text: string): number {
  let words = 0
  let depth = 0
  let quoted: string | undefined
  let inWord = false
  for (const [index, char] of [...text].entries()) {
    if (quoted === "'") quoted = char === "'" ? undefined : quoted
    else if (char === "'" && depth === 0) quoted = char
    else if (char === '"' && depth === 0) quoted = quoted === undefined ? char : undefined
    else if (/[({]/.test(char) && (text[index - 1] === '$' || depth > 0)) depth++
    else if (/[)}]/.test(char) && depth > 0) depth--
    else if (depth === 0 && quoted === undefined && /[;)|}]/.test(char)) return words
    const isSpace = depth === 0 && quoted === undefined && char === ' '
    if (!isSpace && !inWord) words++
    inWord = !isSpace
  }
  return words
}

test('words are counted past quotes and expansions', () => {
  assert.is(countWords(` "$(a "b c")" 'd e' "\${f:+g h}i" ;; *) x`), 3)
  assert.is(countWords('; exit'), 0)
  assert.is(countWords(''), 0)
})

test('the schema of the status has exactly these ids', () => {
  const schema = JSON.parse(readFileSync(`${templates}/../schemas/status.v1.schema.json`, 'utf8'))
  assert.equal(
    schema.definitions.failure.properties.id.enum,
    failures.map(({ id }) => id),
    'stale: run npm run docs',
  )
})

test('a failure that is not whole is refused, and so is a part or a failure of no program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-failures-'))
  const copy = `${folder}/mesh-machine`
  try {
    for (const [entry, fault] of [
      ['a: {exit: 3, what: x, meaning: y}', /a: "remedy" is no line/],
      ['a: {exit: 9, what: x, meaning: y, remedy: z}', /9 is no exit status/],
      ['A b: {exit: 3, what: x, meaning: y, remedy: z}', /an id has lower-case letters/],
      ['a: {exit: 3, values: [b], what: x, meaning: y, remedy: z}', /no text has the value b/],
      ["a: {exit: 3, what: '{b}', meaning: y, remedy: z}", /\{b\} is none of the values/],
      ['a: {exit: 3, what: "x\\ny", meaning: y, remedy: z}', /"what" is no line/],
    ] as const) {
      mkdirSync(copy, { recursive: true })
      writeFileSync(`${copy}/failures.yaml`, entry)
      assert.throws(() => readFailures(folder), fault)
    }
    cpSync(partsFolder, copy, { recursive: true })
    assert.equal([...joinPrograms(folder).keys()], Object.keys(programs))
    appendFileSync(`${copy}/failures.yaml`, 'unused: {exit: 3, what: x, meaning: y, remedy: z}\n')
    assert.throws(() => joinPrograms(folder), /nothing fails as unused/)
    cpSync(`${partsFolder}/failures.yaml`, `${copy}/failures.yaml`)
    appendFileSync(`${copy}/leave.sh`, 'f() { fail unknown; }\n')
    assert.throws(() => joinPrograms(folder), /has no unknown/)
    cpSync(`${partsFolder}/leave.sh`, `${copy}/leave.sh`)
    writeFileSync(`${copy}/more.sh`, '')
    assert.throws(() => joinPrograms(folder), /more\.sh is in no program/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('no failure says that nothing was changed: the program does, by the exit', () => {
  for (const { what, meaning, remedy } of failures)
    for (const text of [what, meaning, remedy]) assert.not.match(text, /nothing was changed|\.$/)
})

test('what is the same for two failures stands once in the program', () => {
  const program = joinPrograms(templates).get('mesh-machine.sh') ?? ''
  assert.match(program, /^proxy-cannot-run \| agent-cannot-run\) set -- 3 /m)
})

test.run()
