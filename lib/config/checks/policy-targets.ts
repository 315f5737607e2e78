import { pointer } from '../../diagnostics/pointer.ts'
import { isNested, selects } from '../label-selector.ts'
import { splitHostPort } from '../network.ts'
import { findOtherSides, type OtherSide, type PolicyLike, portOf } from '../policy-sides.ts'
import type { PortReference, Selector } from '../resolved-cluster.ts'
import { createNamespacedSelection } from '../selection.ts'
import { type CheckContext, describeMachine, isServer, type MachineView } from './context.ts'
import { isWithoutPaths } from './policy-routes.ts'

/** What is guarded: a Server whose port no machine has, or that is the second one for a port, protects nothing, without a word. */
export function checkPolicyTargets(context: CheckContext): Targets {
  const policies = readPolicies(context)
  const targets = readMachines(context)
  const select = createNamespacedSelection(targets)
  const guarded: Guarded[] = []
  for (const policy of policies) {
    const { machines } = policy.target
    if (machines === undefined) checkPodProbes(context, policy)
    else guarded.push(...checkMachines(context, policy, machines, { targets, select }))
  }
  checkPods(context, policies)
  const { sides, unclear } = findOtherSides({ ...readServices(context), policies, machines: targets })
  for (const side of sides) {
    reportSide(context, side)
    if (side.side === 'pods') {
      const machines = guarded.filter(({ policy }) => policy === side.policy)
      if (!machines.some(isAskedForHealth)) checkPodProbes(context, side.policy)
    } else
      for (const machine of select(side.policy.namespace, side.selector))
        if (portOf(machine, side.port) !== undefined)
          guarded.push({ policy: side.policy, machine, port: side.port })
  }
  for (const { policy, service, side, other } of unclear.filter(
    ({ policy, other }) => policy.index > other.index,
  ))
    context.report('policy-side-unclear', policy.path, {
      ...{ policy: policy.name, service, side, other: `policies[${other.index}]` },
    })
  checkTwice(context, guarded)
  return { targets, guarded }
}

export interface Policy extends PolicyLike {
  readonly index: number
  readonly path: string
}

export interface Target {
  readonly view: MachineView
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly ports: readonly { readonly name: string; readonly port: number }[]
}

/** The machines that pods dial, and which of their ports policies guard. */
export interface Targets {
  readonly targets: readonly Target[]
  readonly guarded: readonly Guarded[]
}

/** A policy, and a machine whose port it guards. */
export interface Guarded {
  readonly policy: Policy
  readonly machine: Target
  readonly port: PortReference
}

/** Policies of which all is there that is asked for here. */
function readPolicies({ draft }: CheckContext): Policy[] {
  return (draft.policies ?? []).flatMap((policy, index) => {
    const { name, namespace, target } = policy ?? {}
    const [machines, pods] = [readLabels(target?.machines), readLabels(target?.pods)]
    const isOne = (machines === undefined) !== (pods === undefined)
    if (name === undefined || namespace === undefined || target?.port === undefined || !isOne) return []
    const path = pointer('/policies', index)
    return [{ index, path, name, namespace, target: { machines, pods, port: target.port } }]
  })
}

function readLabels(labels: Readonly<Record<string, string | undefined>> | undefined): Selector | undefined {
  if (labels === undefined) return undefined
  const entries = Object.entries(labels).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, value]],
  )
  return Object.fromEntries(entries)
}

function readMachines({ machines }: CheckContext): Target[] {
  return machines.filter(isServer).flatMap((view) => {
    const { namespace, settings, ports } = view
    if (namespace === undefined) return []
    const labels = readLabels(settings.labels) ?? {}
    const known = ports.flatMap(({ name, port }) =>
      name === undefined || port === undefined ? [] : [{ name, port }],
    )
    return [{ view, namespace, labels, ports: known }]
  })
}

function readServices({ draft }: CheckContext) {
  const services = (draft.services ?? []).flatMap((service) => {
    const { name, namespace } = service ?? {}
    const selector = readLabels(service?.selector)
    if (name === undefined || namespace === undefined || selector === undefined) return []
    const ports = (service?.ports ?? []).flatMap((port) => {
      const targetPort = port?.targetPort ?? port?.port
      return targetPort === undefined ? [] : [{ port: port?.port, targetPort }]
    })
    return [{ name, namespace, selector, ports }]
  })
  const migration = (draft.migration ?? []).flatMap((item) => {
    const { service, namespace, port } = item ?? {}
    const [machines, pods] = [readLabels(item?.machines?.selector), readLabels(item?.pods?.selector)]
    if (service === undefined || namespace === undefined || machines === undefined || pods === undefined)
      return []
    const found = services.find((one) => one.name === service && one.namespace === namespace)
    const targetPort = item?.targetPort ?? found?.ports.find((one) => one.port === port)?.targetPort ?? port
    return targetPort === undefined ? [] : [{ service, namespace, targetPort, machines, pods }]
  })
  return { services, migration }
}

interface Known {
  readonly targets: readonly Target[]
  readonly select: (namespace: string, selector: Selector) => readonly Target[]
}

