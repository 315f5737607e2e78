import type { Resolver } from './resolver.ts'

/** NetworkManager, with the dnsmasq that it starts itself. */
export const networkmanager: Resolver = { needsServers: true, available: false }
