import {
  type Address,
  addressOf,
  type Family,
  isNetwork,
  parseAddress,
  parseNetwork,
} from '../config/network.ts'
import { type Connection, decideConnection } from './decision.ts'
import { proxyPorts } from './ports.ts'
import { appliesTo, type RedirectRule } from './redirect.ts'
import { isVariable, type List, type Scalar } from './value.ts'

/** One connection that `mesh-machine redirect check` opens, and what has to become of it. */
export interface Probe {
  readonly direction: 'inbound' | 'outbound'
  readonly family: Family
  readonly address: string
  readonly port: Scalar
  /** Print the probe once for each port. */
  readonly repeat?: List
  /** Whose connection it is, outbound. */
  readonly uid: Scalar | undefined
  readonly redirected: boolean
  /** Why, in the words of the rule. */
  readonly reason: string
}

/** A documentation address, for where every network is redirected. */
const anywhere = { ipv4: '192.0.2.1/32', ipv6: '2001:db8::1/128' } as const

/** Ports that nobody serves, to try networks and users with. */
const quietPorts = Array.from({ length: 60 }, (_, index) => 9 + index)

/** A number that no system gives to a user: the last of those that every system calls "nobody", and others below it. */
const strangers = [65534, 65533, 65532, 65531]

/**
 * For each rule that can be tried from the machine itself, a connection that this rule decides: what becomes of it is asked
 * of the same rules, never assumed. Sources and interfaces cannot be tried, since the machine has no more than it has.
 */
export function planProbes(rules: readonly RedirectRule[], own: readonly string[], ipv6: boolean): Probe[] {
  const families: readonly Family[] = ipv6 ? ['ipv4', 'ipv6'] : ['ipv4']
  return families.flatMap((family) => [
    ...probeInbound(rules, own, family),
    ...probeOutbound(rules, own, family),
  ])
}

/** To the machine's own address: the proxy takes no other. */
function probeInbound(rules: readonly RedirectRule[], own: readonly string[], family: Family): Probe[] {
  const address = own.find((text) => parseAddress(text)?.family === family)
  if (address === undefined) return []
  return rules
    .filter((rule) => rule.direction === 'inbound' && appliesTo(rule, family))
    .flatMap((rule) => {
      const { repeat, reason } = rule
      const redirected = rule.verdict.kind === 'redirect'
      const probe = { direction: 'inbound', family, address, uid: undefined, redirected, reason } as const
      if (repeat !== undefined) return [{ ...probe, port: 0, repeat: repeat.over }]
      const port = portsOf(rule).find(
        (candidate) =>
          !isOwnPort(candidate) &&
          decideConnection(literal(rules), connectionTo(family, rule, candidate, undefined)).rule === rule,
      )
      return port === undefined ? [] : [{ ...probe, port }]
    })
}

function probeOutbound(rules: readonly RedirectRule[], own: readonly string[], family: Family): Probe[] {
  const used = new Set<string>()
  const all = literal(rules)
  const outbound = all.filter(
    (rule) => rule.direction === 'outbound' && appliesTo(rule, family) && canBeTried(rule),
  )
  const usual = usualTarget(outbound, family)
  return outbound.flatMap((rule) => {
    const network = networkOf(rule) ?? usual
    if (network === undefined) return []
    const address = addressOf(network)
    const destinationIsLocal = own.includes(address.text)
    for (const port of portsOf(rule)) {
      for (const uid of usersOf(rule, outbound)) {
        const asked = connectionTo(family, rule, port, uid)
        const connection = { ...asked, destination: address, destinationIsLocal }
        const key = `${address.text} ${port}`
        if (used.has(key) || isOwnPort(port) || decideConnection(all, connection).rule !== rule) continue
        used.add(key)
        const redirected = rule.verdict.kind === 'redirect'
        const { reason } = rule
        return [{ direction: 'outbound', family, address: address.text, port, uid, redirected, reason }]
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
  return networkOf(rule) ?? readNetwork(anywhere[family])
}

function networkOf({ match }: RedirectRule) {
  return typeof match.destination === 'string' ? readNetwork(match.destination) : undefined
}

function readNetwork(text: string) {
  const network = parseNetwork(text)
  return isNetwork(network) ? network : undefined
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
  const network = readNetwork(anywhere[family])
  const destination = network === undefined ? undefined : addressOf(network)
  if (destination === undefined) throw new TypeError(`${anywhere[family]} is a network`)
  return {
    direction: rule.direction,
    protocol: 'tcp',
    source: undefined,
    destination,
    destinationIsLocal: rule.direction === 'inbound',
    destinationPort: port,
    uid: uid === undefined || isVariable(uid) ? undefined : uid,
    interface: undefined,
  }
}
