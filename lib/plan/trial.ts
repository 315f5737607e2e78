import {
  type Address,
  addressOf,
  type Family,
  isNetwork,
  lastAddressOf,
  type Network,
  networkContains,
  parseAddress,
  parseNetwork,
} from '../config/network.ts'
import { type Connection, type Decision, decideConnection, fateBy } from './decision.ts'
import { proxyPorts } from './ports.ts'
import { appliesTo, listedNetworks, networksOf, type RedirectRule } from './rule.ts'
import { isVariable, type List, type Scalar, type Text, type VariableList } from './value.ts'

/** One connection that `mesh-machine redirect check` opens, and what has to become of it. */
export interface Probe {
  readonly direction: 'inbound' | 'outbound'
  readonly family: Family
  readonly address: Scalar
  readonly port: Scalar
  /** Whose connection it is: inbound the address that it comes from, outbound the user. */
  readonly by: Scalar
  readonly fate: Decision['fate']
  /** Why, in the words of the rule. */
  readonly reason: Text
  /** Of the symbolic machine: print the probe once for each item of each of these, the outermost first. */
  readonly repeat?: readonly VariableList[]
  /** Leave the probe out where this list of the machine's own addresses holds the value. */
  readonly without?: { readonly list: List; readonly value: string }
  /** Of the symbolic machine: leave the probe out where this list is empty. */
  readonly where?: VariableList
}

/** A documentation address, for where every network is proxied. */
const anywhere = { ipv4: readKnown('192.0.2.1/32'), ipv6: readKnown('2001:db8::1/128') } as const
const somewhere = { ipv4: addressOf(anywhere.ipv4), ipv6: addressOf(anywhere.ipv6) } as const

/** Ports that nobody serves, to try networks and users with. */
const quietPorts = Array.from({ length: 60 }, (_, index) => 9 + index)

/** A number that no system gives to a user: the last of those that every system calls "nobody", and others below it. */
const strangers = [65534, 65533, 65532, 65531]

/**
 * The two ends of the link that `redirect check` makes: the near one is an address of the machine that its proxy does not
 * serve, and who dials from the far one is a stranger. mesh-machine-check has the same four (`check/link.sh`).
 */
export const nearEnd = {
  ipv4: readAddress('169.254.255.249'),
  ipv6: readAddress('2001:db8:6d65:7368::1'),
} as const
const farEnd = { ipv4: readAddress('169.254.255.250'), ipv6: readAddress('2001:db8:6d65:7368::2') } as const

/** A probe for which only the address is wanting that it goes to. */
export interface Trial {
  readonly to: 'served' | 'near end'
  readonly ofMesh: boolean
  readonly probe: Omit<Probe, 'address'>
}

/** To the addresses that the proxy serves from the mesh and as a stranger, and from the mesh to one that it does not serve. */
export function tryInbound(shape: readonly RedirectRule[], family: Family): Trial[] {
  const inbound = shape.filter((rule) => rule.direction === 'inbound' && appliesTo(rule, family))
  const mesh = sourceOf(inbound, family)
  const each = (
    kinds: readonly RedirectRule['verdict']['kind'][],
    source: Address | undefined,
    to: Trial['to'],
  ): Trial[] =>
    inbound.flatMap((rule) => {
      const port = kinds.includes(rule.verdict.kind) ? inboundPort(inbound, rule, family, mesh) : undefined
      if (port === undefined || source === undefined) return []
      return [{ to, ofMesh: source !== farEnd[family], probe: inboundProbe(inbound, rule, port, source) }]
    })
  return [
    ...each(['bypass', 'redirect'], mesh, 'served'),
    ...each(['redirect'], farEnd[family], 'served'),
    ...each(['redirect'], mesh, 'near end'),
  ]
}

function inboundProbe(
  inbound: readonly RedirectRule[],
  rule: RedirectRule,
  port: Scalar,
  source: Address,
): Trial['probe'] {
  const { family } = source
  const decided = isVariable(port)
    ? decideSource(inbound, rule, source)
    : (decideConnection(known(inbound), connectionTo(family, rule, Number(port), undefined, source)).rule ??
      rule)
  return {
    direction: 'inbound',
    family,
    port,
    by: source.text,
    fate: fateBy(decided),
    reason: decided === rule ? (rule.repeat?.reason ?? [rule.reason]) : [decided.reason],
    ...(rule.repeat === undefined ? {} : { repeat: [rule.repeat.over] }),
  }
}

