import type { Resolver } from './resolver.ts'

/** A drop-in that systemd-resolved of systemd 258 or later takes: domains and servers without a link. */
export const dnsDelegate: Resolver = { needsServers: true, available: false }
