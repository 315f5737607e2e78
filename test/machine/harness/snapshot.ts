import * as assert from 'uvu/assert'
import type { Machine } from './machine.ts'

/** Everything that joining changes, in words that can be compared: files, accounts, units, rules and policies in their order. */
const snapshotScript = `
  find /etc /opt /usr/local /var/lib /run/systemd/system -xdev \\
    -not -path '/var/lib/systemd/*' -not -path '/var/lib/private*' -not -path '/etc/.pwd.lock' \\
    -not -path '/etc/passwd*' -not -path '/etc/group*' -not -path '/etc/shadow*' -not -path '/etc/gshadow*' \\
    -printf '%p %y %m %U:%G %l\\n' | sort
  find /etc /opt /usr/local -xdev -type f -not -name '*-' -not -path '/etc/.pwd.lock' -exec sha256sum {} + | sort -k 2
  getent passwd; getent group
  systemctl list-unit-files --no-pager --no-legend | sort
  for t in iptables ip6tables; do $t-save; done | sed 's/\\[[0-9]*:[0-9]*\\]//; /^#/d'
  ss -Hltn | awk '{print $4}' | sort
  cat /etc/resolv.conf`

/** What {@link assertSame} compares. */
export function takeSnapshot(machine: Machine): Promise<string> {
  return machine.sh(snapshotScript)
}

/** Names only the lines that differ, and then that the order does. */
export function assertSame(after: string, before: string): void {
  assert.is(differences(before, after).join('\n'), '')
  assert.is(after, before)
}

/** Lines that are in one snapshot only. */
export function differences(before: string, after: string): string[] {
  const [left, right] = [new Set(before.split('\n')), new Set(after.split('\n'))]
  return [
    ...[...left].filter((line) => !right.has(line)).map((line) => `- ${line}`),
    ...[...right].filter((line) => !left.has(line)).map((line) => `+ ${line}`),
  ]
}
