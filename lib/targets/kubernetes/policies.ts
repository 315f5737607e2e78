import type { Artifact } from '../../artifact.ts'
import { findOtherSides, portOf } from '../../config/policy-sides.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import type { PortReference, ResolvedPolicy, Selector } from '../../config/resolved-cluster.ts'
import { createNamespacedSelection } from '../../config/selection.ts'
import type { Place } from '../shared/target.ts'
import { clusterWay, everywhereWay, waysOf } from './authentications.ts'
import { type Guard, makeGuard } from './guards.ts'
import { healthPath, type Inbound, probeOf } from './inbound.ts'
import { objectsArtifact, type PlacedObject } from './objects.ts'

const notes: readonly string[] = [
  'A Server refuses everybody on its port whom no AuthorizationPolicy lets in. Machines are let in by whole SPIFFE IDs alone,',
  'so that a machine that comes or goes changes these lists.',
]

/** `policies.yaml`; nothing where nobody asked for a policy. */
export function printPolicies(config: ResolvedConfig, inbound: Inbound, place: Place): Artifact[] {
  return objectsArtifact('policies.yaml', makePolicies(config, inbound), place, notes)
}

function makePolicies(config: ResolvedConfig, inbound: Inbound): PlacedObject[] {
  const guards = [...guardPolicies(config), ...inbound.guards]
  const made = new Map<string, PlacedObject>()
  for (const { path, ...guard } of guards) {
    for (const object of makeGuard(config.mesh.linkerd, guard)) {
      const { kind, metadata } = object
      const key = `${kind} ${metadata.namespace}/${metadata.name}`
      // Authentications that several have in common.
      if (!made.has(key)) made.set(key, { path, object })
    }
  }
  return [...made.values()]
}

/** The policies of the document, on their own side and on the other one of a Service. */
function guardPolicies(config: ResolvedConfig): (Guard & { path: string })[] {
  const machines = config.machines.filter(({ role }) => role === 'server')
  const { sides } = findOtherSides<ResolvedPolicy>({ ...config, machines })
  const select = createNamespacedSelection(machines)
  return config.policies.flatMap((policy) => {
    const { target } = policy
    const side = target.machines === undefined ? 'pods' : 'machines'
    const selector = target.machines ?? target.pods ?? {}
    const selected = select(policy.namespace, selector)
    const own = { policy, side, selector, port: target.port } as const
    const others = sides.filter((one) => one.policy === policy)
    return [
      guardSide(config, { ...own, name: policy.name, machines: selected }),
      ...others.map((one, index) => {
        const name = `${policy.name}-on-${one.side}${index === 0 ? '' : `-${index + 1}`}`
        const beside = one.side === 'pods' ? selected : select(policy.namespace, one.selector)
        return guardSide(config, { ...one, name, machines: beside })
      }),
    ]
  })
}

interface Side {
  readonly name: string
  readonly policy: ResolvedPolicy
  readonly side: 'machines' | 'pods'
  readonly selector: Selector
  readonly port: PortReference
  /** The machines of the Service. */
  readonly machines: readonly ResolvedMachine[]
}

function guardSide(config: ResolvedConfig, { name, policy, side, selector, port, machines }: Side) {
  const { path, namespace, target, routes } = policy
  return {
    ...{ path, name, namespace, side, selector, port, routes },
    protocol: target.protocol,
    ways: waysOf(config, policy),
    probes: probesOf(config, { policy, side, machines }),
    probeWay: side === 'pods' ? everywhereWay(namespace) : clusterWay(config, namespace),
  }
}

/**
 * Besides what the policy lists: health checks of machines for the readiness prober. Pods of the same Service are taken to have
 * their probes there too; without routes Linkerd lets those in by itself.
 */
function probesOf(
  config: ResolvedConfig,
  { policy, side, machines }: Pick<Side, 'policy' | 'side' | 'machines'>,
): string[] {
  const { target, routes, probes } = policy
  if (['opaque', 'TLS', 'gRPC'].includes(target.protocol)) return []
  const paths = machines.map((machine) => {
    const number = portOf(machine, target.port)?.port
    if (number === undefined) return undefined
    if (side === 'machines') return probeOf(config, machine, number)
    return target.machines !== undefined && routes.length > 0 ? healthPath(machine, number) : undefined
  })
  return [...new Set([...probes, ...paths.filter((path) => path !== undefined)])].sort()
}
