import type { ResolvedPolicy, ServerProtocol } from '../../config/resolved-cluster.ts'
import { type LinkerdVersion, linkerdHas } from '../../config/versions.ts'
import { type KubernetesObject, ourLabel } from './objects.ts'

type Routes = ResolvedPolicy['routes']

/** The Server whose requests are routed. */
interface Parent {
  readonly linkerd: LinkerdVersion
  readonly namespace: string
  readonly server: string
  readonly protocol: ServerProtocol
}

/** As the schemas of HTTPRoute and GRPCRoute have it. */
const matchesOfRule = 8
const rulesOfRoute = 16

/** The routes by which requests are let in; more than one where one would be too large. */
export function makeRoutes(parent: Parent, routes: Routes): KubernetesObject[] {
  const matches: object[] = routes.flatMap<object>(parent.protocol === 'gRPC' ? matchGrpc : matchHttp)
  const rules = split(matches, matchesOfRule).map((some) => ({ matches: some }))
  return split(rules, rulesOfRoute).map((some, index) =>
    makeRoute(parent, index === 0 ? parent.server : `${parent.server}-routes-${index + 1}`, some),
  )
}

/** Every request. Beside a route for probes it takes the place of the one that a Server without routes has. */
export function makeRest(parent: Parent): KubernetesObject {
  return makeRoute(parent, `${parent.server}-rest`, [{ matches: [matchPath('prefix', '/')] }])
}

/** What the kubelet asks, and the readiness prober. */
export function makeProbes(parent: Parent, paths: readonly string[]): KubernetesObject {
  const matches = paths.map((path) => ({ ...matchPath('exact', path), method: 'GET' }))
  const rules = split(matches, matchesOfRule).map((some) => ({ matches: some }))
  return makeRoute(parent, `${parent.server}-probes`, rules)
}

/**
 * Linkerd's own HTTPRoute, which all of its versions bring; the Gateway API's is not always there, and was v1beta1 up to 2.17.
 * gRPC has the Gateway API's alone.
 */
function makeRoute({ linkerd, namespace, server, protocol }: Parent, name: string, rules: object[]) {
  const grpc = `gateway.networking.k8s.io/${linkerdHas(linkerd, 'gatewayV1') ? 'v1' : 'v1alpha2'}`
  const isGrpc = protocol === 'gRPC'
  return {
    apiVersion: isGrpc ? grpc : 'policy.linkerd.io/v1beta3',
    kind: isGrpc ? 'GRPCRoute' : 'HTTPRoute',
    metadata: { name, namespace, labels: ourLabel },
    spec: { parentRefs: [{ group: 'policy.linkerd.io', kind: 'Server', name: server }], rules },
  }
}

const pathTypes = { prefix: 'PathPrefix', exact: 'Exact', regex: 'RegularExpression' } as const

function matchHttp({ path = '/', match, methods }: Routes[number]): object[] {
  const matched = matchPath(match, path)
  return methods === undefined ? [matched] : methods.map((method) => ({ ...matched, method }))
}

function matchPath(match: keyof typeof pathTypes, value: string) {
  return { path: { type: pathTypes[match], value } }
}

function matchGrpc({ service, method }: Routes[number]): object[] {
  const names = { ...(service === undefined ? {} : { service }), ...(method === undefined ? {} : { method }) }
  return [{ method: { type: 'Exact', ...names } }]
}

function split<T>(all: readonly T[], size: number): T[][] {
  const parts: T[][] = []
  for (let start = 0; start < all.length; start += size) parts.push(all.slice(start, start + size))
  return parts
}
