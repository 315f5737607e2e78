import { proxySeconds } from '../config/duration.ts'
import type { Attestation } from '../config/resolved.ts'
import { type Credential, credentialPath, type UnitNeeds } from '../kinds/attestors/attestor.ts'
import { attestationSecrets, attestors } from '../kinds/attestors/index.ts'
import { backends } from '../kinds/backends/index.ts'
import { bootNotation, foundAddresses } from '../plan/boot.ts'
import type { MachinePlan, MeshPlan } from '../plan/plan.ts'
import { proxyPorts } from '../plan/ports.ts'
import type { RedirectRule } from '../plan/rule.ts'
import { type ServedAddresses, servedAddresses } from '../plan/served.ts'
import { bundleAuthorityId, readsExecutable } from '../plan/spire-agent.ts'
import { literalNotation, type Notation } from '../plan/value.ts'
import { bootPath, printBootData, unfilled } from './boot.ts'
import { printEnvironment } from './environment.ts'
import { printMachineData } from './mesh-machine-data.ts'
import {
  bootCommand,
  commands,
  type MeshCommand,
  meshTemplates,
  metricsCommand,
  probesPath,
  registryCommand,
  serverCommand,
  tokenCommand,
} from './mesh-templates.ts'
import { printProbes } from './redirect-probes.ts'
import { printEntries, printServer } from './server-files.ts'
import { readText, renderTemplate } from './template.ts'
import type { UnitView } from './unit-view.ts'
import { listWants } from './units.ts'

/** A file of a machine: owned by root, with its final content. Every target places these and adds none. */
export interface MachineFile {
  /** Absolute path on the machine. */
  readonly path: string
  readonly mode: 0o600 | 0o644 | 0o755
  readonly content: string
  /** The mesh layer is the same on every machine of a document or group; the machine layer is not. */
  readonly layer: 'mesh' | 'machine'
  /** True for a secret of the document: whatever holds this file is one as well. */
  readonly sensitive?: true
}

/** Seconds that systemd waits beyond the proxy's own grace period before it kills. */
const stopMargin = 10

/** All files of a machine, sorted by path. */
export function printFiles(plan: MachinePlan): MachineFile[] {
  const { environment, rules, shape, boot, mesh } = plan
  const layer = { environment, rules, shape, mesh, served: servedOf(plan) }
  const machine =
    boot === undefined
      ? printMachineLayer(layer, literalNotation)
      : [
          fileOf('machine')(bootPath, 0o644, printBootData(plan, boot)),
          ...printMachineLayer(layer, bootNotation).map((one) => ({ ...one, path: one.path + unfilled })),
        ]
  return [...printMeshLayer(mesh), ...machine, ...printSecrets(mesh)].sort(comparePaths)
}

function comparePaths(a: MachineFile, b: MachineFile): number {
  return a.path < b.path ? -1 : 1
}

/** Of one machine, and so in no mesh layer, which others share, and which can be fetched or baked. */
function printSecrets({ agent }: MeshPlan): MachineFile[] {
  const secrets = agent === undefined ? [] : attestationSecrets(agent.attestation)
  return secrets.map(({ path, secret }) => ({
    ...fileOf('machine')(path, 0o600, `${secret.reveal()}\n`),
    sensitive: true,
  }))
}

function servedOf(plan: MachinePlan): ServedAddresses {
  return plan.boot === undefined ? servedAddresses(plan) : foundAddresses
}

function fileOf(layer: MachineFile['layer']) {
  return (path: string, mode: MachineFile['mode'], content: string): MachineFile => ({
    path,
    mode,
    content,
    layer,
  })
}

/** What the machine layer is made of, for a machine of the document or a symbolic one. */
export interface MachineLayer extends Pick<MachinePlan, 'environment' | 'rules' | 'mesh'> {
  /** The rules without those about its own addresses; left out, nothing is kept for another machine. */
  readonly shape?: readonly RedirectRule[]
  readonly served: ServedAddresses
}

/** The few files that say who a machine is and what it serves. */
export function printMachineLayer(layer: MachineLayer, notation: Notation): MachineFile[] {
  const file = fileOf('machine')
  const comments = ['Who this machine is and what it serves. Written by meshjoin.']
  const { rules, mesh, served } = layer
  const { backend, ipv6 } = mesh.redirect
  return [
    file('/etc/linkerd/machine.env', 0o600, printEnvironment(comments, layer.environment, notation)),
    file(probesPath, 0o644, printProbes(rules, served, ipv6, notation, layer.shape)),
    ...backends[backend].print(rules, ipv6, notation).map(({ path, content }) => file(path, 0o644, content)),
  ]
}

const layers = new WeakMap<MeshPlan, readonly MachineFile[]>()

/** The files that machines have in common, sorted by path. They are rendered once for each {@link MeshPlan} object. */
export function printMeshLayer(plan: MeshPlan): readonly MachineFile[] {
  const files = layers.get(plan) ?? renderMeshLayer(plan).sort(comparePaths)
  layers.set(plan, files)
  return files
}

