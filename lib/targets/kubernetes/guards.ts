import type {
  PortReference,
  ResolvedPolicy,
  Selector,
  ServerProtocol,
} from '../../config/resolved-cluster.ts'
import { type LinkerdVersion, linkerdHas } from '../../config/versions.ts'
import type { Way } from './authentications.ts'
import { makeProbes, makeRest, makeRoutes } from './inbound-routes.ts'
import { type KubernetesObject, ourLabel } from './objects.ts'

/** A port of machines or pods, and who may connect to it. */
export interface Guard {
  /** Of the Server; what belongs to it has names that begin with this one. */
  readonly name: string
  readonly namespace: string
  readonly side: 'machines' | 'pods'
  readonly selector: Selector
  readonly port: PortReference
  readonly protocol: ServerProtocol
  readonly ways: readonly Way[]
  /** The requests that they may make; empty for every request. */
  readonly routes: ResolvedPolicy['routes']
  /** Paths that the way for probes leads to as well. */
  readonly probes: readonly string[]
  readonly probeWay: Way
}

/**
 * The objects of a guarded port. The Server is the last, so that those whom it lets in are not refused while it is applied; kustomize,
 * which sorts by kind, has the same order. An authentication that several share comes with each.
 */
export function makeGuard(linkerd: LinkerdVersion, guard: Guard): KubernetesObject[] {
  const { name, namespace, protocol, ways, routes, probes, probeWay } = guard
  const server = makeServer(linkerd, guard)
  const parent = { linkerd, namespace, server: name, protocol }
  const allowed = makeRoutes(parent, routes)
  const targets = allowed.length === 0 ? [server] : allowed
  const probed = probes.length === 0 ? [] : [makeProbes(parent, probes)]
  // It has the authorizations of its Server: those of a Server count for all of its routes.
  const rest = probed.length > 0 && allowed.length === 0 ? [makeRest(parent)] : []
  return [
    ...[...ways, ...(probed.length === 0 ? [] : [probeWay])].flatMap(
      ({ authentications }) => authentications,
    ),
    ...targets.flatMap((target) =>
      ways.map((way) => authorize(target, `${target.metadata.name}-${way.name}`, way)),
    ),
    ...probed.map((target) => authorize(target, target.metadata.name, probeWay)),
    ...allowed,
    ...probed,
    ...rest,
    server,
  ]
}

function makeServer(
  linkerd: LinkerdVersion,
  { name, namespace, side, selector, port, protocol }: Guard,
): KubernetesObject {
  const matched = { matchLabels: selector }
  const isNew = linkerdHas(linkerd, 'serverAccessPolicy')
  return {
    apiVersion: `policy.linkerd.io/${isNew ? 'v1beta3' : 'v1beta2'}`,
    kind: 'Server',
    metadata: { name, namespace, labels: ourLabel },
    spec: {
      ...(side === 'pods' ? { podSelector: matched } : { externalWorkloadSelector: matched }),
      port,
      proxyProtocol: protocol,
      ...(isNew ? { accessPolicy: 'deny' } : {}),
    },
  }
}

function authorize(target: KubernetesObject, name: string, way: Way): KubernetesObject {
  const [group = ''] = target.apiVersion.split('/')
  return {
    apiVersion: 'policy.linkerd.io/v1alpha1',
    kind: 'AuthorizationPolicy',
    metadata: { name, namespace: target.metadata.namespace ?? '', labels: ourLabel },
    spec: {
      targetRef: { group, kind: target.kind, name: target.metadata.name },
      requiredAuthenticationRefs: way.authentications.map(({ kind, metadata }) => ({
        ...{ group: 'policy.linkerd.io', kind, name: metadata.name },
      })),
    },
  }
}
