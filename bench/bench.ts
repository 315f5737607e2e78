/**
 * The budgets, measured. Ratios within one run, medians of several, so that the machine matters little. Prints a table, and
 * exits with 1 where one is over: for people to look at, never part of a tier, since most of it needs a clock.
 *
 * Usage: npm run bench
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { generate } from '../lib/index.ts'
import { measureLoad } from '../test/prober/support/load.ts'
import { measureBundle, measureMinimal, twoOfEach } from './bytes.ts'
import { makeFleet, targets } from './job.ts'

interface Row {
  readonly what: string
  readonly measured: string
  readonly budget: string
  /** Undefined where it was not measured here. */
  readonly ok: boolean | undefined
}

const rows: Row[] = []
const notes: string[] = []
const scratch = mkdtempSync(join(tmpdir(), 'meshjoin-bench-'))
const minimal = readFileSync('examples/minimal.yaml', 'utf8')
const mib = 1024 * 1024

/** What Linkerd's guide has an operator run, command by command. */
const published = [
  'iptables -t nat -N PROXY_INIT_REDIRECT',
  'iptables -t nat -A PROXY_INIT_REDIRECT -p tcp --match multiport --dports 4190,4191,4567,4568 -j RETURN',
  'iptables -t nat -A PROXY_INIT_REDIRECT -p tcp -j REDIRECT --to-port 4143',
  'iptables -t nat -A PREROUTING -j PROXY_INIT_REDIRECT',
  'iptables -t nat -N PROXY_INIT_OUTPUT',
  'iptables -t nat -A PROXY_INIT_OUTPUT -m owner --uid-owner 0 -j RETURN',
  'iptables -t nat -A PROXY_INIT_OUTPUT -o lo -j RETURN',
  'iptables -t nat -A PROXY_INIT_OUTPUT -p tcp --match multiport --dports 4567,4568 -j RETURN',
  'iptables -t nat -A PROXY_INIT_OUTPUT -p tcp -j REDIRECT --to-port 4140',
  'iptables -t nat -A OUTPUT -j PROXY_INIT_OUTPUT',
  'iptables-save -t nat',
]