/** Of a repeated rule, whose port is a variable: no exemption is of such a port, so that its source alone decides. */
function decideSource(inbound: readonly RedirectRule[], rule: RedirectRule, source: Address): RedirectRule {
  const requirement = inbound.find(({ match }) => match.sourceIn !== undefined)
  const list = requirement?.match.sourceIn ?? []
  const isOfMesh = listedNetworks(list).some((network) => networkContains(network, source))
  return requirement === undefined || isOfMesh ? rule : requirement
}

/**
 * Somebody of the mesh to dial as: the last address of the first network that is one, which no pod and no machine has. While
 * `redirect check` runs its answers go to the link of the probes, so it may not be anybody's.
 */
function sourceOf(inbound: readonly RedirectRule[], family: Family): Address | undefined {
  const networks = inbound.flatMap(({ match: { sourceIn } }) =>
    sourceIn === undefined ? [] : listedNetworks(sourceIn),
  )
  const exempt = inbound.flatMap(({ match, verdict }) =>
    verdict.kind === 'bypass' ? (networksOf(match).source ?? []) : [],
  )
  const most = family === 'ipv4' ? 30 : 126
  return networks
    .filter(({ prefix }) => prefix <= most)
    .map((network) => (network.prefix === 0 ? farEnd[family] : lastAddressOf(network)))
    .find((address) => isDialled(address) && !exempt.some((network) => networkContains(network, address)))
}

function isDialled(address: Address): boolean {
  if (address === farEnd[address.family]) return true
  return !['broadcast', 'multicast', 'loopback', 'linkLocal', 'unspecified'].includes(address.range)
}

/** A port by which this rule decides. That of a repeated rule is a variable, which no rule stands before. */
function inboundPort(
  rules: readonly RedirectRule[],
  rule: RedirectRule,
  family: Family,
  source: Address | undefined,
): Scalar | undefined {
  const { destinationPort } = rule.match
  if (isVariable(destinationPort)) return destinationPort
  const asked = known(rules).filter(({ verdict }) => source !== undefined || verdict.kind !== 'require')
  return portsOf(rule).find(
    (candidate) =>
      !isOwnPort(candidate) &&
      decideConnection(asked, connectionTo(family, rule, candidate, undefined, source)).rule === rule,
  )
}

/** What can be asked about an address that is not known yet: which one it is only matters to {@link toNearEnd}. */
function known(rules: readonly RedirectRule[]): RedirectRule[] {
  return literal(rules).filter(isOfShape)
}

export function isOfShape({ match }: RedirectRule): boolean {
  return match.destinationIn === undefined
}

export function tryOutbound(rules: readonly RedirectRule[], own: List, family: Family): Probe[] {
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
        const told = { fate: fateBy(rule), reason: [rule.reason] }
        const probe = { direction: 'outbound', family, address, port, by: uid, ...told } as const
        return [
          isVariable(own) && !decides(true) ? { ...probe, without: { list: own, value: address } } : probe,
        ]
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

/** A network whose connections are proxied, to try bypassed ports and users with. */
function usualTarget(rules: readonly RedirectRule[], family: Family) {
  const rule = rules.find(({ verdict }) => verdict.kind === 'redirect')
  if (rule === undefined) return undefined
  return networksOf(rule.match).destination ?? anywhere[family]
}

function readAddress(text: string): Address {
  const address = parseAddress(text)
  if (address === undefined) throw new TypeError(`${text} is an address`)
  return address
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
  source?: Address,
): Connection & { readonly destination: Address } {
  return {
    direction: rule.direction,
    protocol: 'tcp',
    source,
    destination: somewhere[family],
    destinationIsLocal: rule.direction === 'inbound',
    destinationPort: port,
    uid: uid === undefined || isVariable(uid) ? undefined : uid,
    interface: undefined,
  }
}
