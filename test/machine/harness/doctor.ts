import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import * as assert from 'uvu/assert'
import { until } from './command.ts'
import { namedFindings } from './named-findings.ts'
import type { Story } from './story.ts'

/** What the doctor says of one thing that is wrong. */
export interface Finding {
  readonly id: string
  readonly what: string
  readonly evidence: string
  readonly next: string
}

const schema = JSON.parse(
  readFileSync(new URL('../../../schemas/doctor.v1.schema.json', import.meta.url), 'utf8'),
)
const isAnswer = new Ajv({ formats: { 'date-time': true } }).compile(schema)

/** Findings that some breakage of this story has raised. */
const raised = new Set<string>()

/** What the doctor finds, as its schema says; and the exit that goes with it. */
export async function look({ machine }: Story, ...options: string[]): Promise<readonly Finding[]> {
  const { code, stdout, stderr } = await machine.run(
    'timeout',
    '20',
    'mesh-machine-doctor',
    '--json',
    ...options,
  )
  assert.is(stderr, '')
  const answer = JSON.parse(stdout) as { findings: readonly Finding[] }
  assert.ok(isAnswer(answer), JSON.stringify(isAnswer.errors))
  assert.is(code, answer.findings.length === 0 ? 0 : 1)
  return answer.findings
}

/** Looks until it finds that, and names it first. */
export function finds(story: Story, id: string, evidence: RegExp, ...options: string[]): Promise<void> {
  return seek(story, id, evidence, ([first]) => first, options)
}

/** Looks until it finds that, which something else explains: wherever it stands. */
export function findsBeside(story: Story, id: string, evidence: RegExp, ...options: string[]): Promise<void> {
  return seek(story, id, evidence, (all) => all.find((finding) => finding.id === id), options)
}

async function seek(
  story: Story,
  id: string,
  evidence: RegExp,
  choose: (all: readonly Finding[]) => Finding | undefined,
  options: string[],
): Promise<void> {
  await until(`the doctor finds ${id}`, 60, async () => {
    const all = await look(story, ...options)
    const found = choose(all)
    if (found?.id !== id || !evidence.test(found.evidence)) throw new Error(JSON.stringify(all))
    return true
  })
  raised.add(id)
}

/** Breaks a file, looks, and puts it back; `apply` is run after both. */
export async function broken(
  story: Story,
  id: string,
  evidence: RegExp,
  script: string,
  file: string,
  apply = ':',
): Promise<void> {
  await brokenBy(
    story,
    id,
    evidence,
    `cp -p ${file} /run/before; ${script}\n! cmp -s ${file} /run/before; ${apply}`,
    `cp -p /run/before ${file}; ${apply}`,
  )
}

/** Breaks the machine by shell text, looks, and mends it by another. */
export async function brokenBy(
  story: Story,
  id: string,
  evidence: RegExp,
  breakIt: string,
  mend: string,
): Promise<void> {
  await breakAndMend(story, id, evidence, breakIt, mend)
  await isHealthy(story)
}

/** The same before it joins; what comes next is to be found first all the same. */
export async function brokenBefore(
  story: Story,
  id: string,
  evidence: RegExp,
  breakIt: string,
  mend: string,
): Promise<void> {
  await breakAndMend(story, id, evidence, breakIt, mend, '--before')
}

async function breakAndMend(
  story: Story,
  id: string,
  evidence: RegExp,
  breakIt: string,
  mend: string,
  ...options: string[]
): Promise<void> {
  await story.machine.sh(breakIt)
  await finds(story, id, evidence, ...options)
  await story.machine.sh(mend)
}

/** Looks until nothing is wrong. */
export async function isHealthy(story: Story): Promise<void> {
  await until('the doctor finds nothing', 90, async () => {
    const all = await look(story)
    if (all.length > 0) throw new Error(JSON.stringify(all))
    return true
  })
}

/** Last step of a story: it has raised each finding that its source names. */
export function assertAllRaised(url: string): void {
  const named = namedFindings(readFileSync(new URL(url), 'utf8'))
  assert.ok(named.length > 0)
  assert.equal([...raised].sort(), named)
  raised.clear()
}
