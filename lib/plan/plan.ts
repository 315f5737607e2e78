import type {
  Agent,
  Attestation,
  MeshLayer,
  RedirectBackend,
  ResolvedConfig,
  ResolvedMachine,
  ResolverProvider,
  SystemUser,
} from '../config/resolved.ts'
import type { Credential, Json } from '../kinds/attestors/attestor.ts'
import { attestationCredentials } from '../kinds/attestors/index.ts'
import { type BootPlan, bootIdentity, foundAddresses, planBoot } from './boot.ts'
import { type Program, planAgentDownloads, planProxyDownloads } from './download.ts'
import {
  type EnvironmentEntry,
  environmentIdentity,
  type LayerSettings,
  planMachineEnvironment,
  planMeshEnvironment,
} from './environment.ts'
import { type Flow, planFlows } from './flow.ts'
import type { Distribution } from './packages.ts'
import { networksAround, planServed, planShape } from './redirect.ts'
import type { RedirectRule } from './rule.ts'
import { servedAddresses } from './served.ts'
import { bundleCredentials, planAgentConfiguration } from './spire-agent.ts'
import { type ColocatedPlan, planColocated } from './spire-server.ts'

/** The managed SPIRE agent. */
export interface AgentPlan {
  readonly program: Program
  readonly user: SystemUser
  readonly attestation: Attestation
  readonly credentials: readonly Credential[]
  /** The configuration as data. */
  readonly configuration: Json
  /** PEM; empty where the agent has its bundle from elsewhere, or none. */
  readonly bundle: string
  /** Where its server is, for messages. */
  readonly server: { readonly host: string; readonly port: number }
}

/** What all machines of the document, or of a group that changes it, have in common. It can be baked into an image. */
export interface MeshPlan {
  readonly linkerdVersion: string
  /** Whose packages user-data asks for. */
  readonly distribution: Distribution
  /** How its files reach a machine that boots with user-data. */
  readonly delivery: MeshLayer
  readonly proxy: Program
  readonly proxyUser: SystemUser
  readonly adminPort: number
  readonly adminHost: string
  /** As Linkerd reads it. */
  readonly shutdownGracePeriod: string
  readonly environment: readonly EnvironmentEntry[]
  readonly trustAnchors: string
  /** Undefined where another agent is there already. */
  readonly agent: AgentPlan | undefined
  /** A SPIRE server on the machine; undefined where it is elsewhere. */
  readonly server: ColocatedPlan | undefined
  readonly agentSocket: string
  readonly selectors: readonly string[]
  readonly controlPlane: readonly string[]
  readonly resolver: {
    readonly provider: ResolverProvider
    readonly servers: readonly string[]
    readonly domains: readonly string[]
  }
  /** Routes to the networks of the cluster that the machine sets up itself. */
  readonly routes: readonly { readonly to: string; readonly via: string }[]
  /** Whether any machine of the document finds its address or its name when it boots. */
  readonly finds: boolean
  /** Where machines tell node_exporter how they are; `''` for nowhere. */
  readonly textfileDirectory: string
  readonly redirect: {
    readonly backend: RedirectBackend
    readonly ipv6: boolean
    readonly onProxyFailure: 'closed' | 'open'
  }
}

/** What one machine must end up with, for whichever target. */
export interface MachinePlan {
  readonly name: string
  readonly namespace: string
  /** JSON Pointer of the machine in the document. */
  readonly path: string
  readonly spiffeId: string
  readonly parentId: string
  /** What it finds when it boots; undefined where the document has its addresses. Names of what it finds stand in `environment` and `rules`. */
  readonly boot: BootPlan | undefined
  /** What pods dial; empty where it is found at boot. */
  readonly addresses: readonly string[]
  /** What the machine itself sees behind 1:1 NAT; the addresses where there is none. */
  readonly localAddresses: readonly string[]
  readonly mesh: MeshPlan
  readonly environment: readonly EnvironmentEntry[]
  readonly rules: readonly RedirectRule[]
  /** @internal the rules without those about its own addresses: one array for all machines of a shape */
  readonly shape: readonly RedirectRule[]
  readonly flows: readonly Flow[]
}

