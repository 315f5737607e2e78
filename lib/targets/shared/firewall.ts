import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import type { Report } from '../../diagnostics/diagnostic.ts'
import { renderTemplate } from '../../files/template.ts'
import { proxyPorts } from '../../plan/ports.ts'
import { redirectSources } from '../../plan/redirect.ts'
import { checkReserved } from './reserved-name.ts'
import type { TargetName } from './target.ts'

/** The folder in a target's folder, and the programs in it; one for each kind of firewall that a machine may have. */
const folder = 'firewall'
const programs = ['firewalld', 'iptables', 'nftables', 'ufw'] as const

/** Whether anybody dials these machines through the mesh: otherwise no firewall has to let anything in. */
export function needFirewalls(machines: readonly ResolvedMachine[]): boolean {
  return machines.some(({ role }) => role === 'server')
}

/**
 * Programs that let the mesh in to the proxy's port, and take that away again. The redirect changes a connection's port before
 * any firewall sees it, and peers in the mesh dial that port themselves. What a firewall says is its owner's: nothing runs these
 * by itself.
 */
export function emitFirewalls(
  target: TargetName,
  config: ResolvedConfig,
  machines: readonly ResolvedMachine[],
): Artifact[] {
  if (!needFirewalls(machines)) return []
  const asked = machines.flatMap(({ redirect }) => redirect.inbound.fromNetworks)
  const { ipv4, ipv6 } = redirectSources(config, [...new Set(asked)])
  const of = { ipv4: ipv4.flatMap(writeNetwork), ipv6: ipv6.flatMap(writeNetwork) }
  const networks = (['ipv4', 'ipv6'] as const).flatMap((family) =>
    of[family].map((network) => ({ family, network })),
  )
  const view = { port: proxyPorts.inbound, networks, ...of }
  return programs.map((name) => ({
    path: `${target}/${folder}/${name}.sh`,
    mode: 0o755,
    content: renderTemplate(`firewall/${name}.sh.hbs`, view),
    sensitive: false,
  }))
}

/** As every firewall reads it and writes it back: one address alone, and everybody as two halves. */
function writeNetwork(text: string): string[] {
  if (text === '0.0.0.0/0') return ['0.0.0.0/1', '128.0.0.0/1']
  if (text === '::/0') return ['::/1', '8000::/1']
  return [text.replace(text.includes(':') ? /\/128$/ : /\/32$/, '')]
}

/** For targets with a folder for each machine: one of them would be the firewalls'. */
export function checkFolders(config: ResolvedConfig, report: Report): void {
  checkReserved(config, folder, report)
}
