/** One list of findings: the doctor says what it says, and the schema of its output has its ids. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { printFindings, readFindings } from '../../../scripts/findings.ts'
import { namedFindings } from '../../machine/harness/named-findings.ts'
import { partsFolder, runParts } from './shell.ts'

const test = suite('findings of the doctor')
const findings = readFindings(`${partsFolder}/..`)
const calls = findings.map(({ id }) => `finding ${id}`).join('\n')
const schema = JSON.parse(readFileSync(`${partsFolder}/../../schemas/doctor.v1.schema.json`, 'utf8'))
const settings = 'identity() { echo spiffe://a/b; }'
const hostile = `"$(id)" \\ \`id\` it's {"a": "b"}`

test('the schema has exactly these ids', () => {
  assert.equal(
    schema.definitions.finding.properties.id.enum,
    findings.map(({ id }) => id),
    'stale: run npm run docs',
  )
})

test('every finding is told as the list says, with its values, and as JSON that the schema takes', () => {
  const isAnswer = new Ajv({ formats: { 'date-time': true } }).compile(schema)
  const quoted = `'${hostile.replaceAll("'", "'\\''")}'`
  const all = findings.map(({ id, values }) => `finding ${id} ${values.map(() => quoted).join(' ')}`)
  const script = `${printFindings(findings, calls)}\n${settings}; notes=$(lasts soon; unchecked 'one "thing"'; ${all.join('; ')})`
  const fill = (text: string) => text.replace(/\{[a-z]+\}/g, () => hostile)
  const told = runParts(
    ['sh'],
    ['log', 'status', 'doctor/report'],
    `${script}; report "$notes" || echo wrong`,
  )
  assert.is(told.stderr, '')
  assert.match(told.stdout, /\nnot looked at: one "thing"\nwrong\n$/)
  const { stdout } = runParts(
    ['sh'],
    ['log', 'status', 'doctor/report'],
    `${script}; report "$notes" --json || :`,
  )
  const answer = JSON.parse(stdout) as { findings: { id: string; what: string }[]; unchecked: string[] }
  assert.ok(isAnswer(answer), JSON.stringify(isAnswer.errors))
  assert.equal(answer.unchecked, ['one "thing"'])
  assert.equal(
    answer.findings.map(({ id }) => id),
    findings.map(({ id }) => id),
  )
  for (const [index, { id, what, cause, next }] of findings.entries()) {
    assert.match(told.stdout, `${id}: ${fill(what)}\n  cause:    ${fill(cause)}\n  evidence: `)
    assert.match(told.stdout, `\n  next:     ${fill(next)}`.slice(0, 300))
    assert.is(answer.findings[index]?.what, fill(what))
  }
})

test('what explains others is told first, whichever was found first', () => {
  for (const words of [
    'no-certificate x; finding server-away s:1 y',
    'server-away s:1 y; finding no-certificate x',
  ]) {
    const script = `${printFindings(findings, calls)}\n${settings}; report "$(finding ${words})" || :`
    const { stdout } = runParts(['sh'], ['log', 'status', 'doctor/report'], script)
    assert.match(stdout, /^server-away: [\s\S]*\nno-certificate: /)
  }
})

test('for each finding there is a machine, broken in a story, whose doctor names it', () => {
  const folder = `${partsFolder}/../../test/machine`
  const stories = readdirSync(folder).filter((file) => file.endsWith('.test.ts'))
  const sources = stories.map((file) => readFileSync(`${folder}/${file}`, 'utf8'))
  const named = new Set(sources.flatMap(namedFindings))
  for (const { id } of findings) assert.ok(named.delete(id), `no story of test/machine finds ${id}`)
  assert.equal([...named], [], 'a story finds what nobody knows')
  for (const source of sources)
    if (namedFindings(source).length > 0) assert.match(source, 'assertAllRaised(import.meta.url)')
})

test('nothing found is one line', () => {
  const { stdout, status } = runParts(
    ['sh'],
    ['log', 'status', 'doctor/report'],
    `${settings}; report "$(lasts 'ends soon')"`,
  )
  assert.is(stdout, 'nothing is wrong with spiffe://a/b: its certificate ends soon\n')
  assert.is(status, 0)
})

test('the ID of an agent that came with a join token is not repeated', () => {
  const { stdout } = runParts(
    ['sh'],
    ['log', 'status', 'doctor/report'],
    `${printFindings(findings, calls)}\n${settings}; report "$(finding no-certificate spiffe://a/spire/agent/join_token/secret-word)" || :`,
  )
  assert.not.match(stdout, 'secret-word')
  assert.match(stdout, 'join_token/...')
})

test('a finding that is not whole is refused, and so is one that nothing finds, and one that nobody knows', () => {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-findings-'))
  try {
    mkdirSync(`${folder}/mesh-machine/findings`, { recursive: true })
    for (const [entry, fault] of [
      ['a: {stage: clock, what: x, cause: y, evidence: z}', /a: "next" is no line/],
      ["a: {stage: clock, what: '{b}', cause: y, evidence: z, next: n}", /\{b\} is none of the values/],
      ['a: {stage: clock, values: [b], what: x, cause: y, evidence: z, next: n}', /no text has the value b/],
      ['a: {stage: end, what: x, cause: y, evidence: z, next: n}', /"end" is no stage/],
    ] as const) {
      writeFileSync(`${folder}/mesh-machine/findings/host.yaml`, entry)
      assert.throws(() => readFindings(folder), fault)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  assert.throws(() => printFindings(findings, ''), /nothing finds/)
  assert.throws(() => printFindings(findings, `${calls}\nfinding unknown`), /there is no unknown/)
})

test.run()
