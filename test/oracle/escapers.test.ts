import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { escapeEnvironmentValue } from '../../lib/escape/environment-file.ts'
import { EscapeError } from '../../lib/escape/refusal.ts'
import { escapeShellWord } from '../../lib/escape/shell.ts'
import { escapeExecArgument, escapeUnitWord } from '../../lib/escape/unit.ts'
import { createRandom, disturb, drawHostile } from './support/hostile.ts'
import { runScript, type Suite, suites } from './support/root.ts'
import { printArguments, printEnvironment, startAll } from './support/user-manager.ts'

const seed = Number(process.env.MESHJOIN_SEED ?? 20_262)
const test = suite(`escapers against the real readers (seed ${seed})`)
const perSink = process.env.CI ? 10_000 : 1_000
const perRun = 500

/** Hostile strings, and printable ones with every sign. A lone surrogate is no text: no file can hold it. */
function drawTexts(count: number, from: number): string[] {
  const random = createRandom(from)
  const printable = Array.from({ length: 95 }, (_none, index) => String.fromCharCode(0x20 + index)).join('')
  const texts: string[] = []
  while (texts.length < count) {
    const text =
      random(2) === 0
        ? drawHostile(random)
        : disturb(printable.slice(random(90), random(90) + 5), random).repeat(1 + random(3))
    if (!/[\ud800-\udfff]/u.test(text)) texts.push(text)
  }
  return texts
}

/** Those that an escaper takes, with what it made of them; the rest must be refused as such. */
function escapeAll(
  texts: readonly string[],
  escaper: (text: string) => string,
): { text: string; escaped: string }[] {
  return texts.flatMap((text) => {
    try {
      return [{ text, escaped: escaper(text) }]
    } catch (error) {
      if (error instanceof EscapeError) return []
      throw error
    }
  })
}

/** Gives a reader what an escaper takes of many strings, in runs, and compares. */
async function prove(
  sink: string,
  escaper: (text: string) => string,
  read: (escaped: readonly string[]) => Promise<string[]>,
): Promise<void> {
  const taken = escapeAll(drawTexts(perSink, seed), escaper)
  assert.ok(taken.length > perSink / 10, `${sink} takes only ${taken.length} of ${perSink}`)
  for (let start = 0; start < taken.length; start += perRun) {
    const part = taken.slice(start, start + perRun)
    const values = await read(part.map(({ escaped }) => escaped))
    for (const [index, { text }] of part.entries())
      assert.is(JSON.stringify(values[index]), JSON.stringify(text), sink)
    assert.is(values.length, part.length, sink)
  }
}

/** Values of V0, V1, … in what `env -0` printed. */
function valuesOf(entries: readonly string[] | undefined): string[] {
  const values: string[] = []
  for (const entry of entries ?? []) {
    const [, index, value] = /^V([0-9]+)=(.*)$/s.exec(entry) ?? []
    if (index !== undefined && value !== undefined) values[Number(index)] = value
  }
  return values
}

for (const system of suites) {
  test(`${system}: a word of Environment=`, () =>
    prove(
      'escapeUnitWord',
      (text) => escapeUnitWord(`V=${text}`),
      async (words) => {
        const lines = words.map((word, index) => `Environment=${word.replace('V=', `V${index}=`)}\n`)
        const [entries] = await startAll(system, [
          { service: lines.join(''), exec: `ExecStart=${printEnvironment}\n` },
        ])
        return valuesOf(entries)
      },
    ))

  test(`${system}: an argument of ExecStart=`, () =>
    prove('escapeExecArgument', escapeExecArgument, async (words) => {
      const [values = []] = await startAll(system, [
        { service: '', exec: `ExecStart=${printArguments} ${words.join(' ')}\n` },
      ])
      return values
    }))

  test(`${system}: a value of an environment file`, () =>
    prove(
      'escapeEnvironmentValue',
      (text) => escapeEnvironmentValue(text),
      (words) => readEnvironment(system, words),
    ))

  test(`${system}: a value of several lines of an environment file`, () =>
    prove(
      'escapeEnvironmentValue',
      (text) => escapeEnvironmentValue(text, true),
      (words) => readEnvironment(system, words),
    ))

  test(`${system}: a word of the shell`, () =>
    prove('escapeShellWord', escapeShellWord, async (words) => {
      const { stdout, stderr } = await runScript(system, 'exec dash /opt/words.sh', {
        files: [{ path: '/opt/words.sh', content: words.map((word) => `printf '%s\\0' ${word}\n`).join('') }],
      })
      assert.is(stderr, '')
      return stdout.split('\0').slice(0, -1)
    }))
}

async function readEnvironment(system: Suite, words: readonly string[]): Promise<string[]> {
  const content = words.map((word, index) => `V${index}=${word}\n`).join('')
  const [entries] = await startAll(system, [
    {
      service: 'EnvironmentFile=/opt/all.env\n',
      exec: `ExecStart=${printEnvironment}\n`,
      files: [{ path: '/opt/all.env', content }],
    },
  ])
  return valuesOf(entries)
}

test.run()
