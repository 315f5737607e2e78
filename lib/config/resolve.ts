import { pointer } from '../diagnostics/pointer.ts'
import type {
  ProxyInstall as InstallInput,
  Machine,
  MeshjoinDocument,
  MeshLayer as MeshLayerInput,
} from '../generated/document.ts'
import { nodeOf, optionsMadeThere } from '../kinds/attestors/index.ts'
import { defaultResolver, noResolver } from '../kinds/resolvers/index.ts'
import { normalizePem } from './certificate.ts'
import { defaultParentId, defaultServerName, defaultSpiffeId, instanceName } from './identity.ts'
import { bootOf, instancesOf, listOf } from './instances.ts'
import { layerMachine } from './layers.ts'
import {
  type Address,
  coverAddresses,
  isNetwork,
  type Network,
  networkCovers,
  parseAddress,
  parseNetwork,
  parseNetworkOrAddress,
  splitHostPort,
} from './network.ts'
import { resolveCluster, resolveHealthCheck } from './resolve-cluster.ts'
import type {
  Agent,
  Collection,
  Install,
  MeshLayer,
  RedirectNetwork,
  ResolvedConfig,
  ResolvedGroup,
  ResolvedMachine,
  TrustBundle,
} from './resolved.ts'
import { Secret } from './secret.ts'
import { resolveServer } from './server.ts'
import { createSettingsResolver, resolveSettings, type SettingsResolver } from './settings.ts'
import { parseLinkerdVersion, proxyUrl, spireUrl } from './versions.ts'

/** Where a managed agent listens; under /run, because units with PrivateTmp= do not see each other's /tmp. */
const managedSocket = '/run/spire/agent/public/api.sock'

/** Fills in every default of a checked document, and applies groups to machines. */
export function resolveDocument(document: MeshjoinDocument): ResolvedConfig {
  const { mesh, proxy, spire, cloudInit = {} } = document
  const clusterDomain = mesh.clusterDomain ?? 'cluster.local'
  const namespace = mesh.controlPlaneNamespace ?? 'linkerd'
  const linkerd = parseLinkerdVersion(mesh.linkerdVersion)
  if (linkerd === undefined) throw new TypeError('resolveDocument takes checked documents only')
  const networks = resolveNetworks(document)
  const ipv6 = hasIpv6(document, networks.all)
  const machines = resolveMachines(document, clusterDomain, ipv6)
  return {
    mesh: {
      linkerd,
      clusterDomain,
      identityTrustDomain: mesh.identityTrustDomain ?? clusterDomain,
      controlPlaneNamespace: namespace,
      trustAnchors: normalizePem(mesh.trustAnchors),
      clusterNetworks: networks.cluster,
      machineNetworks: networks.machines,
      redirectNetworks: networks.all,
      controlPlane: {
        destination:
          mesh.controlPlane?.destination ?? `linkerd-dst-headless.${namespace}.svc.${clusterDomain}.:8086`,
        policy: mesh.controlPlane?.policy ?? `linkerd-policy.${namespace}.svc.${clusterDomain}.:8090`,
      },
      dns: {
        provider: mesh.dns === undefined ? noResolver : (mesh.dns.provider ?? defaultResolver),
        servers: mesh.dns?.servers ?? [],
        domains: mesh.dns?.domains ?? [clusterDomain],
      },
      routes: mesh.routes ?? [],
    },
    proxy: {
      version: proxy.version,
      install: resolveInstall(proxy.install, proxyUrl(proxy.version)),
      user: { name: proxy.user?.name ?? 'linkerd-proxy', uid: proxy.user?.uid ?? 2102 },
      adminAddress: splitHostPort(proxy.adminAddress ?? '127.0.0.1:4191') ?? {
        host: '127.0.0.1',
        port: 4191,
      },
      shutdownGracePeriod: proxy.shutdownGracePeriod ?? '2m',
      logFormat: proxy.logFormat ?? 'plain',
      cores: proxy.cores,
      settings: proxy.settings ?? {},
    },
    spire: {
      trustDomain: spire.trustDomain,
      trustBundle: resolveBundle(document),
      server: resolveServer(spire.server),
      agent: resolveAgent(document),
      selectors: spire.workload?.selectors ?? [`unix:uid:${proxy.user?.uid ?? 2102}`],
    },
    machines,
    groups: resolveGroups(document, ipv6),
    ...resolveCluster(document),
    monitoring: document.monitoring && { nodeExporterPort: 9100, ...document.monitoring },
    ansible: { collection: resolveCollection(document) },
    cloudInit: {
      meshLayer: resolveMeshLayer(cloudInit.meshLayer),
      distribution: cloudInit.distribution ?? 'debian',
      platform: cloudInit.platform,
      compress: cloudInit.compress,
      multipart: cloudInit.multipart ?? false,
    },
  }
}

