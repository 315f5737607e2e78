import { hostNetwork, isLoopback, joinHostPort, splitHostPort } from '../config/network.ts'
import type { Agent, ResolvedConfig, ResolvedMachine } from '../config/resolved.ts'
import { linkerdHas } from '../config/versions.ts'
import { attestors, challengePort } from '../kinds/attestors/index.ts'
import { registryOf } from './download.ts'
import { proxyPorts } from './ports.ts'

/** One kind of connection that a machine makes or accepts; for security groups and firewalls. */
export interface Flow {
  readonly direction: 'in' | 'out'
  /** Networks, addresses, host names, or words for what has none, such as `monitoring`. */
  readonly from: readonly string[]
  readonly to: readonly string[]
  readonly port: number | 'any'
  readonly protocol: 'tcp' | 'udp'
  readonly why: string
}

/** Every connection that the machine makes or accepts because it is part of the mesh. */
export function planFlows(config: ResolvedConfig, machine: ResolvedMachine): Flow[] {
  const self =
    machine.addresses.length > 0 ? machine.addresses.map((address) => address.text) : [machine.name]
  return [...inboundFlows(config, machine, self), ...outboundFlows(config, self)]
}

function inboundFlows(config: ResolvedConfig, machine: ResolvedMachine, self: readonly string[]): Flow[] {
  const own = new Set(machine.addresses.map((address) => hostNetwork(address).text))
  const mesh = config.mesh.redirectNetworks.map((network) => network.text).filter((text) => !own.has(text))
  const { fromNetworks, exemptNetworks } = machine.redirect.inbound
  const peers = [...new Set([...mesh, ...fromNetworks])]
  const accept = (port: number, from: readonly string[], why: string): Flow => ({
    direction: 'in',
    from,
    to: self,
    port,
    protocol: 'tcp',
    why,
  })
  const flows: Flow[] = []
  if (machine.role === 'server') {
    flows.push(accept(proxyPorts.inbound, peers, 'meshed requests, decrypted by the proxy'))
    const why = linkerdHas(config.mesh.linkerd, 'transportHeader')
      ? 'requests of clients outside the mesh; leave it closed where all clients are meshed'
      : 'meshed and other requests, proxied'
    for (const port of machine.ports) flows.push(accept(port.port, peers, `${port.name}: ${why}`))
    if (exemptNetworks.length > 0)
      for (const port of machine.ports)
        flows.push(accept(port.port, exemptNetworks, `${port.name}: exempt, so bypassed, in plain text`))
  }
  const { agent, server } = config.spire
  const challenge = challengePort(agent)
  if (challenge !== undefined)
    flows.push(accept(challenge, [server.address], "identity: the SPIRE server's challenge (http_challenge)"))
  const { host, port } = config.proxy.adminAddress
  if (!isLoopback(host))
    flows.push(
      accept(port, ['monitoring'], 'metrics and readiness of the proxy; keep it closed to everyone else'),
    )
  if (config.monitoring !== undefined)
    flows.push(
      accept(config.monitoring.nodeExporterPort, ['monitoring'], 'what the machine tells node_exporter'),
    )
  if (machine.role === 'server') flows.push(...readinessFlows(config, machine, accept))
  return flows
}

/** What the prober dials, from the cluster. */
function readinessFlows(
  { readiness, proxy }: ResolvedConfig,
  { boot, healthCheck }: ResolvedMachine,
  accept: (port: number, from: readonly string[], why: string) => Flow,
): Flow[] {
  if (readiness === undefined || boot !== undefined) return []
  const from = readiness.fromNetworks.map(({ text }) => text)
  return [
    accept(
      proxy.adminAddress.port,
      from,
      'readiness: the prober asks the proxy; keep it closed to everyone else',
    ),
    accept(proxyPorts.inbound, from, "readiness: the prober tries the proxy's port"),
    ...(healthCheck === undefined
      ? []
      : [accept(healthCheck.port, from, "readiness: the prober asks the application's health check")]),
  ]
}

