import type { ResolvedConfig } from '../../config/resolved.ts'
import { backends } from '../../kinds/backends/index.ts'
import type { Family } from '../../kinds/packages.ts'
import { curl, listPackages, resolverNeeds, usualNeeds } from '../../plan/packages.ts'
import { internalName } from './variables.ts'

/** Ansible's name of each family; Amazon Linux is of RedHat's. */
const families: Readonly<Record<string, Family>> = { Debian: 'debian', RedHat: 'rhel', Suse: 'suse' }

/**
 * `vars/<family>.yml`. What some releases have in another package, or cannot have twice (curl beside curl-minimal), is named by
 * its command, and asked for where that is missing.
 */
export function packageVars({ mesh }: ResolvedConfig): Record<string, object> {
  const asked = [curl, ...resolverNeeds(mesh.dns.provider)]
  const others = usualNeeds.filter((need) => need !== curl)
  return Object.fromEntries(
    Object.entries(families).map(([name, family]) => [
      name,
      {
        [internalName('packages_always')]: listPackages(others, family),
        [internalName('packages_backend')]: Object.fromEntries(
          Object.entries(backends).map(([backend, { needs }]) => [backend, listPackages(needs, family)]),
        ),
        [internalName('packages_of')]: Object.fromEntries(
          asked.map(({ anyOf: [command], packages }) => [`/usr/bin/${command}`, packages[family]]),
        ),
      },
    ]),
  )
}
