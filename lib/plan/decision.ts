import { type Address, isNetwork, type Network, networkContains, parseNetwork } from '../config/network.ts'
import { appliesTo, type RedirectRule, type RuleMatch } from './redirect.ts'
import { isVariable, type Scalar } from './value.ts'

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

/** What the rules say of a connection. */
export interface Decision {
  readonly intercepted: boolean
  /** The rule that decided; undefined where none did, and the connection is left alone. */
  readonly rule: RedirectRule | undefined
}

/**
 * Asks the rules in their order, as the kernel does: the first that holds decides. Only for concrete machines: a rule of
 * the symbolic machine throws a TypeError.
 */
export function decideConnection(rules: readonly RedirectRule[], connection: Connection): Decision {
  // What is forwarded to somebody else is asked nothing: the jump to the inbound rules is for local destinations.
  if (connection.direction === 'inbound' && !connection.destinationIsLocal)
    return { intercepted: false, rule: undefined }
  const rule = rules.find(
    (candidate) =>
      candidate.direction === connection.direction &&
      appliesTo(candidate, connection.destination.family) &&
      holds(candidate, connection),
  )
  return { intercepted: rule?.verdict.kind === 'redirect', rule }
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
    holdsForAddresses(match, connection)
  )
}

function holdsForAddresses(match: RuleMatch, connection: Connection): boolean {
  const { source, destination } = networksOf(match)
  return lies(connection.source, source) && lies(connection.destination, destination)
}

/** Undefined where the rule asks nothing, null where it asks for what no address lies in. */
type Asked = Network | null | undefined

/** Read once for each rule: a document of many machines has each rule asked thousands of times. */
const asked = new WeakMap<RuleMatch, { readonly source: Asked; readonly destination: Asked }>()

function networksOf(match: RuleMatch): { readonly source: Asked; readonly destination: Asked } {
  const known = asked.get(match)
  if (known !== undefined) return known
  const read = { source: readNetwork(match.source), destination: readNetwork(match.destination) }
  asked.set(match, read)
  return read
}

function readNetwork(network: Scalar | undefined): Asked {
  if (network === undefined) return undefined
  const parsed = parseNetwork(String(concrete(network)))
  return isNetwork(parsed) ? parsed : null
}

function lies(address: Address | undefined, network: Asked): boolean {
  if (network === undefined) return true
  return address !== undefined && network !== null && networkContains(network, address)
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
