/** What `mesh-machine-metrics` makes of the status, in whatever shell: the fast tier asks `sh`, the readers dash, busybox and bash. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runParts, type Shell } from './shell.ts'

/** How a machine is. */
interface Condition {
  readonly state: string
  readonly failure?: string
  readonly active?: boolean
  readonly off?: boolean
  readonly faulty?: boolean
  readonly certificate?: boolean
  /** Whether destination and policy answer. */
  readonly connected?: readonly [boolean, boolean]
}

/** The file that is written for a machine in that condition. */
export function writeMetrics(
  shell: Shell,
  { state, failure, active, off, faulty, certificate, connected }: Condition,
): string {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-metrics-'))
  try {
    mkdirSync(join(folder, 'textfile'))
    const services = ['destination', 'policy'].map(
      (name, index) => `"${name}": {"answers": ${connected?.[index]}, "since": "2026-11-22T22:41:23Z"}`,
    )
    const answers = connected === undefined ? 'null' : `{${services.join(',')}}`
    writeFileSync(
      join(folder, 'status.json'),
      `{\n  "version": 1,\n  "state": "${state}",\n  "connected": ${answers},\n}\n`,
    )
    if (failure !== undefined) writeFileSync(join(folder, 'failure'), `{"id": "${failure}", "what": "x"}`)
    writeFileSync(
      join(folder, 'machine.env'),
      `LINKERD2_PROXY_POLICY_WORKLOAD='{"ns":"mixed-env","external_workload":"legacy-app"}'\n`,
    )
    const answer = (yes: boolean | undefined) => (yes === true ? 'true' : 'false')
    const { status, stderr } = runParts(
      shell,
      ['workload', 'metrics/metrics'],
      `umask 077
       run='${folder}' etc='${folder}' metrics_file='${folder}/textfile/meshjoin.prom'
       redirect_is_active() { ${answer(active)}; }
       redirect_is_off() { ${answer(off)}; }
       find_rule_fault() { ${answer(faulty)}; }
       dated() { ${certificate === true ? 'case $1 in After) echo "Nov 29 18:00:00 2026 GMT" ;; *) echo "Nov 29 17:00:00 2026 GMT" ;; esac' : ':'}; }
       write_metrics`,
    )
    assert.is(stderr, '')
    assert.is(status, 0)
    assert.equal(readdirSync(join(folder, 'textfile')), ['meshjoin.prom'])
    const file = join(folder, 'textfile/meshjoin.prom')
    assert.ok(existsSync(file))
    assert.is(statSync(file).mode & 0o777, 0o644)
    return readFileSync(file, 'utf8')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Of a file, each number by its name without the labels that all have. */
function read(text: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map((line) => {
      const [, name = '', rest = '', value] =
        /^meshjoin_machine_(\w+)\{machine="legacy-app",namespace="mixed-env"(?:,(.*))?\} (\d+)$/.exec(line) ??
        []
      return [rest === '' ? name : `${name} ${rest}`, Number(value)]
    }),
  )
}

/** Queues the suite of one shell; the caller runs it. */
export function testMetrics(title: string, shell: Shell) {
  const test = suite(`mesh-machine-metrics in ${title}`)

  test('a joined machine has its state, its rules and its certificate, and no failure', () => {
    const { report_timestamp_seconds: written, ...numbers } = read(
      writeMetrics(shell, { state: 'joined', active: true, certificate: true }),
    )
    assert.ok(Number(written) > 1e9)
    assert.equal(numbers, {
      'state state="joined"': 1,
      'state state="degraded"': 0,
      'state state="joining"': 0,
      'state state="refused"': 0,
      redirect_loaded: 1,
      redirect_off: 0,
      certificate_expiration_timestamp_seconds: Date.parse('2026-11-29T18:00:00Z') / 1000,
      certificate_refresh_timestamp_seconds: Date.parse('2026-11-29T17:00:00Z') / 1000,
    })
  })

  test('a degraded one says what is the matter, and that it has no certificate', () => {
    const numbers = read(writeMetrics(shell, { state: 'degraded', failure: 'server-away', active: true }))
    assert.is(numbers['state state="degraded"'], 1)
    assert.is(numbers['state state="joined"'], 0)
    assert.is(numbers['failure id="server-away"'], 1)
    assert.is(numbers.certificate_expiration_timestamp_seconds, 0)
  })

  test('the redirect is loaded where the unit is active, the kernel has the rules and nobody turned it off', () => {
    for (const [active, off, faulty, loaded] of [
      [true, false, false, 1],
      [false, false, false, 0],
      [true, true, false, 0],
      [true, false, true, 0],
    ] as const) {
      const numbers = read(writeMetrics(shell, { state: 'joined', active, off, faulty }))
      assert.is(numbers.redirect_loaded, loaded, JSON.stringify([active, off, faulty]))
      assert.is(numbers.redirect_off, off ? 1 : 0)
    }
  })

  test('each service of the control plane has its answer, once it was asked', () => {
    const numbers = read(writeMetrics(shell, { state: 'degraded', connected: [true, false] }))
    assert.is(numbers['control_plane_connected service="destination"'], 1)
    assert.is(numbers['control_plane_connected service="policy"'], 0)
    const names = Object.keys(read(writeMetrics(shell, { state: 'joining' })))
    assert.equal(
      names.filter((name) => name.startsWith('control_plane')),
      [],
    )
  })

  return test
}
