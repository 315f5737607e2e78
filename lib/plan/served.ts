import { type Address, type Family, parseAddress } from '../config/network.ts'
import type { List } from './value.ts'

/**
 * The addresses that the proxy serves: of both families in the order of the document, and of each. INBOUND_IPS, the rules
 * and what `redirect check` dials are all made of these: the proxy resets what it is handed for any other address.
 */
export interface ServedAddresses extends Readonly<Record<Family, List>> {
  readonly all: List
}

/** Those of a machine of the document. A client may have none; its proxy serves whatever address is dialled. */
export function servedAddresses(machine: {
  readonly localAddresses: readonly (Address | string)[]
}): ServedAddresses {
  const all = machine.localAddresses.map((address) => (typeof address === 'string' ? address : address.text))
  const of = (family: Family) => all.filter((text) => parseAddress(text)?.family === family)
  return { all, ipv4: of('ipv4'), ipv6: of('ipv6') }
}
