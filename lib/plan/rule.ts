import {
  type Family,
  isNetwork,
  type Network,
  parseNetwork,
  parseNetworkOrAddress,
} from '../config/network.ts'
import { isVariable, type List, type Scalar, type Text, type VariableList } from './value.ts'

/** Ports from `first` to `last`, both included. */
export interface PortRange {
  readonly first: number
  readonly last: number
}

/** What a packet must be for a rule to decide about it. All given conditions hold together. */
export interface RuleMatch {
  /** Local user that sends it, by number or name; only outbound packets have one. */
  readonly uid?: Scalar
  readonly inInterface?: string
  readonly outInterface?: string
  /** The destination is an address of the machine itself. */
  readonly destinationIsLocal?: true
  /** CIDR. */
  readonly source?: Scalar
  /** CIDR. */
  readonly destination?: Scalar
  /** TCP destination port. A rule with a port, like one that redirects, is asked about TCP only. */
  readonly destinationPort?: Scalar | PortRange
  /** Of rules that require something: the source is in one of these networks (CIDR). */
  readonly sourceIn?: List
  /** Of rules that require something: the destination is one of these addresses. */
  readonly destinationIn?: DestinationIn
}

/** Addresses of one family; where the machine has none of either (`all`), any local address will do. */
export interface DestinationIn {
  readonly addresses: List
  readonly all: List
}

/**
 * One decision about new TCP connections, in the order in which rules are asked. Both rule files, `explain` and what
 * `redirect check` tries are derived from these; no rule text exists anywhere else.
 */
export interface RedirectRule {
  readonly direction: 'inbound' | 'outbound'
  readonly family: Family | 'both'
  readonly match: RuleMatch
  /** Of the symbolic machine: print the rule once for each item, which `match` names, with a reason of its own. */
  readonly repeat?: { readonly over: VariableList; readonly reason: Text }
  /**
   * Let the connection bypass the proxy; or redirect it to this port of the proxy (its SYN only); or let it bypass the proxy
   * unless it matches, in which case the rules behind this one are asked.
   */
  readonly verdict:
    | { readonly kind: 'bypass' }
    | { readonly kind: 'redirect'; readonly port: number }
    | { readonly kind: 'require'; readonly name: 'own' | 'mesh' }
  /** Why the rule is there, for readers of the rule file. */
  readonly reason: string
  /** JSON Pointer of the input field that it comes from; empty for what is always there. */
  readonly origin: string
}

const listed = new WeakMap<object, readonly Network[]>()

/** The networks of a list that is known, each read once. */
export function listedNetworks(list: List): readonly Network[] {
  if (isVariable(list)) throw new TypeError(`${list.variable} is not known before the inventory is`)
  const known = listed.get(list)
  if (known !== undefined) return known
  const read = list.map((text) => parseNetworkOrAddress(String(text))).filter(isNetwork)
  listed.set(list, read)
  return read
}

/** True where the rule has something to say about connections of the family. */
export function appliesTo({ family: own, match }: RedirectRule, family: Family): boolean {
  if (own !== 'both') return own === family
  const side = match.destination === undefined ? 'source' : 'destination'
  return typeof match[side] !== 'string' || networksOf(match)[side]?.family === family
}

/** The networks that a rule asks for; undefined where it asks for none, or for a variable. */
interface MatchNetworks {
  readonly source: Network | undefined
  readonly destination: Network | undefined
}

const networks = new WeakMap<RuleMatch, MatchNetworks>()

/** Reads them once for each rule: in a document of many machines each rule is asked thousands of times. */
export function networksOf(match: RuleMatch): MatchNetworks {
  const known = networks.get(match)
  if (known !== undefined) return known
  const read = { source: readNetwork(match.source), destination: readNetwork(match.destination) }
  networks.set(match, read)
  return read
}

function readNetwork(text: Scalar | undefined): Network | undefined {
  if (typeof text !== 'string') return undefined
  const network = parseNetwork(text)
  return isNetwork(network) ? network : undefined
}
