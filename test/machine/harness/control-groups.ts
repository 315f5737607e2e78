/** The processes of a booted machine: where they are, and how they end. */
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { tryCommand } from './command.ts'

export function ownControlGroups(name: string): string[] {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  const groups: string[] = []
  for (const mount of mounts) {
    const [, folder, type, options] = mount.split(' ')
    if (folder === undefined || (type !== 'cgroup2' && !options?.includes('name=systemd'))) continue
    const group = join(folder, name)
    mkdirSync(group, { recursive: true })
    groups.push(group)
  }
  return groups
}

/**
 * Ends all that runs in the machine whose first process this is, before that one. A power cut ends everything in one moment: a
 * command that outlives its machine's systemd, for a moment, would see that gone and act on it. The first process is stopped, so
 * that it starts nothing again; parents, which have lower numbers, go before their children.
 */
export function endCommands(first: number): void {
  const namespaceOf = (pid: string) => {
    try {
      return readlinkSync(`/proc/${pid}/ns/pid`)
    } catch {
      return undefined // it has ended
    }
  }
  const own = namespaceOf(String(first))
  if (own === undefined) throw new Error(`process ${first} of the machine has ended`)
  tryCommand('kill', '-STOP', String(first))
  const others = readdirSync('/proc')
    .filter((pid) => /^[0-9]+$/.test(pid) && Number(pid) !== first && namespaceOf(pid) === own)
    .sort((a, b) => Number(a) - Number(b))
  tryCommand('kill', '-KILL', ...others)
}

export function endGroup(group: string): void {
  const script = `
    for try in 1 2 3 4 5; do
      pids=$(find "$0" -name cgroup.procs -exec cat {} + 2>/dev/null)
      [ -n "$pids" ] || break
      kill -9 $pids 2>/dev/null
      sleep 0.3
    done
    find "$0" -depth -type d -exec rmdir {} + 2>/dev/null`
  if (existsSync(group)) tryCommand('sh', '-c', script, group)
}
