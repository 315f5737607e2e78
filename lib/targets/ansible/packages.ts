import type { ResolvedConfig } from '../../config/resolved.ts'
import { curl, type Family, listPackages, needs, resolved } from '../../plan/packages.ts'
import { ownName } from './variables.ts'

/** Ansible's name of each family; Amazon Linux is of RedHat's. */
const families: Readonly<Record<string, Family>> = { Debian: 'debian', RedHat: 'rhel', Suse: 'suse' }

/**
 * `vars/<family>.yml`. What some releases have in another package, or cannot have twice (curl beside curl-minimal), is named by
 * its command, and asked for where that is missing.
 */
export function packageVars({ mesh }: ResolvedConfig): Record<string, object> {
  const asked = mesh.dns.provider === 'systemd-resolved' ? [curl, resolved] : [curl]
  const backend = (when: 'iptables' | 'nftables', family: Family) =>
    listPackages(
      needs.filter((need) => need.when === when),
      family,
    )
  const others = needs.filter(
    (need) => need !== curl && need !== resolved && (need.when === undefined || need.when === 'download'),
  )
  return Object.fromEntries(
    Object.entries(families).map(([name, family]) => [
      name,
      {
        [ownName('packages_always')]: listPackages(others, family),
        [ownName('packages_backend')]: {
          iptables: backend('iptables', family),
          nftables: backend('nftables', family),
        },
        [ownName('packages_of')]: Object.fromEntries(
          asked.map(({ anyOf: [command], packages }) => [`/usr/bin/${command}`, packages[family]]),
        ),
      },
    ]),
  )
}
