import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Some tests in a process of their own. */
export interface Part {
  /** Stands before each line that they print. */
  readonly name: string
  readonly folder: string
  readonly pattern: string
  readonly env?: Readonly<Record<string, string>>
  readonly onLine?: (line: string) => void
}

const runner = fileURLToPath(new URL('run.ts', import.meta.url))

/**
 * Runs parts with `run.ts`, side by side or so many at once. Prints at the end how long the longer files took, a line for
 * each failed test, since their own reports stand among the lines of the other parts, and one line of counts for all. A part
 * that ends without a count, or fails without a failed test, has failed.
 */
export async function runSideBySide(parts: readonly Part[], atOnce = parts.length): Promise<void> {
  process.exitCode = 1 // stays so where nothing comes to its end
  const started = Date.now()
  const total: [passed: number, failed: number, skipped: number] = [0, 0, 0]
  const ends: { name: string; isWell: boolean }[] = []
  const failures: string[] = []
  const times: Time[] = []
  const left = [...parts]
  const runThem = async (): Promise<void> => {
    for (let part = left.shift(); part !== undefined; part = left.shift())
      ends.push({ name: part.name, isWell: await runPart(part, total, failures, times) })
  }
  await Promise.all(Array.from({ length: atOnce }, runThem))
  const outcomes = ends.map(({ name, isWell }) => `${name}: ${isWell ? 'passed' : 'failed'}`)
  process.stdout.write(`${outcomes.join(', ')} in ${Math.round((Date.now() - started) / 1000)} s\n`)
  times.sort((a, b) => b.minutes - a.minutes)
  for (const { what, minutes } of times) process.stdout.write(`minutes: ${minutes.toFixed(1)} ${what}\n`)
  for (const failure of failures) process.stdout.write(`failed: ${failure}\n`)
  const isFine = ends.length > 0 && ends.every(({ isWell }) => isWell)
  if (!isFine && total[1] === 0) total[1] = 1
  process.stdout.write(`\n${total[0]} passed, ${total[1]} failed, ${total[2]} skipped\n`)
  process.exitCode = isFine && total[0] > 0 ? 0 : 1
}

/** How long a file of tests took, beside all others. */
interface Time {
  readonly what: string
  readonly minutes: number
}

/** Shorter files are left out of the times: whoever looks for minutes finds none there. */
const leastMinutes = 0.5

/** Whether it came to its end, with a count, and well. */
function runPart(
  { name, folder, pattern, env, onLine }: Part,
  total: number[],
  failures: string[],
  times: Time[],
): Promise<boolean> {
  const child = spawn(process.execPath, ['--import', 'tsx', runner, folder, pattern], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  const forward = () => child.kill('SIGTERM')
  process.once('exit', forward)
  let rest = ''
  let isCounted = false
  const noteFailure = readFailures((failure) => failures.push(`${name}: ${failure}`))
  child.stdout.on('data', (data: Buffer) => {
    const lines = (rest + data.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      process.stdout.write(`${name}| ${line}\n`)
      const counts = /^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/.exec(line)
      if (counts !== null) {
        isCounted = true
        for (const index of [0, 1, 2]) total[index] = (total[index] ?? 0) + Number(counts[index + 1])
      }
      noteFailure(line)
      const [, file, milliseconds] = /^(\S+) ([0-9]+) ms$/.exec(line) ?? []
      const minutes = Number(milliseconds ?? 0) / 60_000
      if (minutes >= leastMinutes) times.push({ what: `${name} ${file}`, minutes })
      onLine?.(line)
    }
  })
  return new Promise((resolve) => {
    child.once('close', (code) => {
      process.off('exit', forward)
      resolve(code === 0 && isCounted)
    })
  })
}

/** Finds in what `run.ts` prints the failed tests, each with what it says up to its stack; not those that a story gave up. */
function readFailures(onFailure: (failure: string) => void): (line: string) => void {
  let said: string[] = []
  const finish = () => {
    if (said.length > 0 && !said[1]?.startsWith('not tried, ')) onFailure(said.join(' ').slice(0, 500))
    said = []
  }
  return (line) => {
    const [, title] = /^ {3}FAIL {2}(.+)$/.exec(line) ?? []
    if (title !== undefined || /^( {4}at |not ok: )/.test(line)) finish()
    if (title !== undefined) said = [title]
    else if (line.startsWith('not ok: ')) onFailure(line)
    else if (said.length > 0) said.push(line.trim())
  }
}
