import {
  type Family,
  isNetwork,
  type Network,
  networkContains,
  networkCovers,
  parseNetworkOrAddress,
} from '../config/network.ts'
import type { Port, RedirectNetwork, ResolvedConfig, ResolvedMachine } from '../config/resolved.ts'
import { pointer } from '../diagnostics/pointer.ts'
import { agentRule, always, challengeRules, dnsRules, ownPorts } from './own-rules.ts'
import { directoryPorts, proxyPorts } from './ports.ts'
import { appliesTo, type PortRange, type RedirectRule } from './rule.ts'
import type { ServedAddresses } from './served.ts'
import { isVariable, type VariableList } from './value.ts'

/** Cloud metadata services and link-local networks: always bypassed, whatever the scope. */
const metadataNetworks: readonly {
  readonly network: string
  readonly family: Family
  readonly reason: string
}[] = [
  { network: '169.254.0.0/16', family: 'ipv4', reason: 'link-local and metadata' },
  { network: '168.63.129.16/32', family: 'ipv4', reason: 'metadata of Azure' },
  { network: '100.100.100.200/32', family: 'ipv4', reason: 'metadata of Alibaba Cloud' },
  { network: 'fe80::/10', family: 'ipv6', reason: 'link-local' },
  { network: 'fd00:ec2::254/128', family: 'ipv6', reason: 'metadata of EC2' },
]

/** What of a machine its rules are made of; the ports are a variable where the machine is symbolic. */
export interface RedirectMachine
  extends Pick<ResolvedMachine, 'redirect' | 'addresses' | 'localAddresses' | 'originOf'>,
    Partial<Pick<ResolvedMachine, 'boot'>> {
  readonly ports: readonly Port[] | VariableList
  readonly served: ServedAddresses
}

/** What its rules are made of but for those about the addresses that it serves. */
type ShapedMachine = Omit<RedirectMachine, 'served'>

/** The rules of one machine, first match first: what is always bypassed, what the document exempts, what is proxied. */
export function planRedirect(config: ResolvedConfig, machine: RedirectMachine): RedirectRule[] {
  return [...planServed(machine), ...planShape(config, machine)]
}

/** The rules about the addresses that the proxy serves. First: a machine that forwards for others has one question for what is not its own. */
export function planServed(machine: Pick<RedirectMachine, 'redirect' | 'served'>): RedirectRule[] {
  return keepFamilies(servedRules(machine), machine)
}

/** All others, which machines of the same shape have in common. */
export function planShape(config: ResolvedConfig, machine: ShapedMachine): RedirectRule[] {
  return keepFamilies([...inboundRules(config, machine), ...outboundRules(config, machine)], machine)
}

function keepFamilies(rules: RedirectRule[], { redirect }: Pick<RedirectMachine, 'redirect'>) {
  return redirect.ipv6 ? rules : rules.flatMap(keepIpv4)
}

function keepIpv4(rule: RedirectRule): RedirectRule[] {
  if (!appliesTo(rule, 'ipv4')) return []
  return rule.family === 'both' && rule.verdict.kind === 'redirect' ? [{ ...rule, family: 'ipv4' }] : [rule]
}

function inboundRules(config: ResolvedConfig, machine: ShapedMachine): RedirectRule[] {
  const redirect = { kind: 'redirect', port: proxyPorts.inbound } as const
  const rules = [
    always('inbound', { inInterface: 'lo' }, 'loopback'),
    ...ownPorts('inbound', config.proxy.adminAddress.port),
    ...challengeRules(config),
    ...exemptions('inbound', machine),
    ...sourceRules(config, machine),
  ]
  if (machine.redirect.inbound.scope === 'all') {
    const origin = machine.originOf('redirect', 'inbound', 'scope')
    return [
      ...rules,
      { ...always('inbound', {}, 'every port that is not exempt'), verdict: redirect, origin },
    ]
  }
  return [...rules, ...declaredRules(machine).map((rule) => ({ ...rule, verdict: redirect }))]
}

