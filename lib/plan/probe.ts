import {
  type Address,
  addressOf,
  type Family,
  isNetwork,
  type Network,
  parseAddress,
  parseNetwork,
} from '../config/network.ts'
import { type Connection, decideConnection } from './decision.ts'
import { proxyPorts } from './ports.ts'
import { appliesTo, networksOf, type RedirectRule } from './redirect.ts'
import { isVariable, type List, type Scalar, type Text, type VariableList } from './value.ts'

/** One connection that `mesh-machine redirect check` opens, and what has to become of it. */
export interface Probe {
  readonly direction: 'inbound' | 'outbound'
  readonly family: Family
  readonly address: Scalar
  readonly port: Scalar
  /** Whose connection it is, outbound. */
  readonly uid: Scalar | undefined
  readonly redirected: boolean
  /** Why, in the words of the rule. */
  readonly reason: Text
  /** Of the symbolic machine: print the probe once for each item of each of these, the outermost first. */
  readonly repeat?: readonly VariableList[]
  /** Of the symbolic machine: leave the probe out where this list of its own addresses holds the address. */
  readonly without?: VariableList
}

/** The machine's own addresses: all of them, and the first of each family, which may be none. */
export interface OwnAddresses extends Readonly<Record<Family, List>> {
  readonly all: List
}

/** Those of a machine of the document. */
export function ownAddresses(all: readonly string[]): OwnAddresses {
  const first = (family: Family) => all.filter((text) => parseAddress(text)?.family === family).slice(0, 1)
  return { all, ipv4: first('ipv4'), ipv6: first('ipv6') }
}

/** A documentation address, for where every network is redirected. */
const anywhere = { ipv4: readKnown('192.0.2.1/32'), ipv6: readKnown('2001:db8::1/128') } as const
const somewhere = { ipv4: addressOf(anywhere.ipv4), ipv6: addressOf(anywhere.ipv6) } as const

/** Ports that nobody serves, to try networks and users with. */
const quietPorts = Array.from({ length: 60 }, (_, index) => 9 + index)

/** A number that no system gives to a user: the last of those that every system calls "nobody", and others below it. */
const strangers = [65534, 65533, 65532, 65531]

/**
 * For each rule that can be tried from the machine itself, a connection that this rule decides: what becomes of it is asked
 * of the same rules, never assumed. Sources and interfaces cannot be tried, since the machine has no more than it has.
 */
export function planProbes(rules: readonly RedirectRule[], own: OwnAddresses, ipv6: boolean): Probe[] {
  const families: readonly Family[] = ipv6 ? ['ipv4', 'ipv6'] : ['ipv4']
  return families.flatMap((family) => [
    ...probeInbound(rules, own[family], family),
    ...probeOutbound(rules, own.all, family),
  ])
}

/** To the machine's own address: the proxy takes no other. */
function probeInbound(rules: readonly RedirectRule[], addresses: List, family: Family): Probe[] {
  const [address, outer]: readonly [Scalar | undefined, VariableList[]] = isVariable(addresses)
    ? [{ variable: addresses.item }, [addresses]]
    : [addresses[0], []]
  if (address === undefined) return []
  const inbound = rules.filter((rule) => rule.direction === 'inbound' && appliesTo(rule, family))
  const all = literal(inbound)
  return inbound.flatMap((rule): Probe[] => {
    const port = inboundPort(all, rule, family)
    if (port === undefined) return []
    const redirected = rule.verdict.kind === 'redirect'
    const reason = rule.repeat?.reason ?? [rule.reason]
    const repeat = rule.repeat === undefined ? outer : [...outer, rule.repeat.over]
    const probe = {
      direction: 'inbound',
      family,
      address,
      port,
      uid: undefined,
      redirected,
      reason,
    } as const
    return [repeat.length > 0 ? { ...probe, repeat } : probe]
  })
}