interface Networks {
  readonly cluster: readonly Network[]
  readonly machines: readonly Network[]
  readonly all: readonly RedirectNetwork[]
}

function resolveNetworks({ mesh, machines }: MeshjoinDocument): Networks {
  const cluster = mesh.clusterNetworks.map((text) => parseNetwork(text)).filter(isNetwork)
  const typed = mesh.machineNetworks?.map((text) => parseNetworkOrAddress(text)).filter(isNetwork)
  const own =
    typed ?? coverAddresses(machines.flatMap((machine) => parseAddresses(listOf(machine.addresses))))
  const all: RedirectNetwork[] = []
  const placed: Network[] = []
  const add = (network: Network, reason: string, origin: string): void => {
    if (placed.some((outer) => networkCovers(outer, network))) return
    placed.push(network)
    all.push({ family: network.family, text: network.text, reason, origin })
  }
  for (const [index, network] of cluster.entries())
    add(network, 'cluster network', pointer('/mesh/clusterNetworks', index))
  for (const [index, network] of own.entries()) {
    add(
      network,
      'meshed machines',
      typed === undefined ? '/machines' : pointer('/mesh/machineNetworks', index),
    )
  }
  return { cluster, machines: own, all }
}

function parseAddresses(list: readonly string[] = []): Address[] {
  return list.flatMap((text) => parseAddress(text) ?? [])
}

/** The image of Linkerd's releases, and where the binary is in it (linkerd/linkerd2, Dockerfile.proxy). */
const linkerdImage = 'cr.l5d.io/linkerd/proxy'
const pathInImage = '/usr/lib/linkerd/linkerd2-proxy'

function resolveInstall(install: InstallInput, url: string): Install {
  if (install.from === 'preinstalled') return { from: 'preinstalled', path: install.path ?? '' }
  if (install.from === 'image') {
    const { image = linkerdImage, path = pathInImage, layer = {}, username, passwordFile } = install
    const { caFile, httpProxy } = install
    return { from: 'image', image, layer, path, username, passwordFile, caFile, httpProxy }
  }
  const { sha256 = {}, caFile, httpProxy } = install
  return { from: 'download', url: install.url ?? url, sha256, caFile, httpProxy }
}

function resolveBundle({ mesh, spire }: MeshjoinDocument): TrustBundle {
  if (spire.agent.insecureBootstrap === true) return { kind: 'none' }
  const text = spire.trustBundle ?? mesh.trustAnchors
  if (text.includes('-----BEGIN ')) return { kind: 'pem', pem: normalizePem(text) }
  return text.startsWith('/')
    ? { kind: 'path', path: text }
    : { kind: 'url', url: text, caFile: spire.trustBundleCaFile }
}

function resolveCollection({ ansible }: MeshjoinDocument): Collection | undefined {
  const collection = ansible?.collection
  return collection === undefined ? undefined : { version: '1.0.0', ...collection }
}

function resolveAgent({ spire }: MeshjoinDocument): Agent {
  const { agent } = spire
  if (agent.from === 'existing') return { from: 'existing', socket: agent.socket ?? '' }
  if (agent.attestation === undefined)
    throw new TypeError('a managed agent was checked to have an attestation')
  const { type, insecureToken, ...options } = agent.attestation
  const secret = insecureToken === undefined ? {} : { insecureToken: new Secret(insecureToken) }
  const made = spire.server?.colocated === true ? optionsMadeThere(type) : {}
  return {
    from: 'managed',
    version: agent.version ?? '',
    install: resolveInstall(agent.install ?? { from: 'preinstalled' }, spireUrl),
    user: { name: agent.user?.name ?? 'spire-agent', uid: agent.user?.uid ?? 2103 },
    socket: managedSocket,
    attestation: { type, options: { ...options, ...secret, ...made } },
    availabilityTarget: agent.availabilityTarget,
    healthPort: agent.healthPort,
    metricsPort: agent.metricsPort,
  }
}

