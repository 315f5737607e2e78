import type { Resolver } from './resolver.ts'

/** A dnsmasq that the machine has already. */
export const dnsmasq: Resolver = { needsServers: true, available: false }
