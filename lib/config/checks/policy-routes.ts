import { pointer } from '../../diagnostics/pointer.ts'
import type { PolicyRoute } from '../../generated/document.ts'
import type { DeepPartial } from '../draft.ts'
import { linkerdHas, linkerdSince } from '../versions.ts'
import type { CheckContext } from './context.ts'

/** Routes and probes of a policy fit what its port speaks. */
export function checkRoutes({ draft, linkerd, report }: CheckContext, index: number): void {
  const policy = draft.policies?.[index]
  const protocol = policy?.target?.protocol ?? 'unknown'
  for (const [at, route] of (policy?.routes ?? []).entries()) {
    if (route === undefined) continue
    const reason = routeFault(route, protocol)
    if (reason !== undefined) report('policy-route', pointer('/policies', index, 'routes', at), { reason })
  }
  if ((policy?.probes ?? []).length > 0 && isWithoutPaths(protocol))
    report('policy-route', pointer('/policies', index, 'probes'), {
      reason: `${protocol} has no HTTP paths that a probe could ask for`,
    })
  const isGrpc = protocol === 'gRPC' && (policy?.routes ?? []).length > 0
  if (isGrpc && linkerd !== undefined && !linkerdHas(linkerd, 'grpcRoute'))
    report('policy-grpc-too-old', pointer('/policies', index, 'routes'), {
      version: linkerd.text,
      first: linkerdSince.grpcRoute.name,
    })
}

/** Whether the proxy sees no HTTP requests on the port, or none that an HTTPRoute is asked about. */
export function isWithoutPaths(protocol: string): boolean {
  return protocol === 'opaque' || protocol === 'TLS' || protocol === 'gRPC'
}

function routeFault(route: DeepPartial<PolicyRoute>, protocol: string): string | undefined {
  const isHttp = route.path !== undefined || route.methods !== undefined || route.match !== undefined
  const isGrpc = route.service !== undefined || route.method !== undefined
  if (isHttp && isGrpc) return 'it mixes HTTP and gRPC'
  if (protocol === 'opaque' || protocol === 'TLS') return `${protocol} has no requests to route`
  if (isHttp && protocol === 'gRPC') return 'the target speaks gRPC'
  // Only a Server of gRPC is asked about its GRPCRoutes; on any other they change nothing.
  if (isGrpc && protocol !== 'gRPC') return 'the target is not declared to speak gRPC'
  return route.path === undefined ? undefined : pathFault(route.path, route.match ?? 'prefix')
}

function pathFault(path: string, match: string): string | undefined {
  if (match !== 'regex')
    return /[?#]/.test(path) ? 'a path ends before "?" and "#", so this one never matches' : undefined
  if (/\(\?<?[=!]/.test(path)) return 'the proxy knows no lookaround in regular expressions'
  try {
    new RegExp(path)
    return undefined
  } catch {
    return 'it is no regular expression'
  }
}
