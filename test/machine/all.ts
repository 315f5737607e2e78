/**
 * The whole tier: makes what all tests share, then runs the tests of each Debian in a process of its own, side by side, since
 * most of their time is spent waiting.
 *
 * Usage: node --import tsx test/machine/all.ts [pattern]
 */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cache, debians, preparePrograms } from './harness/programs.ts'

process.exitCode = 1 // stays so where nothing comes to its end
const [pattern = '\\.test\\.ts$'] = process.argv.slice(2)
const started = Date.now()
await preparePrograms()
/** Passed, failed and skipped, on all Debians. */
const total: [number, number, number] = [0, 0, 0]
/** For the report of the bench, which cannot boot machines itself. */
const times: { debian: string; seconds: number; what: string }[] = []
const runner = fileURLToPath(new URL('../run.ts', import.meta.url))
const folder = fileURLToPath(new URL('.', import.meta.url))

function runTests(debian: string): Promise<number> {
  const child = spawn(process.execPath, ['--import', 'tsx', runner, folder, pattern], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, MESHJOIN_DEBIAN: debian },
  })
  const forward = () => child.kill('SIGTERM')
  process.once('exit', forward)
  let rest = ''
  child.stdout.on('data', (data: Buffer) => {
    const lines = (rest + data.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      process.stdout.write(`${debian}| ${line}\n`)
      const counts = /^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/.exec(line)
      if (counts !== null) for (const index of [0, 1, 2] as const) total[index] += Number(counts[index + 1])
      const [, seconds, what] = /time: ([0-9.]+) s (.+)$/.exec(line) ?? []
      if (seconds !== undefined && what !== undefined) times.push({ debian, seconds: Number(seconds), what })
    }
  })
  return new Promise((resolve) => {
    child.once('close', (code) => {
      process.off('exit', forward)
      resolve(code ?? 1)
    })
  })
}

const codes = await Promise.all(debians.map(runTests))
process.stdout.write(
  `${debians.map((debian, index) => `${debian}: ${codes[index] === 0 ? 'passed' : 'failed'}`).join(', ')} in ${Math.round((Date.now() - started) / 1000)} s\n`,
)
writeFileSync(join(cache, 'machine-times.json'), `${JSON.stringify(times, null, 2)}\n`)
const fine = codes.length > 0 && codes.every((code) => code === 0)
if (!fine && total[1] === 0) total[1] = 1 // a run that ended without a count has failed
process.stdout.write(`\n${total[0]} passed, ${total[1]} failed, ${total[2]} skipped\n`)
process.exitCode = fine && total[0] > 0 ? 0 : 1
