import type { Artifact } from '../artifact.ts'
import type { ResolvedConfig, ResolvedMachine } from '../config/resolved.ts'
import type { Report } from '../diagnostics/diagnostic.ts'
import { renderTemplate } from '../files/template.ts'
import { proxyPorts } from '../plan/ports.ts'
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
  const networks = config.mesh.redirectNetworks.map(({ family, text }) => ({
    family,
    // As ufw, and all others, write what is one address.
    network: text.replace(family === 'ipv4' ? /\/32$/ : /\/128$/, ''),
  }))
  const ofFamily = (family: string) =>
    networks.filter((one) => one.family === family).map(({ network }) => network)
  const view = { port: proxyPorts.inbound, networks, ipv4: ofFamily('ipv4'), ipv6: ofFamily('ipv6') }
  return programs.map((name) => ({
    path: `${target}/${folder}/${name}.sh`,
    mode: 0o755,
    content: renderTemplate(`firewall/${name}.sh.hbs`, view),
    sensitive: false,
  }))
}

/** For targets with a folder for each machine: one of them would be the firewalls'. */
export function checkFolders(config: ResolvedConfig, report: Report): void {
  for (const { name, path } of config.machines)
    if (name === folder) report('name-reserved', `${path}/name`, { name })
}
