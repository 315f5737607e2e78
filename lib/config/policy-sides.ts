import { isNested, selects } from './label-selector.ts'
import type { PortReference, Selector } from './resolved-cluster.ts'
import { createNamespacedSelection } from './selection.ts'

/**
 * So many SPIFFE IDs are listed for an inbound policy that lets in whoever has an identity. Each proxy is sent the whole list, and a
 * group can share one.
 */
export const mostListed = 1000

/** What is asked of a policy here; checks and targets have their own kinds of it. */
export interface PolicyLike {
  readonly name: string
  readonly namespace: string
  readonly target: {
    readonly machines: Selector | undefined
    readonly pods: Selector | undefined
    readonly port: PortReference
  }
}

interface MachineLike {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly ports: readonly { readonly name: string; readonly port: number }[]
}

type Select = (namespace: string, selector: Selector) => readonly MachineLike[]

/** What decides about the other side of a policy. */
export interface ClusterLike<P extends PolicyLike> {
  readonly policies: readonly P[]
  readonly services: readonly {
    readonly name: string
    readonly namespace: string
    readonly selector: Selector
    readonly ports: readonly { readonly targetPort: PortReference }[]
  }[]
  readonly migration: readonly {
    readonly service: string
    readonly namespace: string
    readonly targetPort: PortReference
    readonly machines: Selector
    readonly pods: Selector
  }[]
  /** Those that pods dial. */
  readonly machines: readonly MachineLike[]
}

/** The other side of a Service that a policy guards on one side: refused on one alone, traffic runs into the refusal. */
export interface OtherSide<P extends PolicyLike> {
  readonly policy: P
  readonly side: 'machines' | 'pods'
  readonly service: string
  readonly selector: Selector
  readonly port: PortReference
}

export interface OtherSides<P extends PolicyLike> {
  /** Where the policies are written as well. */
  readonly sides: readonly OtherSide<P>[]
  /** Where they are not, since several policies would be written for the same port. */
  readonly unclear: readonly (OtherSide<P> & { readonly other: P })[]
}

/**
 * A Service balances over its machines and its pods, so that a policy on one side alone fails a part of the requests: the side that
 * refuses answers fastest, and draws the traffic. Found are the other sides that no policy of the document guards itself.
 */
export function findOtherSides<P extends PolicyLike>(cluster: ClusterLike<P>): OtherSides<P> {
  const select = createNamespacedSelection(cluster.machines)
  const policiesIn = groupByNamespace(cluster.policies)
  const found = cluster.policies.flatMap((policy) => {
    const { target } = policy
    const find = target.machines === undefined ? findMachines : findPods
    const all = find(cluster, policy, select)
    const others = (policiesIn.get(policy.namespace) ?? []).filter((other) => other !== policy)
    return dropNarrower(all.filter((side) => !others.some((other) => guards(other, side, select))))
  })
  return splitUnclear(found)
}

/** The declared port of a machine that a policy or a Service means by name or by number. */
export function portOf<P extends MachineLike['ports'][number]>(
  { ports }: { readonly ports: readonly P[] },
  reference: PortReference,
): P | undefined {
  return ports.find(({ name, port }) => name === reference || port === reference)
}

function groupByNamespace<T extends { readonly namespace: string }>(all: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const one of all) {
    const group = groups.get(one.namespace)
    if (group === undefined) groups.set(one.namespace, [one])
    else group.push(one)
  }
  return groups
}

/** The pods of Services whose machines the policy guards. */
function findPods<P extends PolicyLike>(
  { services, migration }: ClusterLike<P>,
  policy: P,
  select: Select,
): OtherSide<P>[] {
  const { namespace, target } = policy
  const guarded = select(namespace, target.machines ?? {})
  const names = new Set<PortReference>()
  for (const machine of guarded) {
    const port = portOf(machine, target.port)
    if (port !== undefined) names.add(port.name).add(port.port)
  }
  const anySelected = (selector: Selector) => guarded.some(({ labels }) => selects(selector, labels))
  const pods = (service: string, selector: Selector, port: PortReference): OtherSide<P> => ({
    ...{ policy, side: 'pods', service, selector, port },
  })
  return [
    ...services
      .filter((one) => one.namespace === namespace && anySelected(one.selector))
      .flatMap(({ name, selector, ports }) =>
        ports
          .filter(({ targetPort }) => names.has(targetPort))
          .map(({ targetPort }) => pods(name, selector, targetPort)),
      ),
    ...migration
      .filter((one) => one.namespace === namespace && names.has(one.targetPort) && anySelected(one.machines))
      .map((one) => pods(one.service, one.pods, one.targetPort)),
  ]
}

/** The machines of Services whose pods the policy guards. */
function findMachines<P extends PolicyLike>(
  { services, migration }: ClusterLike<P>,
  policy: P,
  select: Select,
): OtherSide<P>[] {
  const { namespace, target } = policy
  const { pods = {}, port } = target
  const isOffered = (selector: Selector) =>
    select(namespace, selector).some((machine) => portOf(machine, port) !== undefined)
  const found = [
    ...services
      .filter((one) => one.namespace === namespace && isNested(one.selector, pods))
      .filter(({ ports }) => ports.some(({ targetPort }) => targetPort === port))
      .map(({ name, selector }) => ({ service: name, selector })),
    ...migration
      .filter((one) => one.namespace === namespace && isNested(one.pods, pods) && one.targetPort === port)
      .map((one) => ({ service: one.service, selector: one.machines })),
  ]
  return found
    .filter(({ selector }) => isOffered(selector))
    .map(({ service, selector }) => ({ policy, side: 'machines', service, selector, port }))
}

/** Whether a policy of the document is about that side itself, at least in part. */
function guards(policy: PolicyLike, side: OtherSide<PolicyLike>, select: Select): boolean {
  const { target } = policy
  if (side.side === 'pods')
    return target.pods !== undefined && target.port === side.port && isNested(target.pods, side.selector)
  const own = target.machines
  if (own === undefined) return false
  return select(policy.namespace, side.selector).some((machine) => {
    const port = portOf(machine, side.port)
    return port !== undefined && selects(own, machine.labels) && portOf(machine, target.port) === port
  })
}

/** Of two Servers for one port the older one counts, so that one is enough where it selects all. */
function dropNarrower<P extends PolicyLike>(all: readonly OtherSide<P>[]): OtherSide<P>[] {
  return all.filter(
    (one, index) =>
      !all.some(
        (other, at) =>
          at !== index &&
          other.port === one.port &&
          selects(other.selector, one.selector) &&
          (at < index || !selects(one.selector, other.selector)),
      ),
  )
}

function splitUnclear<P extends PolicyLike>(found: readonly OtherSide<P>[]): OtherSides<P> {
  const groups = new Map<string, OtherSide<P>[]>()
  for (const one of found) {
    const key = JSON.stringify([one.policy.namespace, one.side, one.port])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  const sides: OtherSide<P>[] = []
  const unclear: (OtherSide<P> & { other: P })[] = []
  for (const one of found) {
    const group = groups.get(JSON.stringify([one.policy.namespace, one.side, one.port])) ?? []
    const rival = group.find(
      ({ policy, selector }) => policy !== one.policy && isNested(selector, one.selector),
    )
    if (rival === undefined) sides.push(one)
    else unclear.push({ ...one, other: rival.policy })
  }
  return { sides, unclear }
}
