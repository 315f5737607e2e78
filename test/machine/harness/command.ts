import { type ChildProcess, spawn, spawnSync } from 'node:child_process'

/** How a command ended. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string
  /** Seconds after which the command is killed; then `code` is 124. */
  readonly seconds?: number
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

/** Runs a command to its end. Never throws for what the command does. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], {
      env: options.env ?? process.env,
      cwd: options.cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const texts = { stdout: '', stderr: '' }
    child.stdout.on('data', (data: Buffer) => (texts.stdout += data.toString()))
    child.stderr.on('data', (data: Buffer) => (texts.stderr += data.toString()))
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
    let late = false
    const timer = setTimeout(
      () => {
        late = true
        child.kill('SIGKILL')
      },
      (options.seconds ?? 120) * 1000,
    )
    const settle = (code: number) => {
      clearTimeout(timer)
      resolve({ code: late ? 124 : code, ...texts })
    }
    child.on('error', (error) => {
      texts.stderr += error.message
      settle(127)
    })
    child.on('close', (code) => settle(code ?? 137))
  })
}

/** As {@link run}, for commands that have to succeed. Returns what they print. */
export async function must(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const outcome = await run(command, args, options)
  if (outcome.code === 0) return outcome.stdout
  throw new Error(
    `${command} ${args.join(' ')}: exit ${outcome.code}\n${outcome.stderr}${outcome.stdout.slice(-2000)}`,
  )
}

type Cleanup = () => void
const cleanups: Cleanup[] = []

/** Registers what undoes a step; all of it runs, last step first, however the process ends. Must be synchronous. */
export function onCleanup(cleanup: Cleanup): void {
  cleanups.push(cleanup)
}

/** How far the list of clean-ups has grown: for {@link cleanUpTo}. */
export function cleanupMark(): number {
  return cleanups.length
}

/** Undoes everything registered since the mark. One that throws does not keep the others from running. */
export function cleanUpTo(mark: number): void {
  while (cleanups.length > mark) {
    try {
      cleanups.pop()?.()
    } catch (error) {
      process.stderr.write(`clean-up: ${String(error)}\n`)
    }
  }
}

process.on('exit', () => cleanUpTo(0))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

/** For clean-ups: runs a command and does not care. */
export function tryCommand(command: string, ...args: string[]): void {
  spawnSync(command, args, { stdio: 'ignore', timeout: 20_000 })
}

/** Ends a process that we started, by its handle. */
export function kill(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): void {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal)
}

/** Resolves when the child has ended; rejects after so many seconds. */
export function ended(child: ChildProcess, seconds: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`process ${child.pid} still runs`)), seconds * 1000)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** Asks again and again until the answer is neither `undefined`, `false` nor an error. The bound is generous on purpose. */
export async function until<T>(
  what: string,
  seconds: number,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000
  let last = ''
  for (;;) {
    try {
      const answer = await probe()
      if (answer !== undefined && answer !== false) return answer
    } catch (error) {
      last = `; last: ${error instanceof Error ? error.message : String(error)}`
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s${last}`)
    await pause(200)
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
