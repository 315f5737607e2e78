/**
 * The whole tier: makes what all tests share, then runs the tests of each Debian in a process of its own, and those of Ansible
 * in another. Three at once, since most of their time is spent waiting; Ansible computes, so one of its processes waits for the
 * other. A story that is about us and not about a distribution runs on one Debian, on which one changes with the commit; testing
 * has a few short ones. With MESHJOIN_LONG (npm run test:long) every story runs on each.
 *
 * Usage: node --import tsx test/machine/all.ts [pattern]
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runSideBySide } from '../side-by-side.ts'
import { cache, type Debian, debians, preparePrograms, testing } from './harness/programs.ts'

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
  'connected',
  'delivery',
  'doctor',
  'doctor-way',
  'failures',
  'flush',
  'gate',
  'hardened',
  'health',
  'instances',
  'ipv6',
  'leave',
  'refusals',
  'registry',
  'resolvers',
  'retry',
  'rotation',
  'upgrade',
]

/** What a new systemd, cloud-init, nft, sshd or Python may break, in a few minutes. */
const newest = ['host', 'join', 'resolver', 'resolvers']
const isLong = process.env.MESHJOIN_LONG !== undefined
const releases = debians.filter((debian) => debian !== testing)

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
function patternFor(debian: Debian): string {
  if (debian === testing && !isLong) return `^(${newest.join('|')})\\.test\\.ts$`
  const turn = !isLong && releases.length > 1 ? readTurn() : undefined
  const place = releases.indexOf(debian)
  const elsewhere = ours.filter(
    (_, index) => turn !== undefined && (index + turn) % releases.length !== place,
  )
  return `^(?!(${['ansible', ...elsewhere].join('|')})\\.).*\\.test\\.ts$`
}

const parts = debians.flatMap((debian) => {
  const whole = [{ suffix: '', pattern: patternFor(debian) }]
  if (debian !== testing || isLong) whole.push({ suffix: ' ansible', pattern: '^ansible\\.test\\.ts$' })
  const asked = given === undefined ? whole : [{ suffix: '', pattern: given }]
  return asked.map(({ suffix, pattern }) => ({
    name: `${debian}${suffix}`,
    folder,
    pattern,
    env: { MESHJOIN_DEBIAN: debian },
    onLine: (line: string) => noteTime(debian, line),
  }))
})
// One of each release first: Ansible's are left for the third place, and what is short for the end.
const rank = (name: string) => (name === testing ? 2 : Number(name.includes(' ')))
parts.sort((a, b) => rank(a.name) - rank(b.name))
await runSideBySide(parts, 3)
writeFileSync(join(cache, 'machine-times.json'), `${JSON.stringify(times, null, 2)}\n`)
