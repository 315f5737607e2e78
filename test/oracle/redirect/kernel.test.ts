/**
 * Asks the kernel about random connections, with the files that are generated for random documents, and compares with what
 * `explain` says. Then shows that a rule which is missing or out of its place is noticed.
 */
import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Config, explain, generate, plan, type RedirectRule, validate } from '../../../lib/index.ts'
import { printIptables } from '../../../lib/kinds/backends/iptables.ts'
import { printNftables } from '../../../lib/kinds/backends/nftables.ts'
import { literalNotation } from '../../../lib/plan/value.ts'
import { connectionsAround, type Drawn } from './connections.ts'
import {
  documentOf,
  everybody,
  few,
  fewWide,
  manyPorts,
  nameless,
  narrow,
  onlyIpv4,
  onlyIpv6,
  type Settings,
  settings,
  wide,
} from './documents.ts'
import { type Kernel, type RuleFiles, startKernel, variants } from './kernel.ts'
import { changes, mutantsOf, nameOf } from './mutants.ts'

const seed = Number(process.env.MESHJOIN_SEED ?? randomInt(2 ** 31))
const configurations = 220
const connectionsEach = 24

const test = suite('the kernel decides as the model')
let kernels: readonly Kernel[] = []
test.before(() => {
  kernels = variants.map(startKernel)
})
test.after(async () => {
  await Promise.all(kernels.map(({ stop }) => stop()))
})

/** A document, its rules, and its files for both backends. */
interface Prepared {
  readonly config: Config
  readonly rules: readonly RedirectRule[]
  readonly files: RuleFiles
}

/** Undefined where the document is refused. */
function prepare(chosen: Settings): Prepared | undefined {
  const checked = validate(documentOf(chosen, 'iptables'))
  if (!checked.ok) return undefined
  const config = checked.value
  const [machine] = plan(config).value ?? []
  if (machine === undefined) throw new Error('a document that is accepted has a plan')
  const files = new Map<string, string>()
  for (const input of [config, documentOf(chosen, 'nftables')]) {
    const made = generate(input, { targets: ['systemd'] })
    if (!made.ok) throw new Error(JSON.stringify(made.diagnostics))
    for (const { path, content } of made.value)
      if (/\/etc\/linkerd\/redirect\.(v4|v6|nft)$/.test(path))
        files.set(path.replace(/.*\./, ''), String(content))
  }
  const [v4 = '', v6 = '', nft = ''] = ['v4', 'v6', 'nft'].map((name) => files.get(name))
  return { config, rules: machine.rules, files: { v4, v6, nft } }
}

/** Where `explain` says that each connection arrives. */
function askExplain(config: Config, drawn: readonly Drawn[]): string[] {
  return drawn.map(({ connection, question }) => {
    const explained = explain(config, question)
    if (!explained.ok) throw new Error(JSON.stringify(explained.diagnostics))
    return explained.value.fate === 'proxied' ? `proxy ${connection.direction}` : 'itself'
  })
}

/** What a kernel does otherwise than it should, with the rules that it has. */
async function disagreements(
  kernel: Kernel,
  drawn: readonly Drawn[],
  expected: readonly string[],
  patience?: number,
): Promise<string[]> {
  const arrivals = await kernel.ask(
    drawn.map(({ request }) => request),
    patience,
  )
  assert.is(arrivals.length, drawn.length)
  return drawn.flatMap(({ request }, index) =>
    expected[index] === arrivals[index]
      ? []
      : [
          `${kernel.variant}: ${JSON.stringify(request)} arrives at ${arrivals[index]}, not ${expected[index]}`,
        ],
  )
}

