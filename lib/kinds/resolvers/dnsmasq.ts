import { handedOver } from './resolver.ts'

/** A dnsmasq that the machine has already. */
export const dnsmasq = handedOver('dnsmasq.conf')
