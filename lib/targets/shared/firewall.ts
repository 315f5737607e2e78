import type { Artifact } from '../../artifact.ts'
import { type Network, networkCovers } from '../../config/network.ts'
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
 * Programs that let the mesh in to the proxy's port, and the prober to what it asks, and take that away again. The redirect
 * changes a connection's port before any firewall sees it, and peers in the mesh dial that port themselves. What a firewall says
 * is its owner's: nothing runs these by itself.
 */
export function emitFirewalls(
  target: TargetName,
  config: ResolvedConfig,
  machines: readonly ResolvedMachine[],
): Artifact[] {
  if (!needFirewalls(machines)) return []
  const asked = machines.flatMap(({ redirect }) => redirect.inbound.fromNetworks)
  const { ipv4, ipv6 } = redirectSources(config, [...new Set(asked)])
  const { inbound, others } = probedPorts(config, machines)
  const openings = [
    viewOpening(proxyPorts.inbound, [...new Set([...ipv4, ...ipv6, ...inbound])]),
    ...others.map(([port, networks]) => viewOpening(port, networks)),
  ]
  const view = {
    openings,
    ports: openings.map(({ port }) => port).join(' '),
    ipv4: openings.some((opening) => opening.ipv4.length > 0),
    ipv6: openings.some((opening) => opening.ipv6.length > 0),
    readiness: openings.length > 1,
  }
  return programs.map((name) => ({
    path: `${target}/${folder}/${name}.sh`,
    mode: 0o755,
    content: renderTemplate(`firewall/${name}.sh.hbs`, view),
    sensitive: false,
  }))
}

/**
 * What the prober dials: the admin port, which nobody else does; and, where it comes from outside of the mesh's networks, the
 * proxy's port and the health checks, whose connections no redirect takes then.
 */
function probedPorts(
  { readiness, proxy, mesh }: ResolvedConfig,
  machines: readonly ResolvedMachine[],
): { inbound: readonly string[]; others: [port: number, networks: readonly string[]][] } {
  if (readiness === undefined) return { inbound: [], others: [] }
  const inMesh = [...mesh.clusterNetworks, ...mesh.machineNetworks]
  const from = readiness.fromNetworks
  const outside = from.filter((network) => !inMesh.some((outer) => networkCovers(outer, network)))
  const health = machines.flatMap(({ role, healthCheck }) =>
    role === 'server' && healthCheck !== undefined && outside.length > 0 ? [healthCheck.port] : [],
  )
  const texts = (networks: readonly Network[]) => networks.map(({ text }) => text)
  return {
    inbound: texts(outside),
    others: [
      [proxy.adminAddress.port, texts(from)],
      ...[...new Set(health)]
        .sort((a, b) => a - b)
        .map((port): [number, readonly string[]] => [port, texts(outside)]),
    ],
  }
}

/** A port, and who is let in to it. */
function viewOpening(port: number, networks: readonly string[]) {
  const of = (isIpv6: boolean) =>
    networks.filter((network) => network.includes(':') === isIpv6).flatMap(writeNetwork)
  return { port, ipv4: of(false), ipv6: of(true) }
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
