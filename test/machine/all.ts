/**
 * The whole tier: makes what all tests share, then runs the tests of each Debian in a process of its own, and those of Ansible
 * in another. Three at once, since most of their time is spent waiting; Ansible computes, so one of its processes waits for the
 * other. A story that is about us and not about a distribution runs on one Debian, on which one changes with the commit; with
 * MESHJOIN_LONG (npm run test:long) on both.
 *
 * Usage: node --import tsx test/machine/all.ts [pattern]
 */
import { execFileSync } from 'node:child_process'
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

/** What these tell of is our own doing, the same with any systemd, cloud-init or iptables. A new story is about a distribution. */
const ours = [
  'attest',
  'colocated',
  'delivery',
  'failures',
  'flush',
  'gate',
  'health',
  'instances',
  'leave',
  'refusals',
  'registry',
  'retry',
  'rotation',
  'upgrade',
]

/** 0 or 1 by the commit; 0 outside of a repository. */
function readTurn(): number {
  try {
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: folder, encoding: 'utf8' })
    return Number.parseInt(commit.slice(0, 8), 16) % 2
  } catch {
    return 0
  }
}

/** The files of a Debian but for Ansible's: without those that another one has the turn of. */
function patternFor(place: number): string {
  const turn = process.env.MESHJOIN_LONG === undefined && debians.length > 1 ? readTurn() : undefined
  const elsewhere = ours.filter((_, index) => turn !== undefined && (index + turn) % debians.length !== place)
  return `^(?!(${['ansible', ...elsewhere].join('|')})\\.).*\\.test\\.ts$`
}

const parts = debians.flatMap((debian, place) => {
  const whole = [
    { suffix: '', pattern: patternFor(place) },
    { suffix: ' ansible', pattern: '^ansible\\.test\\.ts$' },
  ]
  const asked = given === undefined ? whole : [{ suffix: '', pattern: given }]
  return asked.map(({ suffix, pattern }) => ({
    name: `${debian}${suffix}`,
    folder,
    pattern,
    env: { MESHJOIN_DEBIAN: debian },
    onLine: (line: string) => noteTime(debian, line),
  }))
})
// One of each Debian first: Ansible's are left for the third place.
parts.sort((a, b) => Number(a.name.includes(' ')) - Number(b.name.includes(' ')))
await runSideBySide(parts, 3)
writeFileSync(join(cache, 'machine-times.json'), `${JSON.stringify(times, null, 2)}\n`)