/** Plans machines one at a time; machines with the same mesh layer share one {@link MeshPlan} object. */
export function createPlanner(config: ResolvedConfig): (machine: ResolvedMachine) => MachinePlan {
  const planLayer = meshPlannerOf(config)
  const planRules = createShapePlanner(config)
  return (machine) => {
    const shape = planRules(machine)
    const { boot } = machine
    const served = boot === undefined ? servedAddresses(machine) : foundAddresses
    return {
      name: machine.name,
      namespace: machine.namespace,
      path: machine.path,
      spiffeId: machine.identity.spiffeId,
      parentId: machine.parentId,
      boot: boot && planBoot(config, machine, boot),
      addresses: machine.addresses.map(({ text }) => text),
      localAddresses: machine.localAddresses.map(({ text }) => text),
      mesh: planLayer(machine),
      environment: planMachineEnvironment(
        boot === undefined ? environmentIdentity(machine) : bootIdentity(machine, boot),
      ),
      rules: [...planServed({ ...machine, served }), ...shape],
      shape,
      // No target asks for them, and they take longer than the rest.
      get flows() {
        return planFlows(config, machine)
      },
    }
  }
}

/** Plans the rules of a shape once: of machines that share their settings and are in the same networks of the cluster. */
function createShapePlanner(config: ResolvedConfig): (machine: ResolvedMachine) => readonly RedirectRule[] {
  const shapes = new WeakMap<ResolvedMachine['redirect'], Map<string, readonly RedirectRule[]>>()
  return (machine) => {
    const inside = networksAround(config, machine).map(([index]) => index)
    const known = shapes.get(machine.redirect) ?? new Map<string, readonly RedirectRule[]>()
    shapes.set(machine.redirect, known)
    const rules = known.get(inside.join()) ?? planShape(config, machine)
    known.set(inside.join(), rules)
    return rules
  }
}

/** What decides about the mesh layer of a machine; a group may change it, a machine may not. */
type LayerChoice = Pick<ResolvedMachine, 'redirect' | 'defaultInboundPolicy'>

type MeshPlanner = (choice: LayerChoice) => MeshPlan

const planners = new WeakMap<ResolvedConfig, MeshPlanner>()

/** Plans mesh layers, each once: whoever asks about a document gets the same plans, and what was made of them. */
export function meshPlannerOf(config: ResolvedConfig): MeshPlanner {
  const planner = planners.get(config) ?? createMeshPlanner(config)
  planners.set(config, planner)
  return planner
}

function createMeshPlanner(config: ResolvedConfig): MeshPlanner {
  const layers = new Map<string, MeshPlan>()
  return (choice) => {
    const { redirect, defaultInboundPolicy } = choice
    const key = JSON.stringify([
      redirect.backend,
      redirect.ipv6,
      redirect.onProxyFailure,
      defaultInboundPolicy,
    ])
    const mesh = layers.get(key) ?? planMesh(config, choice)
    layers.set(key, mesh)
    return mesh
  }
}

function planMesh(config: ResolvedConfig, machine: LayerChoice): MeshPlan {
  const { mesh, proxy, spire } = config
  const { backend, ipv6, onProxyFailure } = machine.redirect
  const settings: LayerSettings = { ipv6, defaultInboundPolicy: machine.defaultInboundPolicy }
  return {
    linkerdVersion: mesh.linkerd.text,
    distribution: config.cloudInit.distribution,
    delivery: config.cloudInit.meshLayer,
    proxy: {
      name: 'linkerd2-proxy',
      version: proxy.version,
      install: proxy.install,
      downloads: planProxyDownloads(proxy.version, proxy.install),
    },
    proxyUser: proxy.user,
    adminHost: proxy.adminAddress.host,
    adminPort: proxy.adminAddress.port,
    shutdownGracePeriod: proxy.shutdownGracePeriod,
    environment: planMeshEnvironment(config, settings),
    trustAnchors: mesh.trustAnchors,
    agent: planAgent(config, spire.agent),
    server: planColocated(config),
    agentSocket: spire.agent.socket,
    selectors: spire.selectors,
    controlPlane: [mesh.controlPlane.destination, mesh.controlPlane.policy],
    resolver: mesh.dns,
    routes: mesh.routes,
    finds: config.machines.some(({ boot }) => boot !== undefined),
    textfileDirectory: config.monitoring?.textfileDirectory ?? '',
    redirect: { backend, ipv6, onProxyFailure },
  }
}

function planAgent(config: ResolvedConfig, agent: Agent): AgentPlan | undefined {
  if (agent.from !== 'managed') return undefined
  const { server, trustBundle } = config.spire
  return {
    program: {
      name: 'spire-agent',
      version: agent.version,
      install: agent.install,
      downloads: planAgentDownloads(agent.version, agent.install),
    },
    user: agent.user,
    attestation: agent.attestation,
    credentials: [...attestationCredentials(agent.attestation), ...bundleCredentials(trustBundle)],
    configuration: planAgentConfiguration(config),
    bundle: trustBundle.kind === 'pem' ? trustBundle.pem : '',
    server: { host: server.address, port: server.port },
  }
}
