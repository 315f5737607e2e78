import { handedOver } from './resolver.ts'

/** NetworkManager, with the dnsmasq that it starts itself. */
export const networkmanager = handedOver('dnsmasq.conf')
