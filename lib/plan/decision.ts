import { type Address, type Network, networkContains } from '../config/network.ts'
import {
  appliesTo,
  type DestinationIn,
  listedNetworks,
  networksOf,
  type RedirectRule,
  type RuleMatch,
} from './rule.ts'
import { isVariable, type List, type Scalar } from './value.ts'

/** The first packet of a connection, as the kernel asks the rules about it. */
export interface Connection {
  readonly direction: 'inbound' | 'outbound'
  readonly protocol: 'tcp' | 'udp'
  /** Undefined where nobody said; then no rule about sources holds. */
  readonly source: Address | undefined
  readonly destination: Address
  /** True where the destination is an address of the machine itself; inbound it is forwarded otherwise. */
  readonly destinationIsLocal: boolean
  readonly destinationPort: number
  /** Of the local user that opens it, by number or name, as the document has it; undefined for one that no rule names. */
  readonly uid: string | number | undefined
  /** Interface that it arrives at or leaves by; undefined for one that no rule names. */
  readonly interface: string | undefined
}

/** What becomes of a connection: it goes through the proxy, past it, or not at all. */
export type Fate = 'proxied' | 'bypassed' | 'refused'

/** What the rules say of a connection. */
export interface Decision {
  /** Rules refuse nothing: a firewall does, the proxy's policy, or the kernel where the proxy is down. */
  readonly fate: Exclude<Fate, 'refused'>
  /** The rule that decided; undefined where none did, and the connection is bypassed. */
  readonly rule: RedirectRule | undefined
}

/**
 * Asks the rules in their order, as the kernel does: the first that holds decides. Only for concrete machines: a rule of
 * the symbolic machine throws a TypeError.
 */
export function decideConnection(rules: readonly RedirectRule[], connection: Connection): Decision {
  const rule = rules.find(
    (candidate) =>
      candidate.direction === connection.direction &&
      appliesTo(candidate, connection.destination.family) &&
      decides(candidate, connection),
  )
  return { fate: rule === undefined ? 'bypassed' : fateBy(rule), rule }
}

/** What becomes of a connection that the rule decides about. */
export function fateBy({ verdict }: RedirectRule): Decision['fate'] {
  return verdict.kind === 'redirect' ? 'proxied' : 'bypassed'
}

/** Whoever does not meet a requirement is bypassed by it; for all others the rules behind it are asked. */
function decides(rule: RedirectRule, connection: Connection): boolean {
  return holds(rule, connection) === (rule.verdict.kind !== 'require')
}

function holds({ match, verdict, repeat }: RedirectRule, connection: Connection): boolean {
  if (repeat !== undefined) throw new TypeError('a rule of the symbolic machine decides nothing')
  const tcpOnly = verdict.kind === 'redirect' || match.destinationPort !== undefined
  return (
    (!tcpOnly || connection.protocol === 'tcp') &&
    holdsForPort(match, connection.destinationPort) &&
    (match.uid === undefined || String(concrete(match.uid)) === String(connection.uid)) &&
    holdsForInterface(match, connection) &&
    (match.destinationIsLocal !== true || connection.destinationIsLocal) &&
    holdsForAddresses(match, connection) &&
    (match.sourceIn === undefined || isListed(connection.source, match.sourceIn)) &&
    (match.destinationIn === undefined || isServed(match.destinationIn, connection))
  )
}

function isListed(address: Address | undefined, list: List): boolean {
  return address !== undefined && listedNetworks(list).some((network) => networkContains(network, address))
}

function isServed(
  { addresses, all }: DestinationIn,
  { destination, destinationIsLocal }: Connection,
): boolean {
  const none = listedNetworks(all).length === 0
  return none ? destinationIsLocal : isListed(destination, addresses)
}

function holdsForAddresses(match: RuleMatch, connection: Connection): boolean {
  const { source, destination } = networksOf(match)
  return (
    (match.source === undefined || lies(connection.source, match.source, source)) &&
    (match.destination === undefined || lies(connection.destination, match.destination, destination))
  )
}

function lies(address: Address | undefined, asked: Scalar, network: Network | undefined): boolean {
  concrete(asked) // throws for a variable
  return address !== undefined && network !== undefined && networkContains(network, address)
}

function holdsForPort({ destinationPort }: RuleMatch, port: number): boolean {
  if (destinationPort === undefined) return true
  if (typeof destinationPort === 'object' && 'first' in destinationPort)
    return destinationPort.first <= port && port <= destinationPort.last
  return Number(concrete(destinationPort)) === port
}

function holdsForInterface({ inInterface, outInterface }: RuleMatch, connection: Connection): boolean {
  const wanted = connection.direction === 'inbound' ? inInterface : outInterface
  return wanted === undefined || wanted === connection.interface
}

function concrete(value: Scalar): string | number {
  if (isVariable(value)) throw new TypeError(`${value.variable} is not known before the inventory is`)
  return value
}