/** A port by which this rule decides. That of a repeated rule is a variable, which no rule stands before. */
function inboundPort(rules: readonly RedirectRule[], rule: RedirectRule, family: Family): Scalar | undefined {
  const { destinationPort } = rule.match
  if (isVariable(destinationPort)) return destinationPort
  return portsOf(rule).find(
    (candidate) =>
      !isOwnPort(candidate) &&
      decideConnection(rules, connectionTo(family, rule, candidate, undefined)).rule === rule,
  )
}

function probeOutbound(rules: readonly RedirectRule[], own: List, family: Family): Probe[] {
  const used = new Set<string>()
  const all = literal(rules).filter((rule) => rule.direction === 'outbound' && appliesTo(rule, family))
  const outbound = all.filter(canBeTried)
  const usual = usualTarget(outbound, family)
  return outbound.flatMap((rule): Probe[] => {
    const network = networksOf(rule.match).destination ?? usual
    if (network === undefined) return []
    const destination = addressOf(network)
    const address = destination.text
    for (const port of portsOf(rule)) {
      for (const uid of usersOf(rule, outbound)) {
        const key = `${address} ${port}`
        const asked = { ...connectionTo(family, rule, port, uid), destination }
        const decides = (destinationIsLocal: boolean) =>
          decideConnection(all, { ...asked, destinationIsLocal }).rule === rule
        const local = !isVariable(own) && own.includes(address)
        if (used.has(key) || isOwnPort(port) || !decides(local)) continue
        used.add(key)
        const redirected = rule.verdict.kind === 'redirect'
        const reason = [rule.reason]
        const probe = { direction: 'outbound', family, address, port, uid, redirected, reason } as const
        return [isVariable(own) && !decides(true) ? { ...probe, without: own } : probe]
      }
    }
    return []
  })
}

function canBeTried({ match }: RedirectRule): boolean {
  return match.outInterface === undefined && match.destinationIsLocal === undefined
}

/** Rules that hold variables are the inbound ones of the symbolic machine, which no other rule stands before. */
function literal(rules: readonly RedirectRule[]): RedirectRule[] {
  return rules.filter((rule) => rule.repeat === undefined)
}

/** A network whose connections are redirected, to try exempt ports and users with. */
function usualTarget(rules: readonly RedirectRule[], family: Family) {
  const rule = rules.find(({ verdict }) => verdict.kind === 'redirect')
  if (rule === undefined) return undefined
  return networksOf(rule.match).destination ?? anywhere[family]
}

function readKnown(text: string): Network {
  const network = parseNetwork(text)
  if (!isNetwork(network)) throw new TypeError(`${text} is a network`)
  return network
}

function portsOf({ match: { destinationPort } }: RedirectRule): readonly number[] {
  if (destinationPort === undefined) return quietPorts
  if (typeof destinationPort === 'object' && 'first' in destinationPort)
    return [destinationPort.first, destinationPort.last]
  return isVariable(destinationPort) ? [] : [Number(destinationPort)]
}

function usersOf({ match }: RedirectRule, rules: readonly RedirectRule[]): readonly Scalar[] {
  if (match.uid !== undefined) return [match.uid]
  const only = rules.flatMap(({ match: { uid }, verdict }) =>
    verdict.kind === 'redirect' && uid !== undefined ? [uid] : [],
  )
  return only.length > 0 ? only.slice(0, 1) : strangers
}

function isOwnPort(port: number): boolean {
  return Object.values<number>(proxyPorts).includes(port)
}

function connectionTo(
  family: Family,
  rule: RedirectRule,
  port: number,
  uid: Scalar | undefined,
): Connection & { readonly destination: Address } {
  return {
    direction: rule.direction,
    protocol: 'tcp',
    source: undefined,
    destination: somewhere[family],
    destinationIsLocal: rule.direction === 'inbound',
    destinationPort: port,
    uid: uid === undefined || isVariable(uid) ? undefined : uid,
    interface: undefined,
  }
}
