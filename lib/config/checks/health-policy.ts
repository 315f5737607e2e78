import { portOf } from '../policy-sides.ts'
import type { PortReference } from '../resolved-cluster.ts'
import { type CheckContext, describeMachine } from './context.ts'
import { isWithoutPaths } from './policy-routes.ts'
import type { Target, Targets } from './policy-targets.ts'

const refusing: readonly string[] = ['deny', 'all-authenticated', 'cluster-authenticated']

/** A health check that the readiness prober has no way in to: the machine would stay NotReady, and nothing would say why. */
export function checkHealth({ draft, report, isNew }: CheckContext, { targets, guarded }: Targets): void {
  if (draft.readiness === undefined) return
  const policies = new Map<Target, Map<PortReference, number>>()
  for (const { policy, machine, port } of guarded) {
    const ports = policies.get(machine) ?? new Map<PortReference, number>()
    policies.set(machine, ports.set(portOf(machine, port)?.port ?? port, policy.index))
  }
  for (const machine of targets) {
    const { settings, originOf, ports } = machine.view
    const { port, scheme = 'HTTP' } = settings.healthCheck ?? {}
    const declared = ports.find((one) => one.port === port)
    if (port === undefined || declared === undefined) continue
    const policy = draft.policies?.[policies.get(machine)?.get(port) ?? -1]
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
}

function hiddenBy(protocol: string | undefined, opaque: boolean): string | undefined {
  if (protocol !== undefined && isWithoutPaths(protocol)) return `the policy has "protocol: ${protocol}"`
  return opaque ? 'the port is opaque' : undefined
}
