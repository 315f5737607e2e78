import type { Need } from '../packages.ts'
import type { Resolver } from './resolver.ts'

/** Its command, and with it the service. */
export const resolvectl: Need = {
  // Ubuntu 22.04 has no package of this name: there it is a part of systemd. SUSE's is a part of systemd-network.
  anyOf: ['resolvectl'],
  packages: { debian: 'systemd-resolved', rhel: 'systemd-resolved', suse: 'systemd-network' },
  stock: ['debian'],
}

/** A link of our own, to which systemd-resolved ties the domains, and behind it a second systemd-resolved that asks on. */
export const systemdResolved: Resolver = {
  needsServers: true,
  files: [
    { path: '/etc/linkerd/resolved.conf', template: 'mesh-resolved.conf.hbs', mode: 0o644 },
    {
      path: '/etc/systemd/network/00-linkerd-dns.network',
      template: 'linkerd-dns.network.hbs',
      mode: 0o644,
    },
  ],
  units: [
    { name: 'linkerd-dns.service', restartOn: ['/etc/linkerd/resolved.conf'] },
    { name: 'linkerd-dns-link.service', stage: 'names', restartOn: [] },
  ],
  needs: [resolvectl],
}
