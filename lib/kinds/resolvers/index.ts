import type { ResolverProvider } from '../../config/resolved.ts'
import { dnsDelegate } from './dns-delegate.ts'
import { dnsmasq } from './dnsmasq.ts'
import { hosts } from './hosts.ts'
import { networkmanager } from './networkmanager.ts'
import { none } from './none.ts'
import type { Resolver } from './resolver.ts'
import { systemdResolved } from './systemd-resolved.ts'
import { unbound } from './unbound.ts'

/** Every DNS provider of the language, by its name there. */
export const resolvers: Readonly<Record<ResolverProvider, Resolver>> = {
  'systemd-resolved': systemdResolved,
  'dns-delegate': dnsDelegate,
  dnsmasq,
  networkmanager,
  unbound,
  hosts,
  none,
}

/** All of them, with their names. */
export const resolverEntries = Object.entries(resolvers) as readonly [ResolverProvider, Resolver][]

/** What a document with DNS servers gets where it does not say. */
export const defaultResolver: ResolverProvider = 'systemd-resolved'

/** What a document without `mesh.dns` gets. */
export const noResolver: ResolverProvider = 'none'
