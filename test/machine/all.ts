/**
 * The whole tier: makes what all tests share, then runs the tests of each Debian in a process of its own, and those of Ansible
 * in another. Three at once, since most of their time is spent waiting; Ansible computes, so one of its processes waits for the
 * other.
 *
 * Usage: node --import tsx test/machine/all.ts [pattern]
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runSideBySide } from '../side-by-side.ts'
import { cache, debians, preparePrograms } from './harness/programs.ts'

process.exitCode = 1 // stays so where nothing comes to its end
const [given] = process.argv.slice(2)
const folder = fileURLToPath(new URL('.', import.meta.url))
await preparePrograms()
/** For the report of the bench, which cannot boot machines itself. */
const times: { debian: string; seconds: number; what: string }[] = []

function noteTime(debian: string, line: string): void {
  const [, seconds, what] = /time: ([0-9.]+) s (.+)$/.exec(line) ?? []
  if (seconds !== undefined && what !== undefined) times.push({ debian, seconds: Number(seconds), what })
}

const whole = [
  { suffix: '', pattern: '^(?!ansible\\.).*\\.test\\.ts$' },
  { suffix: ' ansible', pattern: '^ansible\\.test\\.ts$' },
]
const asked = given === undefined ? whole : [{ suffix: '', pattern: given }]
const parts = asked.flatMap(({ suffix, pattern }) =>
  debians.map((debian) => ({
    name: `${debian}${suffix}`,
    folder,
    pattern,
    env: { MESHJOIN_DEBIAN: debian },
    onLine: (line: string) => noteTime(debian, line),
  })),
)
await runSideBySide(parts, 3)
writeFileSync(join(cache, 'machine-times.json'), `${JSON.stringify(times, null, 2)}\n`)