function checkMachines(
  context: CheckContext,
  policy: Policy,
  selector: Selector,
  { targets, select }: Known,
): Guarded[] {
  const { report } = context
  const { port } = policy.target
  const selected = select(policy.namespace, selector)
  const [first] = selected
  if (first === undefined) {
    const elsewhere = targets.find(({ labels }) => selects(selector, labels))?.namespace
    const path = pointer(policy.path, 'target', 'machines')
    report('policy-selects-nothing', path, { policy: policy.name, namespace: policy.namespace, elsewhere })
    return []
  }
  const lacking = selected.filter((machine) => !offers(context, machine, port))
  const path = pointer(policy.path, 'target', 'port')
  const [without] = lacking
  if (lacking.length === selected.length) {
    const known = first.ports.map(({ name, port }) => `${name} (${port})`)
    report('policy-port-unmatched', path, { policy: policy.name, port: String(port), known })
    return []
  }
  if (without !== undefined)
    report('policy-port-partial', path, {
      ...{ policy: policy.name, port: String(port), count: lacking.length },
      machine: describeMachine(without.view),
    })
  checkProtocol(context, policy, selected)
  return selected.map((machine) => ({ policy, machine, port }))
}

/** Whether connections to the port come to the proxy, which then asks for its policy. */
function offers({ draft }: CheckContext, machine: Target, port: PortReference): boolean {
  if (portOf(machine, port) !== undefined) return true
  if (typeof port === 'string') return false
  const admin = splitHostPort(draft.proxy?.adminAddress ?? '127.0.0.1:4191')?.port
  return port === admin || machine.view.settings.redirect?.inbound?.scope === 'all'
}

/** A Server's protocol counts more than the annotation, and until it has come the proxy goes by the port's `opaque`. */
function checkProtocol(
  { draft, report }: CheckContext,
  { index, path, target }: Policy,
  machines: readonly Target[],
): void {
  const protocol = draft.policies?.[index]?.target?.protocol ?? 'unknown'
  for (const { view } of machines) {
    const port = view.ports.find(({ name, port }) => name === target.port || port === target.port)
    if (port === undefined || (port.opaque === true) === (protocol === 'opaque')) continue
    const place = pointer(path, 'target')
    return report('policy-protocol', place, {
      ...{ protocol, opaque: String(port.opaque === true), machine: describeMachine(view) },
      remedy:
        port.opaque === true
          ? 'write "protocol: opaque" here, or remove "opaque" from the port'
          : 'write "opaque: true" at the port, or another protocol here',
    })
  }
}

/** With routes of their own, pods lose those by which Linkerd lets in their probes. */
function checkPodProbes({ draft, report }: CheckContext, { index, name, path }: Policy): void {
  const policy = draft.policies?.[index]
  const protocol = policy?.target?.protocol ?? 'unknown'
  if ((policy?.routes ?? []).length === 0 || (policy?.probes ?? []).length > 0) return
  if (!isWithoutPaths(protocol)) report('policy-probes', pointer(path, 'routes'), { policy: name })
}

/** The pods of a Service are then taken to have their probe where its machines have their health check. */
function isAskedForHealth({ machine, port }: Guarded): boolean {
  const { healthCheck } = machine.view.settings
  return healthCheck?.port !== undefined && healthCheck.port === portOf(machine, port)?.port
}

function reportSide(context: CheckContext, { policy, side, service }: OtherSide<Policy>): void {
  context.report('policy-both-sides', policy.path, { policy: policy.name, side, service })
}

/** One Server for a port of a pod: certain only where all that the one selects is selected by the other. */
function checkPods({ report }: CheckContext, policies: readonly Policy[]): void {
  const seen = new Map<string, Policy[]>()
  for (const policy of policies) {
    const { pods, port } = policy.target
    if (pods === undefined) continue
    const key = JSON.stringify([policy.namespace, port])
    const earlier = seen.get(key) ?? []
    seen.set(key, [...earlier, policy])
    const first = earlier.find(({ target }) => isNested(target.pods ?? {}, pods))
    if (first !== undefined) reportTwice(report, policy, first, String(port), 'the same pods')
  }
}

function checkTwice({ report }: CheckContext, guarded: readonly Guarded[]): void {
  const owners = new Map<Target, Map<PortReference, Policy>>()
  const told = new Set<Policy>()
  for (const { policy, machine, port } of guarded) {
    const ports = owners.get(machine) ?? new Map<PortReference, Policy>()
    owners.set(machine, ports)
    const number = portOf(machine, port)?.port ?? port
    const first = ports.get(number)
    if (first === undefined) ports.set(number, policy)
    else if (first !== policy && !told.has(policy)) {
      told.add(policy)
      reportTwice(report, policy, first, String(port), describeMachine(machine.view))
    }
  }
}

function reportTwice(
  report: CheckContext['report'],
  policy: Policy,
  first: Policy,
  port: string,
  whose: string,
): void {
  report('policy-port-twice', pointer(policy.path, 'target', 'port'), {
    ...{ policy: policy.name, port, whose },
    first: `policies[${first.index}]`,
  })
}