try {
  const runner = await buildRunner()
  await reportBundle()
  reportUserData()
  measureImport(runner)
  measureValidate()
  measureSpeed(runner)
  measureMemory(runner)
  measureWriting()
  measureLoading()
  await reportProber()
  reportMachines()
  reportElsewhere()
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
print()
process.exitCode = rows.some(({ ok }) => ok === false) ? 1 : 0

/** The jobs as plain JavaScript: a TypeScript loader would be in every figure. */
async function buildRunner(): Promise<string> {
  writeFileSync(join(scratch, 'empty.mjs'), '')
  const outfile = join(scratch, 'job.mjs')
  await build({ entryPoints: ['bench/job.ts'], outfile, format: 'esm', platform: 'node', logLevel: 'error' })
  return outfile
}

function runJob<T>(runner: string, name: string, count = 0, flags: readonly string[] = []): T {
  return JSON.parse(
    execFileSync(process.execPath, [...flags, runner, name, String(count)], { encoding: 'utf8' }),
  ) as T
}

/** A prober at its defaults, with all machines on loopback: what answers is in the same kernel. */
async function reportProber(): Promise<void> {
  const { bytes, cores } = await measureLoad(2000, 30)
  add('readiness prober, 2,000 machines: memory', `${Math.round(bytes / 1e6)} MB`, '200 MB', bytes <= 200e6)
  add('readiness prober, 2,000 machines: part of a core', cores.toFixed(3), '0.100', cores <= 0.1)
}

async function reportBundle(): Promise<void> {
  const { bytes, parts } = await measureBundle()
  add('library bundle, gzipped', `${bytes} bytes`, '96000 bytes', bytes <= 96_000)
  const largest = parts.slice(0, 8).map(([part, size]) => `${part} ${size}`)
  notes.push(`bundle, minified, by part: ${largest.join(', ')}`)
}

/** What EC2 counts, for each backend and each way that the mesh layer comes. */
function reportUserData(): void {
  for (const backend of ['iptables', 'nftables']) {
    const redirect = `redirect: {backend: ${backend}}\n`
    addBytes(`user-data of minimal for EC2, ${backend}`, measureMinimal(redirect), 14_800)
    const most = measureMinimal(redirect, twoOfEach)
    addBytes(`the same with two anchors and both architectures, ${backend}`, most, 15_700)
  }
  for (const [way, layer, budget] of [
    ['fetched', '{from: fetch, url: "https://files.example.com/{sha256}.tar.gz"}', 2560],
    ['baked', '{from: baked}', 2048],
  ] as const)
    addBytes(`user-data of minimal, mesh layer ${way}`, measureMinimal('', undefined, layer), budget)
}

function addBytes(what: string, bytes: number, budget: number): void {
  add(what, `${bytes} bytes`, `${budget} bytes`, bytes <= budget)
}

function measureImport(runner: string): void {
  const runs = repeat(9, () =>
    runJob<{ milliseconds: number; heap: number }>(runner, 'import', 0, ['--expose-gc']),
  )
  const time = median(runs.map(({ milliseconds }) => milliseconds))
  const heap = median(runs.map((run) => run.heap))
  add('importing the library', `${time.toFixed(1)} ms`, '20 ms', time <= 20)
  add('heap of the library', `${(heap / mib).toFixed(2)} MiB`, '1.5 MB', heap <= 1.5e6)
}

function measureValidate(): void {
  const empty = join(scratch, 'empty.mjs')
  const time = (args: readonly string[]) => {
    const started = performance.now()
    const { status } = spawnSync(process.execPath, args)
    if (status !== 0) throw new Error(`${args.join(' ')} failed`)
    return performance.now() - started
  }
  // In turns, so that what else the machine does falls on both.
  const pairs = repeat(
    15,
    () => [time([empty]), time(['dist/bin/meshjoin.js', 'validate', 'examples/minimal.yaml'])] as const,
  )
  const base = median(pairs.map(([first]) => first))
  const ratio = median(pairs.map(([, second]) => second)) / base
  add(
    'validate of one machine, over an empty process',
    `${ratio.toFixed(2)} x (${base.toFixed(0)} ms)`,
    '1.7 x',
    ratio <= 1.7,
  )
}

interface Made {
  readonly check: number
  readonly emit: number
  readonly bytes: number
  readonly artifacts: number
}

function measureSpeed(runner: string): void {
  const runs = repeat(3, () => runJob<Made>(runner, 'generate', 1000))
  const seconds = median(runs.map(({ check, emit }) => (check + emit) / 1000))
  const speed = 1000 / seconds
  add('machines a second, all targets', speed.toFixed(0), '5000', speed >= 5000)
  const [one] = runs
  if (one !== undefined)
    notes.push(
      `1000 machines: ${one.check.toFixed(0)} ms to check, ${one.emit.toFixed(0)} ms to make ${one.artifacts} artifacts of ${(one.bytes / mib).toFixed(0)} MiB`,
    )
}

/** The heap after a collection, with the fleet's document and plan in it and no artifact: over that of the library alone. */
function measureMemory(runner: string): void {
  const heap = (count: number) =>
    runJob<{ heap: number }>(runner, 'hold', count, ['--expose-gc', '--max-old-space-size=4096']).heap
  const empty = heap(0)
  const many = heap(10_000) - empty
  add('heap of 10,000 machines, over the library', `${(many / mib).toFixed(0)} MiB`, '35 MB', many <= 35e6)
  const most = 100_000
  const { artifacts, check, emit } = runJob<Made>(runner, 'generate', most, ['--max-old-space-size=4096'])
  const took = ((check + emit) / 1000).toFixed(0)
  add(
    'machines in one document',
    `${most}, ${artifacts} artifacts in ${took} s`,
    'complete',
    artifacts > most,
  )
}

function measureWriting(): void {
  const input = join(scratch, 'fleet.yaml')
  writeFileSync(input, makeFleet(minimal, 2000))
  const out = join(scratch, 'out')
  const chosen = targets.flatMap((target) => ['--target', target])
  const command = ['dist/bin/meshjoin.js', 'generate', input, '--out', out, ...chosen]
  const started = performance.now()
  execFileSync(process.execPath, command, { stdio: 'ignore' })
  const written = performance.now() - started
  const copies = repeat(2, (run) => {
    const from = performance.now()
    execFileSync('cp', ['-r', out, join(scratch, `copy-${run}`)])
    const took = performance.now() - from
    rmSync(join(scratch, `copy-${run}`), { recursive: true })
    return took
  })
  const ratio = written / median(copies)
  add(
    'writing 2,000 machines, over cp -r',
    `${ratio.toFixed(2)} x (${written.toFixed(0)} ms)`,
    '0.5 x',
    ratio <= 0.5,
  )
  const again = performance.now()
  execFileSync(process.execPath, command, { stdio: 'ignore' })
  notes.push(
    `writing the same 2,000 machines again, with nothing to do: ${(performance.now() - again).toFixed(0)} ms`,
  )
}

/** In a network namespace of its own, one way after the other in turns; for which it has to be root. */
function measureLoading(): void {
  if (process.getuid?.() !== 0) {
    notes.push('time to load the rules: only root can measure it')
    return
  }
  const ways = [
    published.join('; '),
    `iptables-restore --noflush <${ruleFile('iptables', 'redirect.v4')}`,
    `nft -f ${ruleFile('nftables', 'redirect.nft')}`,
  ]
  const turn = ways.map((way) => `nft flush ruleset; now; { ${way}; } >/dev/null; now`).join('\n')
  const script = `now() { date +%s%N; }; for i in 1 2 3 4 5 6 7 8 9; do\n${turn}\ndone`
  const { status, stdout, stderr } = spawnSync('unshare', ['--net', 'sh', '-euc', script], {
    encoding: 'utf8',
  })
  if (status !== 0) {
    notes.push(`time to load the rules: iptables and nft are needed (${stderr.trim()})`)
    return
  }
  const marks = stdout.trim().split('\n').map(Number)
  const took = (way: number) =>
    median(repeat(9, (run) => (marks[6 * run + 2 * way + 1] ?? 0) - (marks[6 * run + 2 * way] ?? 0)))
  for (const [index, backend] of ['iptables', 'nftables'].entries()) {
    const ratio = took(index + 1) / took(0)
    add(
      `loading the rules with ${backend}, over the published commands`,
      `${ratio.toFixed(2)} x (${(took(0) / 1e6).toFixed(0)} ms)`,
      '1 x',
      ratio <= 1,
    )
  }
}

/** The rules of the minimal document, in a file. */
function ruleFile(backend: string, name: string): string {
  const { value = [] } = generate(`${minimal}redirect: {backend: ${backend}}\n`, { targets: ['systemd'] })
  const file = join(scratch, name)
  writeFileSync(file, String(value.find(({ path }) => path.endsWith(`/${name}`))?.content))
  return file
}

/** Booting machines is the machine tier's: its last run left its times where it keeps its caches. */
function reportMachines(): void {
  const file = join(process.env.MESHJOIN_CACHE ?? '/var/cache/meshjoin-test', 'machine-times.json')
  if (!existsSync(file)) {
    notes.push('times on booted machines: run "npm run test:machine" first')
    return
  }
  const times = JSON.parse(readFileSync(file, 'utf8')) as { debian: string; seconds: number; what: string }[]
  for (const { debian, seconds, what } of times)
    notes.push(`${debian}, last run of the machine tier: ${seconds} s ${what}`)
}

/** What no bench can measure alone: where to look instead. */
function reportElsewhere(): void {
  addUnmeasured(
    'exposure of the proxy, the agent and the redirect',
    '1.5, 2.0 and 3.0',
    'npm run test:oracle',
  )
  addUnmeasured('doctor with everything unreachable', '20 s', 'npm run test:machine')
}

function repeat<T>(times: number, run: (index: number) => T): T[] {
  return Array.from({ length: times }, (_, index) => run(index))
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function add(what: string, measured: string, budget: string, ok: boolean): void {
  rows.push({ what, measured, budget, ok })
}

/** A row that says where its figure is; it does not count as over. */
function addUnmeasured(what: string, budget: string, where: string): void {
  rows.push({ what, measured: where, budget, ok: undefined })
}

function print(): void {
  const width = (key: 'what' | 'measured') => Math.max(...rows.map((row) => row[key].length)) + 2
  for (const { what, measured, budget, ok } of rows)
    process.stdout.write(
      `${ok === undefined ? '-   ' : ok ? 'ok  ' : 'OVER'}  ${what.padEnd(width('what'))}${measured.padEnd(width('measured'))}budget ${budget}\n`,
    )
  for (const note of notes) process.stdout.write(`      ${note}\n`)
}
