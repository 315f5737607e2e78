import { hostNetwork, parseAddress } from '../config/network.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import { pointer } from '../diagnostics/pointer.ts'
import { challengePort } from '../kinds/attestors/index.ts'
import { proxyPorts, sshPort } from './ports.ts'
import type { RedirectRule, RuleMatch } from './rule.ts'

/** Lets pass what matches, of either family, unless the rule is given more. */
export function always(direction: 'inbound' | 'outbound', match: RuleMatch, reason: string): RedirectRule {
  return { direction, family: 'both', match, verdict: { kind: 'bypass' }, reason, origin: '' }
}

/** The ports of SSH and of the proxy itself. */
export function ownPorts(direction: 'inbound' | 'outbound', adminPort: number): RedirectRule[] {
  const own = [
    ...new Set([proxyPorts.outbound, proxyPorts.inbound, proxyPorts.control, proxyPorts.admin, adminPort]),
  ]
  return [
    always(direction, { destinationPort: sshPort }, 'SSH'),
    ...own.map((port) => always(direction, { destinationPort: port }, "the proxy's own ports")),
  ]
}

/** Whatever a managed agent dials. */
export function agentRule(config: ResolvedConfig): RedirectRule[] {
  if (config.spire.agent.from !== 'managed') return []
  const match = { uid: config.spire.agent.user.uid }
  return [
    { ...always('outbound', match, "the SPIRE agent's own connections"), origin: '/spire/agent/user/uid' },
  ]
}

/** The SPIRE server dials the agent before there is an identity that a proxy could serve with. */
export function challengeRules({ spire }: ResolvedConfig): RedirectRule[] {
  const port = challengePort(spire.agent)
  if (port === undefined) return []
  const rule = always('inbound', { destinationPort: port }, "the SPIRE server's challenge")
  return [{ ...rule, origin: '/spire/agent/attestation/port' }]
}

/** The cluster's DNS servers, asked over TCP for long answers. */
export function dnsRules(config: ResolvedConfig): RedirectRule[] {
  return config.mesh.dns.servers.flatMap((server, index) => {
    const address = parseAddress(server)
    if (address === undefined) return []
    const match = { destination: hostNetwork(address).text, destinationPort: 53 }
    const origin = pointer('/mesh/dns/servers', index)
    return [{ ...always('outbound', match, 'DNS over TCP'), family: address.family, origin }]
  })
}
