import type { Family } from '../config/network.ts'
import { isNetwork, parseAddress, parseNetwork } from '../config/network.ts'
import type { ResolvedConfig, ResolvedMachine } from '../config/resolved.ts'
import { pointer } from '../diagnostics/pointer.ts'
import { proxyPorts, sshPort } from './ports.ts'
import type { List, Scalar } from './value.ts'

/** What a packet must be for a rule to decide about it. All given conditions hold together. */
export interface RuleMatch {
  readonly uid?: Scalar
  readonly inInterface?: string
  readonly outInterface?: string
  /** The destination is an address of the machine itself. */
  readonly destinationIsLocal?: true
  /** CIDR. */
  readonly destination?: Scalar
  /** TCP destination port. */
  readonly destinationPort?: Scalar
}

/**
 * One decision about new TCP connections, in the order in which rules are asked. Both rule files, and later `explain`,
 * are derived from these; no rule text exists anywhere else.
 */
export interface RedirectRule {
  readonly direction: 'inbound' | 'outbound'
  readonly family: Family | 'both'
  readonly match: RuleMatch
  /** Print the rule once for each item, the item taking the named place in `match`. */
  readonly repeat?: { readonly over: List; readonly field: 'destination' | 'destinationPort' }
  /** Leave the connection alone, or redirect it to this port of the proxy (its SYN only). */
  readonly verdict: { readonly kind: 'exempt' } | { readonly kind: 'redirect'; readonly port: number }
  /** Why the rule is there, for readers of the rule file. */
  readonly reason: string
  /** JSON Pointer of the input field that it comes from; empty for what is always there. */
  readonly origin: string
}

const exempt = { kind: 'exempt' } as const

/** Cloud metadata services and link-local networks: never redirected, whatever the scope. */
const metadataNetworks: readonly {
  readonly network: string
  readonly family: Family
  readonly reason: string
}[] = [
  { network: '169.254.0.0/16', family: 'ipv4', reason: 'link-local addresses and metadata services' },
  { network: '168.63.129.16/32', family: 'ipv4', reason: 'the platform address of Azure' },
  { network: '100.100.100.200/32', family: 'ipv4', reason: 'the metadata service of Alibaba Cloud' },
  { network: 'fe80::/10', family: 'ipv6', reason: 'link-local addresses' },
  { network: 'fd00:ec2::254/128', family: 'ipv6', reason: 'the metadata service of EC2' },
]

/** The rules of one machine, first match first. */
export function planRedirect(config: ResolvedConfig, machine: ResolvedMachine): RedirectRule[] {
  return [...inboundRules(config, machine), ...outboundRules(config)]
}

function inboundRules(config: ResolvedConfig, machine: ResolvedMachine): RedirectRule[] {
  const rules: RedirectRule[] = [
    always('inbound', { inInterface: 'lo' }, 'loopback'),
    ...exemptPorts('inbound', config.proxy.adminAddress.port),
  ]
  for (const [index, port] of machine.ports.entries()) {
    rules.push({
      direction: 'inbound',
      family: 'both',
      match: { destinationPort: port.port },
      verdict: { kind: 'redirect', port: proxyPorts.inbound },
      reason: `declared port ${port.name}`,
      origin: machine.originOf('ports', index, 'port'),
    })
  }
  return rules
}

function outboundRules(config: ResolvedConfig): RedirectRule[] {
  const rules: RedirectRule[] = [
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
    ...exemptPorts('outbound', config.proxy.adminAddress.port),
    ...dnsRules(config),
  ]
  for (const network of config.mesh.redirectNetworks) {
    rules.push({
      direction: 'outbound',
      family: network.family,
      match: { destination: network.text },
      verdict: { kind: 'redirect', port: proxyPorts.outbound },
      reason: network.reason,
      origin: network.origin,
    })
  }
  return rules
}

function agentRule(config: ResolvedConfig): RedirectRule[] {
  if (config.spire.agent.from !== 'managed') return []
  const match = { uid: config.spire.agent.user.uid }
  return [
    { ...always('outbound', match, "the SPIRE agent's own connections"), origin: '/spire/agent/user/uid' },
  ]
}

function dnsRules(config: ResolvedConfig): RedirectRule[] {
  return config.mesh.dns.servers.flatMap((server, index) => {
    const address = parseAddress(server)
    if (address === undefined) return []
    const network = `${address.text}/${address.family === 'ipv4' ? 32 : 128}`
    const match = { destination: network, destinationPort: 53 }
    const origin = pointer('/mesh/dns/servers', index)
    return [{ ...always('outbound', match, 'DNS over TCP'), family: address.family, origin }]
  })
}

function exemptPorts(direction: 'inbound' | 'outbound', adminPort: number): RedirectRule[] {
  const own = [
    ...new Set([proxyPorts.outbound, proxyPorts.inbound, proxyPorts.control, proxyPorts.admin, adminPort]),
  ]
  return [
    always(direction, { destinationPort: sshPort }, 'SSH'),
    ...own.map((port) => always(direction, { destinationPort: port }, "the proxy's own ports")),
  ]
}

function always(direction: 'inbound' | 'outbound', match: RuleMatch, reason: string): RedirectRule {
  return { direction, family: 'both', match, verdict: exempt, reason, origin: '' }
}

/** True where the rule has something to say about connections of the family. */
export function appliesTo(rule: RedirectRule, family: Family): boolean {
  if (rule.family !== 'both') return rule.family === family
  const { destination } = rule.match
  if (typeof destination !== 'string') return true
  const network = parseNetwork(destination)
  return isNetwork(network) && network.family === family
}