function resolveMeshLayer(meshLayer: MeshLayerInput = { from: 'inline' }): MeshLayer {
  const { from, url = '', caFile, httpProxy } = meshLayer
  return from === 'fetch' ? { from, url, caFile, httpProxy } : { from }
}

function hasIpv6(document: MeshjoinDocument, networks: readonly RedirectNetwork[]): boolean {
  return (
    networks.some((network) => network.family === 'ipv6') ||
    document.machines.some(({ addresses = [], localAddresses = [] }) =>
      [...listOf(addresses), ...localAddresses].some((text) => text.includes(':')),
    )
  )
}

function resolveMachines(
  document: MeshjoinDocument,
  clusterDomain: string,
  ipv6: boolean,
): ResolvedMachine[] {
  const settingsOf = createSettingsResolver(ipv6)
  const machines: [machine: MachineInput, path: string][] = [
    ...document.machines.map((machine, index): [MachineInput, string] => [
      machine,
      pointer('/machines', index),
    ]),
    ...instancesOf(document).map(({ group, path }): [MachineInput, string] => [{ group }, path]),
  ]
  return machines
    .map(([machine, path]) => resolveMachine(document, machine, path, clusterDomain, settingsOf))
    .sort((a, b) => (`${a.name}/` < `${b.name}/` ? -1 : 1)) // as their output folders sort
}

function resolveGroups(document: MeshjoinDocument, ipv6: boolean): ResolvedGroup[] {
  const names = Object.keys(document.groups ?? {}).sort()
  const alone = names.length === 0 || document.machines.some(({ group }) => group === undefined)
  return [...(alone ? [undefined] : []), ...names].map((name) => {
    const { settings } = layerMachine(document, name === undefined ? {} : { group: name }, '')
    const { spiffeId, serverName } = settings.identity ?? {}
    return {
      name,
      namespace: settings.namespace,
      identity: { spiffeId, serverName },
      ...resolveSettings(settings, ipv6),
    }
  })
}

/** A machine of the document; without a name, the instances of its group. */
type MachineInput = Partial<Machine>

function resolveMachine(
  document: MeshjoinDocument,
  machine: MachineInput,
  path: string,
  clusterDomain: string,
  settingsOf: SettingsResolver,
): ResolvedMachine {
  const { settings, originOf } = layerMachine(document, machine, path)
  const { name = instanceName } = machine
  const namespace = settings.namespace ?? ''
  const { trustDomain } = document.spire
  const addresses = parseAddresses(listOf(machine.addresses))
  const node = nodeOf(document, name, settings.attestation)
  return {
    name: machine.name ?? machine.group ?? '',
    path,
    group: machine.group,
    namespace,
    role: settings.role ?? 'server',
    boot: bootOf(document, machine),
    addresses,
    localAddresses: machine.localAddresses === undefined ? addresses : parseAddresses(machine.localAddresses),
    labels: definedEntries(settings.labels),
    annotations: definedEntries(settings.annotations),
    zone: settings.zone,
    healthCheck: resolveHealthCheck(settings.healthCheck),
    drain: settings.drain ?? false,
    identity: {
      spiffeId: settings.identity?.spiffeId ?? defaultSpiffeId(trustDomain, namespace, name),
      serverName: settings.identity?.serverName ?? defaultServerName(clusterDomain, namespace, name),
    },
    attestation: definedEntries(settings.attestation),
    parentId: settings.parentId ?? defaultParentId(trustDomain, name, node),
    node,
    ...settingsOf(machine, settings),
    originOf,
  }
}

function definedEntries(map: Readonly<Record<string, string | undefined>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(map).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