const families = ['ipv4', 'ipv6'] as const

/** The proxy resets what it is handed for another address: a second interface, a virtual address, the bridge of containers. */
function servedRules({ served }: Pick<RedirectMachine, 'served'>): RedirectRule[] {
  return families.map((family) => ({
    ...always(
      'inbound',
      { destinationIn: { addresses: served[family], all: served.all } },
      'only to addresses that the proxy serves',
    ),
    family,
    verdict: { kind: 'require', name: 'own' },
  }))
}

/**
 * Whoever is not of the mesh is left to the machine's own firewall. A redirected connection has passed it by: its port is
 * 4143, and firewalld accepts whatever was redirected before it asks its zones.
 */
function sourceRules(config: ResolvedConfig, { redirect, originOf }: ShapedMachine): RedirectRule[] {
  const { fromNetworks } = redirect.inbound
  const sources = redirectSources(config, fromNetworks)
  const more = fromNetworks.length > 0
  return families.map((family) => ({
    ...always(
      'inbound',
      { sourceIn: sources[family] },
      more ? 'only from the mesh and redirect.inbound.fromNetworks' : 'only from the mesh',
    ),
    family,
    verdict: { kind: 'require', name: 'mesh' },
    origin: more ? originOf('redirect', 'inbound', 'fromNetworks') : '',
  }))
}

type Sources = Readonly<Record<Family, readonly string[]>>
const sourcesOf = new WeakMap<readonly RedirectNetwork[], Map<string, Sources>>()

/** The networks whose connections are proxied; the same object for the same question. */
export function redirectSources({ mesh }: ResolvedConfig, fromNetworks: readonly string[]): Sources {
  const known = sourcesOf.get(mesh.redirectNetworks) ?? new Map<string, Sources>()
  sourcesOf.set(mesh.redirectNetworks, known)
  const key = fromNetworks.join()
  const found = known.get(key)
  if (found !== undefined) return found
  const more = fromNetworks.map(parseNetworkOrAddress).filter(isNetwork)
  // What another one covers may stay: whoever lies in any of them goes on.
  const all = [...mesh.redirectNetworks, ...more]
  const of = (family: Family) => [
    ...new Set(all.filter((network) => network.family === family).map(({ text }) => text)),
  ]
  const sources = { ipv4: of('ipv4'), ipv6: of('ipv6') }
  known.set(key, sources)
  return sources
}

function declaredRules({ ports, originOf }: ShapedMachine): RedirectRule[] {
  const reason = 'declared port'
  if (isVariable(ports)) {
    const field = (name: keyof Port) => ({ variable: `${ports.item}.${name}` })
    const rule = always('inbound', { destinationPort: field('port') }, reason)
    return [{ ...rule, repeat: { over: ports, reason: [`${reason} `, field('name')] } }]
  }
  return ports.map(({ name, port }, index) => ({
    ...always('inbound', { destinationPort: port }, `${reason} ${name}`),
    origin: originOf('ports', index, 'port'),
  }))
}

function outboundRules(config: ResolvedConfig, machine: ShapedMachine): RedirectRule[] {
  return [
    {
      ...always('outbound', { uid: config.proxy.user.uid }, "the proxy's own connections"),
      origin: '/proxy/user/uid',
    },
    ...agentRule(config),
    always('outbound', { outInterface: 'lo' }, 'loopback'),
    always('outbound', { destinationIsLocal: true }, "the machine's own addresses"),
    ...metadataNetworks.map(({ network, family, reason }) => ({
      ...always('outbound', { destination: network }, reason),
      family,
    })),
    ...ownPorts('outbound', config.proxy.adminAddress.port),
    ...dnsRules(config),
    ...directoryRules(config, machine),
    ...exemptions('outbound', machine),
    ...outboundRedirects(config, machine),
  ]
}

