import { pointer } from '../../diagnostics/pointer.ts'
import { isNetwork, networkCovers, parseNetwork, splitHostPort } from '../network.ts'
import { portOf } from '../policy-sides.ts'
import type { PortReference } from '../resolved-cluster.ts'
import { type CheckContext, describeMachine } from './context.ts'
import { isWithoutPaths } from './policy-routes.ts'
import type { Target, Targets } from './policy-targets.ts'

const refusing: readonly string[] = ['deny', 'all-authenticated', 'cluster-authenticated']

/** What the readiness prober has no way in to: the machine would stay NotReady, and nothing would say why. */
export function checkHealth(context: CheckContext, { targets, guarded }: Targets): void {
  const { draft } = context
  if (draft.readiness === undefined) return
  const policies = new Map<Target, Map<PortReference, number>>()
  for (const { policy, machine, port } of guarded) {
    const ports = policies.get(machine) ?? new Map<PortReference, number>()
    policies.set(machine, ports.set(portOf(machine, port)?.port ?? port, policy.index))
  }
  const admin = splitHostPort(draft.proxy?.adminAddress ?? '')?.port
  for (const machine of targets) {
    const ports = policies.get(machine)
    checkDeclared(context, machine, ports)
    const index = admin === undefined ? undefined : ports?.get(admin)
    if (index !== undefined) checkAdmin(context, machine, index)
  }
}

/** The health check itself, on a port of the application. */
function checkDeclared(
  { draft, report, isNew }: CheckContext,
  machine: Target,
  policies: ReadonlyMap<PortReference, number> | undefined,
): void {
  const { settings, originOf, ports } = machine.view
  const { port, scheme = 'HTTP' } = settings.healthCheck ?? {}
  const declared = ports.find((one) => one.port === port)
  if (port === undefined || declared === undefined) return
  const policy = draft.policies?.[policies?.get(port) ?? -1]
  const reason =
    scheme === 'HTTPS'
      ? 'it asks by HTTPS, of which the proxy sees no path'
      : hiddenBy(policy?.target?.protocol, declared.opaque === true)
  const isRefused =
    policy === undefined
      ? refusing.includes(settings.proxy?.defaultInboundPolicy ?? '')
      : policy.allow?.unauthenticated !== true && (policy.allow?.networks ?? []).length === 0
  const path = originOf('healthCheck')
  if (isRefused && reason !== undefined && isNew(`refused ${path}`))
    report('health-check-refused', path, {
      machine: describeMachine(machine.view),
      port: String(port),
      reason,
    })
}

/** The admin port, where a policy of the document takes the place of the one that meshjoin would write. */
function checkAdmin({ draft, report, isNew }: CheckContext, { view }: Target, index: number): void {
  const { allow, target } = draft.policies?.[index] ?? {}
  if (allow?.unauthenticated === true) return
  const read = (list: readonly (string | undefined)[] = []) =>
    list.flatMap((text) => (text === undefined ? [] : parseNetwork(text))).filter(isNetwork)
  const cluster = read(draft.mesh?.clusterNetworks)
  const isLetIn = read(allow?.networks).some((network) =>
    cluster.some((one) => networkCovers(network, one) || networkCovers(one, network)),
  )
  const path = pointer('/policies', index, 'allow')
  if (isLetIn || !isNew(`refused ${path}`)) return
  const reason = 'the policy lets in no network of the cluster'
  report('health-check-refused', path, {
    machine: describeMachine(view),
    port: String(target?.port ?? ''),
    reason,
  })
}

function hiddenBy(protocol: string | undefined, opaque: boolean): string | undefined {
  if (protocol !== undefined && isWithoutPaths(protocol)) return `the policy has "protocol: ${protocol}"`
  return opaque ? 'the port is opaque' : undefined
}
