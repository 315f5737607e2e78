import { handedOver } from './resolver.ts'
import { resolvectl } from './systemd-resolved.ts'

/** A drop-in that systemd-resolved of systemd 258 or later takes: domains and servers without a link. */
export const dnsDelegate = handedOver('dns-delegate', { needs: [resolvectl] })