/** One for each network, or one for everything; where only some users are meant, one for each of them as well. */
function outboundRedirects(config: ResolvedConfig, machine: ShapedMachine): RedirectRule[] {
  const verdict = { kind: 'redirect', port: proxyPorts.outbound } as const
  const { scope, onlyUsers } = machine.redirect.outbound
  const targets: RedirectRule[] =
    scope === 'all'
      ? [
          {
            ...always('outbound', {}, 'every connection that is not exempt'),
            verdict,
            origin: machine.originOf('redirect', 'outbound', 'scope'),
          },
        ]
      : config.mesh.redirectNetworks.map(({ family, text, reason, origin }) => ({
          ...always('outbound', { destination: text }, reason),
          family,
          verdict,
          origin,
        }))
  if (onlyUsers.length === 0) return targets
  return targets.flatMap((rule) =>
    onlyUsers.map((uid) => ({
      ...rule,
      match: { ...rule.match, uid },
      reason: `${rule.reason}, for user ${uid}`,
    })),
  )
}

/** What the document exempts; whoever it names may be in any order, since all of it is bypassed. */
function exemptions(direction: 'inbound' | 'outbound', machine: ShapedMachine): RedirectRule[] {
  const scope = machine.redirect[direction]
  const list = <T>(key: string, items: readonly T[], rule: (item: T) => Partial<RedirectRule>) =>
    items.map((item, index) => ({
      ...always(direction, {}, `exempt ${key === 'Users' ? 'user' : key.slice(0, -1).toLowerCase()} ${item}`),
      ...rule(item),
      origin: machine.originOf('redirect', direction, `exempt${key}`, index),
    }))
  return [
    ...list('Interfaces', scope.exemptInterfaces, (name) => ({
      match: direction === 'inbound' ? { inInterface: name } : { outInterface: name },
    })),
    // A packet that arrives from somewhere else has no user here.
    ...list('Users', direction === 'inbound' ? [] : scope.exemptUsers, (uid) => ({ match: { uid } })),
    ...list('Ports', scope.exemptPorts, (port) => ({ match: { destinationPort: parsePorts(port) } })),
    ...list('Networks', scope.exemptNetworks, (text) => matchNetwork(direction, text)),
  ]
}

function parsePorts(text: number | string): number | PortRange {
  const [first = 0, last = first] = String(text).split('-').map(Number)
  return first === last ? first : { first, last }
}

function matchNetwork(direction: 'inbound' | 'outbound', text: string): Partial<RedirectRule> {
  const network = parseNetworkOrAddress(text)
  if (!isNetwork(network)) throw new TypeError(`${text} was validated as a network`)
  return {
    family: network.family,
    match: direction === 'inbound' ? { source: network.text } : { destination: network.text },
  }
}

/** Only where a network of the cluster is the machine's own network, too: elsewhere no directory answers there. */
function directoryRules(config: ResolvedConfig, machine: ShapedMachine): RedirectRule[] {
  return networksAround(config, machine).flatMap(([index, network]) =>
    directoryPorts.map(([port, name]) => ({
      ...always(
        'outbound',
        { destination: network.text, destinationPort: port },
        `${name} of the own network`,
      ),
      family: network.family,
      origin: pointer('/mesh/clusterNetworks', index),
    })),
  )
}

/** The networks of the cluster that a machine itself is in, with their places in the document. */
export function networksAround(
  { mesh }: ResolvedConfig,
  machine: Pick<ResolvedMachine, 'addresses' | 'localAddresses'> & Partial<Pick<ResolvedMachine, 'boot'>>,
): (readonly [index: number, network: Network])[] {
  const { addresses, localAddresses, boot } = machine
  const own = [...addresses, ...localAddresses]
  return [...mesh.clusterNetworks.entries()].filter(
    ([, network]) =>
      own.some((address) => networkContains(network, address)) ||
      // Not known before it boots: wherever machines may be.
      (boot !== undefined && mesh.machineNetworks.some((place) => overlap(network, place))),
  )
}

function overlap(a: Network, b: Network): boolean {
  return networkCovers(a, b) || networkCovers(b, a)
}
