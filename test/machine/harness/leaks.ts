import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Machine } from './machine.ts'
import type { World } from './world.ts'

/** Where a secret was found. */
export interface Leak {
  readonly kind: 'argv' | 'environment' | 'log' | 'file'
  readonly where: string
}

/** What must not be seen: the join tokens, and every private key that the SPIRE agent keeps. */
export async function listSecrets(world: World, machine: Machine): Promise<string[]> {
  const { stdout } = await machine.run('cat', '/var/lib/spire-agent/keys.json')
  const keys =
    stdout === '' ? [] : Object.values((JSON.parse(stdout) as { keys: Record<string, string> }).keys)
  // The head of a key is the same for all keys: a piece from its middle tells this one.
  return [...world.spire.tokens, ...keys.map((key) => key.slice(60, 120))]
}

/** Looks at everything that is running, was logged, or lies on the disks of the machine. */
export async function scanForLeaks(machine: Machine, secrets: readonly string[]): Promise<Leak[]> {
  return [
    ...scanProcesses(machine.pid(), secrets),
    ...(await scanLogs(machine, secrets)),
    ...(await scanFiles(machine, secrets)),
  ]
}

/** Command lines and environments of the machine's processes. */
export function scanProcesses(firstPid: number, secrets: readonly string[]): Leak[] {
  const leaks: Leak[] = []
  const world = link(`/proc/${firstPid}/ns/pid`)
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (world === undefined || link(`/proc/${pid}/ns/pid`) !== world) continue
    for (const [kind, file] of [
      ['argv', 'cmdline'],
      ['environment', 'environ'],
    ] as const) {
      const text = read(`/proc/${pid}/${file}`)
      if (secrets.some((secret) => text.includes(secret))) {
        leaks.push({ kind, where: read(`/proc/${pid}/comm`).trim() })
      }
    }
  }
  return leaks
}

/** The journal, everything below /var/log and the console. */
async function scanLogs(machine: Machine, secrets: readonly string[]): Promise<Leak[]> {
  const journal = await machine.sh('journalctl --no-pager -q -o short')
  const files = await machine.sh('find /var/log -type f -not -path "/var/log/journal/*" -exec cat {} +')
  const leaks: Leak[] = []
  for (const [where, text] of [
    ['journal', journal],
    ['/var/log', files],
    ['console', machine.console()],
  ] as const) {
    for (const line of text.split('\n')) {
      if (secrets.some((secret) => line.includes(secret)))
        leaks.push({ kind: 'log', where: `${where}: ${line}` })
    }
  }
  return leaks
}

/** Files with a secret in them that a user who is nobody can read. The journal is not among them, having its own scan. */
async function scanFiles(machine: Machine, secrets: readonly string[]): Promise<Leak[]> {
  const folders = '/etc /var /run /tmp /opt /root /home /srv /usr/local /dev/shm'
  const patterns = [...secrets, 'PRIVATE KEY-----'].map((secret) => `-e '${secret}'`).join(' ')
  // What the packages of the image brought along holds no secret of ours.
  const script = `grep -rlsaF ${patterns} ${folders} --exclude-dir=journal | sort -u | while read -r f; do
    if setpriv --reuid=65534 --regid=65534 --clear-groups test -r "$f"; then echo "$f"; fi; done`
  const found = (await machine.sh(script))
    .split('\n')
    .filter((file) => file !== '' && !file.startsWith('/usr/share'))
  return found.map((where) => ({ kind: 'file', where }))
}

function link(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/** Looks at command lines and environments again and again, until it is stopped; then says what it saw. */
export function watchProcesses(machine: Machine, secrets: readonly string[]): () => Leak[] {
  const seen = new Map<string, Leak>()
  const timer = setInterval(() => {
    for (const leak of scanProcesses(machine.pid(), secrets)) seen.set(`${leak.kind} ${leak.where}`, leak)
  }, 200)
  timer.unref()
  return () => {
    clearInterval(timer)
    return [...seen.values()]
  }
}
