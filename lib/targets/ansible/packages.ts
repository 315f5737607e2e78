import type { ResolvedConfig } from '../../config/resolved.ts'
import { ownName } from './variables.ts'

/** What a machine needs and may lack, in the words of a family of distributions. */
interface Family {
  readonly always: readonly string[]
  readonly iptables: readonly string[]
  readonly resolved: string
}

const families: Readonly<Record<string, Family>> = {
  Debian: { always: ['ca-certificates', 'iproute2'], iptables: ['iptables'], resolved: 'systemd-resolved' },
  RedHat: {
    always: ['ca-certificates', 'iproute', 'tar', 'gzip'],
    iptables: ['iptables-nft'],
    resolved: 'systemd-resolved',
  },
  Suse: {
    always: ['ca-certificates', 'iproute2', 'tar', 'gzip'],
    iptables: ['iptables'],
    resolved: 'systemd-network',
  },
}

/**
 * `vars/<family>.yml`. What some releases have in another package, or cannot have twice (curl beside curl-minimal), is named by
 * its command, and asked for where that is missing.
 */
export function packageVars({ mesh }: ResolvedConfig): Record<string, object> {
  return Object.fromEntries(
    Object.entries(families).map(([name, { always, iptables, resolved }]) => [
      name,
      {
        [ownName('packages_always')]: always,
        [ownName('packages_backend')]: { iptables, nftables: ['nftables'] },
        [ownName('packages_of')]: {
          '/usr/bin/curl': 'curl',
          ...(mesh.dns.provider === 'systemd-resolved' ? { '/usr/bin/resolvectl': resolved } : {}),
        },
      },
    ]),
  )
}