function outboundFlows(config: ResolvedConfig, self: readonly string[]): Flow[] {
  const { mesh, spire } = config
  const dial = (
    to: readonly string[],
    port: number | 'any',
    why: string,
    protocol: 'tcp' | 'udp' = 'tcp',
  ): Flow => ({ direction: 'out', from: self, to, port, protocol, why })
  const flows: Flow[] = []
  for (const [address, why] of [
    [mesh.controlPlane.destination, 'discovery: where services and pods are'],
    [mesh.controlPlane.policy, 'policy: who may connect'],
  ] as const) {
    const target = splitHostPort(address)
    if (target !== undefined) flows.push(dial([target.host.replace(/\.$/, '')], target.port, why))
  }
  const networks = mesh.redirectNetworks.map((network) => network.text)
  if (linkerdHas(mesh.linkerd, 'transportHeader'))
    flows.push(dial(networks, proxyPorts.inbound, 'requests to meshed pods and machines'))
  flows.push(dial(networks, 'any', 'requests to pods and machines, on the ports that they serve'))
  if (spire.agent.from === 'managed' && spire.server.own?.place !== 'machine')
    flows.push(dial([spire.server.address], spire.server.port, 'identity: the SPIRE server'))
  const { trustBundle } = spire
  if (spire.agent.from === 'managed' && trustBundle.kind === 'url')
    for (const { host, port } of downloadHosts([{ from: 'url', url: trustBundle.url }]))
      flows.push(dial([host], port, 'identity: the trust bundle, at the first start'))
  for (const { host, port } of downloadHosts(askedBy(spire.agent)))
    flows.push(dial([host], port, 'identity: the metadata service of the cloud'))
  if (mesh.dns.servers.length > 0) {
    flows.push(
      dial(mesh.dns.servers, 53, 'names of the cluster', 'udp'),
      dial(mesh.dns.servers, 53, 'names of the cluster', 'tcp'),
    )
  }
  const { agent } = spire
  const programs = [config.proxy.install, ...(agent.from === 'managed' ? [agent.install] : [])]
  const when = 'at the first boot and at upgrades'
  for (const host of downloadHosts(programs.filter(({ from }) => from !== 'image')))
    flows.push(dial([host.host], host.port, `download ${when}`))
  for (const host of downloadHosts(programs.filter(({ from }) => from === 'image')))
    flows.push(dial([host.host], host.port, `layer of the proxy's image ${when}; ${elsewhere(config)}`))
  for (const host of downloadHosts([config.cloudInit.meshLayer]))
    flows.push(dial([host.host], host.port, 'download of the mesh layer at the first boot'))
  return flows
}

/** Whom the attestor asks besides the SPIRE server. */
function askedBy(agent: Agent): Source[] {
  if (agent.from !== 'managed') return []
  const { attestation } = agent
  const url = attestors[attestation.type].asks?.(attestation.options)
  return url === undefined ? [] : [{ from: attestation.type, url }]
}

/** Who else has to be reached for an image: a registry says where tokens and blobs are only when it is asked. */
function elsewhere({ proxy }: ResolvedConfig): string {
  if (proxy.install.from !== 'image') return ''
  if (proxy.install.httpProxy !== undefined) return 'the forward proxy must reach what the registry sends to'
  const hosts = proxy.install.image.startsWith('cr.l5d.io/')
    ? ': today ghcr.io and where that has its blobs'
    : ''
  return `a registry may send machines on to other hosts for tokens and blobs, port 443${hosts}`
}

/** Where a download goes: a forward proxy, where there is one. */
interface Source {
  readonly from: string
  readonly url?: string
  readonly image?: string
  readonly httpProxy?: string | undefined
}

function downloadHosts(sources: readonly Source[]): { host: string; port: number }[] {
  const seen = new Set<string>()
  const hosts: { host: string; port: number }[] = []
  for (const { url, image, httpProxy } of sources) {
    const place = httpProxy ?? url ?? (image === undefined ? '' : registryOf(image))
    const [, scheme, authority = ''] = /^([a-z]+):\/\/([^/?#]+)/.exec(place) ?? []
    if (scheme === undefined) continue
    const bare = { host: authority.replace(/^\[|\]$/g, ''), port: scheme === 'http' ? 80 : 443 }
    const target = splitHostPort(authority) ?? bare
    const key = joinHostPort(target.host, target.port)
    if (!seen.has(key)) hosts.push(target)
    seen.add(key)
  }
  return hosts
}
