import type { ResolverProvider } from '../../config/resolved.ts'
import { dnsDelegate } from './dns-delegate.ts'
import { dnsmasq } from './dnsmasq.ts'
import { networkmanager } from './networkmanager.ts'
import { none } from './none.ts'
import type { AvailableResolver, Resolver } from './resolver.ts'
import { systemdResolved } from './systemd-resolved.ts'

/** Every DNS provider of the language, by its name there. */
export const resolvers: Readonly<Record<ResolverProvider, Resolver>> = {
  'systemd-resolved': systemdResolved,
  'dns-delegate': dnsDelegate,
  dnsmasq,
  networkmanager,
  none,
}

/** Those that targets can place, by name. */
export const availableResolvers = (Object.keys(resolvers) as ResolverProvider[]).flatMap(
  (provider): [ResolverProvider, AvailableResolver][] => {
    const resolver = resolvers[provider]
    return resolver.available ? [[provider, resolver]] : []
  },
)

/** What a document with DNS servers gets where it does not say. */
export const defaultResolver: ResolverProvider = 'systemd-resolved'

/** What a document without `mesh.dns` gets. */
export const noResolver: ResolverProvider = 'none'
