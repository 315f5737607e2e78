import { isLoopback } from '../../config/network.ts'
import { findOtherSides, mostListed, portOf } from '../../config/policy-sides.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import type { ResolvedPolicy } from '../../config/resolved-cluster.ts'
import { createNamespacedSelection } from '../../config/selection.ts'
import { authenticatedWays, clusterWay, knownIds } from './authentications.ts'
import type { Guard } from './guards.ts'

/** What machines need on ports that no policy of the document guards, so that their inbound policy means what it says. */
export interface Inbound {
  readonly guards: readonly (Guard & { readonly path: string })[]
  /** By which a Server of ours finds the machine; none where Linkerd's own rules do. */
  readonly labelsOf: (machine: ResolvedMachine) => Readonly<Record<string, string>>
}

const refusing: readonly string[] = ['deny', 'all-authenticated', 'cluster-authenticated']

/**
 * `all-authenticated` and `cluster-authenticated` let no machine in, and they and `deny` no prober and no scraper. Machines get a
 * label by port, so that a Server selects exactly those that need it, whatever other labels they have.
 */
export function planInbound(config: ResolvedConfig): Inbound {
  const needs = new Map<ResolvedMachine, Need[]>()
  const listed = knownIds(config).length
  const guarded = createGuarded(config)
  const isListed = listed > 1 && listed <= mostListed
  for (const machine of config.machines) {
    if (machine.role !== 'server') continue
    if (!refusing.includes(machine.defaultInboundPolicy)) continue
    const found = findNeeds(config, machine, isListed).filter(({ port }) => !guarded(machine, port))
    if (found.length > 0) needs.set(machine, found)
  }
  const values = nameNeeds([...needs.values()].flat())
  const guards = new Map<string, Guard & { path: string }>()
  for (const found of needs.values())
    for (const need of found) if (!guards.has(need.key)) guards.set(need.key, makeNeed(config, need, values))
  const labelsOf = (machine: ResolvedMachine) =>
    Object.fromEntries((needs.get(machine) ?? []).map((need) => labelOf(need, values)))
  return { guards: [...guards.values()].sort(byName), labelsOf }
}

/** One port of a machine for which there has to be a Server. */
interface Need {
  /** The same for all that one Server can serve. */
  readonly key: string
  /** JSON Pointer of what in the document it comes from. */
  readonly path: string
  readonly namespace: string
  readonly port: number
  readonly policy: 'deny' | 'all-authenticated' | 'cluster-authenticated' | 'admin'
  readonly opaque: boolean
  readonly probe: string | undefined
}

function findNeeds(config: ResolvedConfig, machine: ResolvedMachine, isListed: boolean): Need[] {
  const { namespace, ports, defaultInboundPolicy: policy, originOf } = machine
  const path = originOf('proxy', 'defaultInboundPolicy')
  const found: Omit<Need, 'key'>[] = []
  for (const { port, opaque } of ports) {
    const probe = opaque ? undefined : probeOf(config, machine, port)
    if (policy === 'deny' ? probe !== undefined : isListed || probe !== undefined)
      found.push({ path, namespace, port, policy: policy as Need['policy'], opaque, probe })
  }
  const { host, port } = config.proxy.adminAddress
  if (!isLoopback(host))
    found.push({
      ...{ path: '/proxy/adminAddress', namespace, port, policy: 'admin', opaque: false, probe: undefined },
    })
  return found.map((need) => ({ ...need, key: keyOf(need) }))
}

function keyOf({ namespace, port, policy, opaque, probe }: Omit<Need, 'key'>): string {
  return JSON.stringify([namespace, port, policy, opaque, probe ?? ''])
}

/** The path of the health check that the readiness prober asks on that port. */
export function probeOf(config: ResolvedConfig, machine: ResolvedMachine, port: number): string | undefined {
  return config.readiness === undefined ? undefined : healthPath(machine, port)
}

/** The path of the health check, where it is asked in plain HTTP on that port. */
export function healthPath({ healthCheck }: ResolvedMachine, port: number): string | undefined {
  const isHere = healthCheck?.port === port && healthCheck.scheme === 'HTTP'
  return isHere ? healthCheck.path.replace(/\?.*/, '') : undefined
}

/** Whether a policy of the document guards the port of a machine. */
function createGuarded(config: ResolvedConfig): (machine: ResolvedMachine, port: number) => boolean {
  const machines = config.machines.filter(({ role }) => role === 'server')
  const own = config.policies.flatMap(({ namespace, target }) =>
    target.machines === undefined ? [] : [{ namespace, selector: target.machines, port: target.port }],
  )
  const { sides } = findOtherSides<ResolvedPolicy>({ ...config, machines })
  const select = createNamespacedSelection(machines)
  const all = [
    ...own,
    ...sides.flatMap(({ policy, side, selector, port }) =>
      side === 'machines' ? [{ namespace: policy.namespace, selector, port }] : [],
    ),
  ]
  const ports = new Map<ResolvedMachine, Set<number>>()
  for (const { namespace, selector, port } of all)
    for (const machine of select(namespace, selector)) {
      const known = ports.get(machine) ?? new Set()
      const number = portOf(machine, port)?.port ?? port
      if (typeof number === 'number') ports.set(machine, known.add(number))
    }
  return (machine, port) => ports.get(machine)?.has(port) === true
}

/** The values of the labels: the policy, and a number where one port of a namespace has several kinds of need. */
function nameNeeds(needs: readonly Need[]): ReadonlyMap<string, string> {
  const keys = new Map(needs.map((need) => [need.key, need]))
  const counts = new Map<string, number>()
  const values = new Map<string, string>()
  for (const [key, { namespace, port, policy }] of [...keys].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const kind = `${namespace} ${port} ${policy}`
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    values.set(key, count === 1 ? policy : `${policy}-${count}`)
  }
  return values
}

function labelOf({ key, port }: Need, values: ReadonlyMap<string, string>): [name: string, value: string] {
  return [`inbound.meshjoin.dev/${port}`, values.get(key) ?? '']
}

function makeNeed(config: ResolvedConfig, need: Need, values: ReadonlyMap<string, string>) {
  const { path, namespace, port, policy, opaque, probe } = need
  const way = clusterWay(config, namespace)
  const isNear = policy === 'cluster-authenticated'
  const authenticated = policy === 'deny' ? [] : authenticatedWays(config, namespace, isNear)
  return {
    path,
    name: `meshjoin-${port}-${values.get(need.key) ?? ''}`,
    namespace,
    side: 'machines' as const,
    selector: Object.fromEntries([labelOf(need, values)]),
    port,
    protocol: opaque ? ('opaque' as const) : ('unknown' as const),
    ways: policy === 'admin' ? [way] : authenticated,
    routes: [],
    probes: probe === undefined ? [] : [probe],
    probeWay: way,
  }
}

function byName(a: Guard, b: Guard): number {
  const [one, other] = [a, b].map(({ namespace, name }) => `${namespace}/${name}`)
  return (one ?? '') < (other ?? '') ? -1 : 1
}
