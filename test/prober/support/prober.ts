/** The prober as it runs in a pod: the bundled program in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readText } from '../../../lib/files/template.ts'
import type { Machine, Settings } from '../../../templates/kubernetes/prober/settings.ts'
import type { Ports } from './machines.ts'

export type LogLine = Readonly<Record<string, string | number | boolean>>

/** The API server that it is told of. */
export interface Api {
  readonly host: string
  readonly port: number
  readonly token: string
  /** PEM. */
  readonly ca: string
}

/** Periods that a test can wait for. */
export const quick = {
  periodSeconds: 0.05,
  timeoutSeconds: 1,
  successThreshold: 1,
  failureThreshold: 2,
  concurrency: 100,
  refreshSeconds: 300,
  drainAnnotation: 'meshjoin.dev/drain',
} as const satisfies Partial<Settings>

export class Prober {
  readonly lines: LogLine[] = []
  /** What it wrote that is not a line of its log. */
  noise = ''
  readonly folder: string
  readonly #child: ChildProcess
  readonly #ended: Promise<number | NodeJS.Signals | null>

  private constructor(folder: string, env: NodeJS.ProcessEnv, flags: readonly string[]) {
    this.folder = folder
    const program = join(folder, 'prober.mjs')
    this.#child = spawn(process.execPath, [...flags, program], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let rest = ''
    this.#child.stdout?.on('data', (data: Buffer) => {
      const lines = (rest + data.toString()).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.lines.push(JSON.parse(line) as LogLine)
    })
    this.#child.stderr?.on('data', (data: Buffer) => {
      this.noise += data.toString()
    })
    this.#ended = new Promise((resolve) =>
      this.#child.once('close', (code, signal) => resolve(code ?? signal)),
    )
  }

  /** Starts the program and waits until it serves its pages. */
  static async start(
    machines: readonly Machine[],
    ports: Pick<Ports, 'admin' | 'inbound'>,
    api: Api,
    settings: Partial<Settings> = {},
    flags: readonly string[] = [],
  ): Promise<Prober> {
    const folder = mkdtempSync(join(tmpdir(), 'meshjoin-prober-'))
    const whole: Settings = {
      ...quick,
      ...{ adminPort: ports.admin, inboundPort: ports.inbound, machines, ...settings },
    }
    writeFileSync(join(folder, 'prober.mjs'), readText('kubernetes/prober.mjs'))
    writeFileSync(join(folder, 'machines.json'), JSON.stringify(shareHealthChecks(whole)))
    writeFileSync(join(folder, 'token'), `${api.token}\n`, { mode: 0o600 })
    writeFileSync(join(folder, 'ca.crt'), api.ca)
    const prober = new Prober(
      folder,
      {
        KUBERNETES_SERVICE_HOST: api.host,
        KUBERNETES_SERVICE_PORT: String(api.port),
        PROBER_MACHINES: join(folder, 'machines.json'),
        PROBER_TOKEN_FILE: join(folder, 'token'),
        PROBER_CA_FILE: join(folder, 'ca.crt'),
        PROBER_PORT: '0',
      },
      flags,
    )
    await prober.waitFor('it starts', () => prober.find('started') !== undefined)
    return prober
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  find(event: string, values: Partial<LogLine> = {}): LogLine | undefined {
    return this.lines.find(
      (line) => line.event === event && Object.entries(values).every(([key, value]) => line[key] === value),
    )
  }

  /** Asks until it is so. Long, since another test may have the processor. */
  async waitFor(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const end = Date.now() + 60_000
    while (!(await isSo())) {
      if (Date.now() > end || this.#child.exitCode !== null)
        throw new Error(
          `waited in vain until ${what}\n${this.noise}${this.lines
            .slice(-20)
            .map((line) => JSON.stringify(line))
            .join('\n')}`,
        )
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  async page(path: string): Promise<{ status: number; text: string }> {
    const answer = await fetch(`http://127.0.0.1:${this.find('started')?.port}${path}`)
    return { status: answer.status, text: await answer.text() }
  }

  /** The value of one series of /metrics; 0 where it is not there. */
  async metric(series: string): Promise<number> {
    const { text } = await this.page('/metrics')
    const line = text.split('\n').find((one) => one.startsWith(`${series} `))
    return line === undefined ? 0 : Number(line.slice(series.length + 1))
  }

  /** Until each probe of each machine that was there has ended so many times more. */
  async waitForRounds(rounds: number, machines = 1): Promise<void> {
    const read = () => this.metric('meshjoin_prober_probes_total{probe="metrics"}')
    const before = await read()
    await this.waitFor(`${rounds} rounds`, async () => (await read()) >= before + rounds * machines)
  }

  /** How the process ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    this.#child.kill(signal)
    const end = await this.#ended
    rmSync(this.folder, { recursive: true, force: true })
    return end
  }
}

/** As the file in the ConfigMap has them. */
function shareHealthChecks({ machines, ...settings }: Settings): object {
  const healthChecks = machines.flatMap(({ healthCheck }) => (healthCheck === undefined ? [] : [healthCheck]))
  const shared = machines.map(({ healthCheck, ...machine }) =>
    healthCheck === undefined ? machine : { ...machine, healthCheck: healthChecks.indexOf(healthCheck) },
  )
  return { ...settings, healthChecks, machines: shared }
}