function renderMeshLayer(plan: MeshPlan): MachineFile[] {
  const file = fileOf('mesh')
  const comments = ['What all machines have in common. Written by meshjoin.']
  const view = viewUnits(plan)
  const files = [
    file('/etc/linkerd/mesh.env', 0o600, printEnvironment(comments, plan.environment, literalNotation)),
    file('/etc/linkerd/mesh-machine.conf', 0o644, printMachineData(plan)),
    file('/etc/linkerd/trust-anchors.pem', 0o644, plan.trustAnchors),
    ...listCommands(plan).map(({ path, mode, template }) => file(path, mode, readText(template))),
  ]
  if (plan.agent !== undefined) {
    const { configuration, bundle } = plan.agent
    files.push(file('/etc/spire/agent.json', 0o644, `${JSON.stringify(configuration, null, 2)}\n`))
    if (bundle !== '') files.push(file('/etc/spire/bundle.pem', 0o644, bundle))
  }
  if (plan.server !== undefined) {
    files.push(
      file('/etc/spire/entries.json', 0o644, printEntries(plan.server.registration.entries)),
      file('/etc/spire/server.json', 0o644, printServer(plan.server)),
    )
  }
  const data = { ...view, wants: listWants(view) }
  for (const { path, template, mode, when } of meshTemplates) {
    if (when(view)) files.push(file(path, mode, renderTemplate(template, data)))
  }
  return files
}

/** Our programs on the machines of a mesh layer. */
export function listCommands({
  agent,
  proxy,
  finds,
  server,
  textfileDirectory,
}: Pick<MeshPlan, 'agent' | 'proxy' | 'finds' | 'server' | 'textfileDirectory'>): readonly MeshCommand[] {
  return [
    ...commands,
    ...(finds ? [bootCommand] : []),
    ...(textfileDirectory === '' ? [] : [metricsCommand]),
    ...(proxy.install.from === 'image' ? [registryCommand] : []),
    ...(server === undefined ? [] : [serverCommand]),
    ...(agent !== undefined && unitNeeds(agent.attestation).before !== undefined ? [tokenCommand] : []),
  ]
}

function viewUnits(plan: MeshPlan): UnitView {
  const { agent, proxy, proxyUser, resolver } = plan
  return {
    proxyUser: proxyUser.name,
    proxyUid: proxyUser.uid,
    proxyBinary:
      proxy.install.from === 'preinstalled' ? proxy.install.path : '/opt/linkerd/current/linkerd2-proxy',
    reservedPorts: joinPorts([proxyPorts.outbound, proxyPorts.inbound, proxyPorts.control, plan.adminPort]),
    proxyStopSeconds: Math.ceil(proxySeconds(plan.shutdownGracePeriod)) + stopMargin,
    managedAgent: agent !== undefined,
    agentUser: agent?.user.name ?? '',
    agentUid: agent?.user.uid ?? 0,
    agentBinary: agentBinary(plan),
    ...viewAgentNeeds(plan),
    credentials: viewCredentials(agent?.credentials),
    bundleAuthority: (agent?.credentials ?? []).some(({ id }) => id === bundleAuthorityId)
      ? credentialPath(bundleAuthorityId)
      : '',
    colocated: plan.server !== undefined,
    serverBinary: plan.server?.binary ?? '',
    serverCredentials: viewCredentials(plan.server?.credentials),
    finds: plan.finds,
    textfileDirectory: plan.textfileDirectory,
    failsClosed: plan.redirect.onProxyFailure === 'closed',
    hasRoutes: plan.routes.length > 0,
    routes: plan.routes,
    resolver: resolver.servers.length > 0 ? resolver.provider : undefined,
    resolverServers: resolver.servers,
    resolverDomains: resolver.domains,
  }
}

function unitNeeds(attestation: Attestation): UnitNeeds {
  return attestors[attestation.type].unit?.(attestation.options) ?? {}
}

/** What the unit of the agent allows beyond what any agent may do. */
function viewAgentNeeds({
  agent,
  selectors,
}: MeshPlan): Pick<UnitView, 'agentCapabilities' | 'agentDevice' | 'agentDeviceGroup' | 'agentBefore'> {
  const {
    capabilities = [],
    device = '',
    group = '',
    before,
  } = agent === undefined ? {} : unitNeeds(agent.attestation)
  const all = [...(selectors.some(readsExecutable) ? ['CAP_SYS_PTRACE'] : []), ...capabilities]
  return {
    agentCapabilities: all.join(' '),
    agentDevice: device,
    agentDeviceGroup: group,
    agentBefore: before === undefined ? '' : tokenCommand.path,
  }
}

function viewCredentials(credentials: readonly Credential[] = []): UnitView['credentials'] {
  return credentials.map((one) => ({ ...one, hasFallback: one.fallback !== '' }))
}

/** As the kernel writes them: ascending, neighbours as a range. `mesh-machine` compares with that. */
function joinPorts(ports: readonly number[]): string {
  const sorted = [...new Set(ports)].sort((a, b) => a - b)
  const starts = sorted.filter((port) => !sorted.includes(port - 1))
  return starts
    .map((first) => {
      let last = first
      while (sorted.includes(last + 1)) last += 1
      return first === last ? String(first) : `${first}-${last}`
    })
    .join(',')
}

function agentBinary({ agent }: MeshPlan): string {
  if (agent === undefined) return ''
  const { install } = agent.program
  return install.from === 'preinstalled' ? install.path : '/opt/spire/current/bin/spire-agent'
}
