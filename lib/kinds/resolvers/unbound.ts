import { handedOver } from './resolver.ts'

/** An unbound that the machine has already. */
export const unbound = handedOver('unbound.conf')