test('at random, for every backend and family', async () => {
  const count = { configurations: 0, connections: 0, proxied: 0, ipv6: 0 }
  const configuration = settings
    .map((chosen) => ({ chosen, prepared: prepare(chosen) }))
    .chain(({ chosen, prepared }) =>
      (prepared === undefined ? fc.constant([]) : connectionsAround(prepared.rules, connectionsEach)).map(
        (drawn) => ({ chosen, prepared, drawn }),
      ),
    )
  let failure = ''
  const details = await fc.check(
    fc.asyncProperty(configuration, async ({ chosen, prepared, drawn }) => {
      fc.pre(prepared !== undefined)
      const expected = askExplain(prepared.config, drawn)
      const found = await Promise.all(
        kernels.map(async (kernel) => {
          await kernel.load(prepared.files)
          return disagreements(kernel, drawn, expected)
        }),
      )
      count.configurations++
      count.connections += drawn.length
      count.proxied += expected.filter((place) => place !== 'itself').length
      count.ipv6 += drawn.filter(({ request }) => request.family === 'ipv6').length
      if (found.flat().length === 0) return
      failure = `${JSON.stringify(chosen)}\n${found.flat().join('\n')}`
      throw new Error(failure)
    }),
    // The settings are short and the connections are few: a smaller case would tell little more, and take minutes.
    { seed, numRuns: configurations, endOnFailure: true },
  )
  process.stdout.write(`  seed ${seed}, each asked of ${variants.join(', ')}: ${JSON.stringify(count)}\n`)
  if (details.failed)
    throw new Error(
      `MESHJOIN_SEED=${seed} fails at path ${details.counterexamplePath}\n${failure || String(details.errorInstance)}`,
    )
  assert.ok(count.configurations >= 200 && count.connections >= 4000)
  // Both answers and both families are a good part of what was asked.
  for (const part of [count.proxied, count.connections - count.proxied, count.ipv6])
    assert.ok(part > count.connections / 10, JSON.stringify(count))
})

/** Always the same connections, so many that each rule decides some of them wherever it can. */
function poolOf(rules: readonly RedirectRule[]): readonly Drawn[] {
  return fc.sample(connectionsAround(rules, 12_000), { seed: 1, numRuns: 1 })[0] ?? []
}

for (const [title, chosen, family] of [
  ['forty exempt ports and ranges', manyPorts, undefined],
  ['a machine with IPv6 only', onlyIpv6, 'ipv6'],
  ['a machine with IPv4 only', onlyIpv4, 'ipv4'],
  ['everybody proxied', everybody, undefined],
  ['a client without addresses', nameless, undefined],
] as const) {
  test(`${title}, for every backend`, async () => {
    const prepared = prepare(chosen)
    if (prepared === undefined) throw new Error(`${title} is refused`)
    const { config, rules, files } = prepared
    const drawn = poolOf(rules)
      .filter(({ request }) => family === undefined || request.family === family)
      .slice(0, 900)
    const expected = askExplain(config, drawn)
    const proxied = expected.filter((place) => place !== 'itself').length
    assert.ok(drawn.length === 900 && proxied > 50, `${proxied} of ${drawn.length}`)
    const found = await Promise.all(
      kernels.map(async (kernel) => {
        await kernel.load(files)
        return disagreements(kernel, drawn, expected)
      }),
    )
    assert.is(found.flat().join('\n'), '')
  })
}

/** Rules as the files of every backend. */
function printFiles(rules: readonly RedirectRule[]): RuleFiles {
  return {
    v4: printIptables(rules, 'ipv4', literalNotation),
    v6: printIptables(rules, 'ipv6', literalNotation),
    nft: printNftables(rules, literalNotation),
  }
}

/** Changes of rules that there are in these documents, and those that the kernels have shown. */
const wanted = new Set<string>()
const noticed = new Set<string>()

for (const [title, chosen] of Object.entries({ narrow, wide, few, fewWide })) {
  test(`a rule that is missing or out of its place is noticed, by every kernel: ${title}`, async () => {
    const prepared = prepare(chosen)
    if (prepared === undefined) throw new Error(`${title} is refused`)
    const { config, rules, files } = prepared
    const mutants = mutantsOf(rules, poolOf(rules)).map((mutant) => ({
      ...mutant,
      expected: askExplain(config, mutant.telling),
    }))
    const unnoticed = await Promise.all(
      kernels.map(async (kernel) => {
        await kernel.load(files)
        for (const { telling, expected } of mutants)
          assert.equal(await disagreements(kernel, telling, expected), [], 'the rules as they are')
        const missed: string[] = []
        for (const mutant of mutants) {
          await kernel.load(printFiles(mutant.rules))
          // Whoever dials a link-local address and is redirected reaches nobody.
          const found = await disagreements(kernel, mutant.telling, mutant.expected, 2)
          if (found.length === 0) missed.push(`${kernel.variant}: ${mutant.title}`)
        }
        return missed
      }),
    )
    assert.is(unnoticed.flat().join('\n'), '')
    for (const rule of rules) for (const change of changes) wanted.add(`${change} ${nameOf(rule)}`)
    for (const mutant of mutants) noticed.add(mutant.title)
    process.stdout.write(`  ${title}: ${mutants.length} changes of ${rules.length} rules were noticed\n`)
  })
}

test('each of these rules was left out, and was moved, in a document where that matters', () => {
  assert.is([...wanted].filter((name) => !noticed.has(name)).join('\n'), '')
})

test.run()
