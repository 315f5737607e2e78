import { instanceName } from '../../config/identity.ts'
import type { ResolvedConfig } from '../../config/resolved.ts'
import type { ResolvedPolicy } from '../../config/resolved-cluster.ts'
import { type KubernetesObject, ourLabel } from './objects.ts'

/** One way in: whoever meets all of these. Each is an AuthorizationPolicy of its own, since one asks for all that it lists. */
export interface Way {
  /** The end of the AuthorizationPolicy's name. */
  readonly name: string
  readonly authentications: readonly KubernetesObject[]
}

/**
 * SPIFFE IDs in one MeshTLSAuthentication. `kubectl apply` keeps the whole object in an annotation, of at most 262,144 bytes, and
 * an ID has up to 253 characters.
 */
const idsOfOne = 500

const api = 'policy.linkerd.io/v1alpha1'

/** The ways into what a policy guards; none where nobody is let in. */
export function waysOf(config: ResolvedConfig, policy: ResolvedPolicy): Way[] {
  const { name, namespace, allow } = policy
  if (allow.unauthenticated) return [{ name: 'everybody', authentications: [everywhere(namespace)] }]
  const accounts = allow.serviceAccounts.map((account) => ({ kind: 'ServiceAccount', ...account }))
  const networks = allow.networks.map((cidr) => ({ cidr }))
  return [
    ...(allow.authenticated
      ? authenticatedWays(config, namespace)
      : identityWays('machines', namespace, `${name}-machines`, idsOf(config, allow))),
    ...(accounts.length === 0
      ? []
      : [
          {
            name: 'service-accounts',
            authentications: [
              make('MeshTLSAuthentication', namespace, `${name}-service-accounts`, {
                identityRefs: accounts,
              }),
            ],
          },
        ]),
    ...(networks.length === 0
      ? []
      : [
          {
            name: 'networks',
            authentications: [make('NetworkAuthentication', namespace, `${name}-networks`, { networks })],
          },
        ]),
  ]
}

/**
 * Everybody with an identity. To the proxy `*` is an empty DNS suffix, which no SPIFFE ID matches: it stands for the pods, and
 * machines are listed beside it. `isNear`: only from the networks of the mesh.
 */
export function authenticatedWays(config: ResolvedConfig, namespace: string, isNear = false): Way[] {
  const ids = ['*', ...knownIds(config)]
  const ways = identityWays('authenticated', namespace, 'meshjoin-authenticated', ids)
  if (!isNear) return ways
  const { redirectNetworks } = config.mesh
  const networks = redirectNetworks.map(({ text }) => ({ cidr: text }))
  const near = make('NetworkAuthentication', namespace, 'meshjoin-mesh-networks', { networks })
  return ways.map(({ name, authentications }) => ({ name, authentications: [...authentications, near] }))
}

/** The SPIFFE IDs of the document's machines, each once; what instances find at boot nobody knows. */
export function knownIds({ machines }: Pick<ResolvedConfig, 'machines'>): string[] {
  const ids = machines.map(({ identity }) => identity.spiffeId)
  return [...new Set(ids)].filter((id) => !id.includes(instanceName)).sort()
}

/** Everybody in the cluster's networks and in the prober's, meshed or not: who asks for health, and who reads metrics. */
export function clusterWay({ mesh, readiness }: ResolvedConfig, namespace: string): Way {
  const texts = [...mesh.clusterNetworks, ...(readiness?.fromNetworks ?? [])].map(({ text }) => text)
  const networks = [...new Set(texts)].map((cidr) => ({ cidr }))
  const name = 'meshjoin-cluster-networks'
  return { name: 'probes', authentications: [make('NetworkAuthentication', namespace, name, { networks })] }
}

/** Everybody, for the probes of pods: the kubelet asks from the address of its node. */
export function everywhereWay(namespace: string): Way {
  return { name: 'probes', authentications: [everywhere(namespace)] }
}

function everywhere(namespace: string): KubernetesObject {
  const networks = [{ cidr: '0.0.0.0/0' }, { cidr: '::/0' }]
  return make('NetworkAuthentication', namespace, 'meshjoin-everywhere', { networks })
}

function idsOf(config: ResolvedConfig, allow: ResolvedPolicy['allow']): string[] {
  const names = new Set(allow.machines)
  const groups = new Set(allow.groups)
  if (names.size + groups.size === 0) return []
  const machines = config.machines.filter(
    ({ name, group, boot }) =>
      (group !== undefined && groups.has(group)) || (boot?.name === undefined && names.has(name)),
  )
  return knownIds({ machines })
}

function identityWays(way: string, namespace: string, name: string, ids: readonly string[]): Way[] {
  const ways: Way[] = []
  for (let start = 0; start < ids.length; start += idsOfOne) {
    const end = start === 0 ? '' : `-${start / idsOfOne + 1}`
    const identities = ids.slice(start, start + idsOfOne)
    const one = make('MeshTLSAuthentication', namespace, `${name}${end}`, { identities })
    ways.push({ name: `${way}${end}`, authentications: [one] })
  }
  return ways
}

function make(kind: string, namespace: string, name: string, spec: object): KubernetesObject {
  return { apiVersion: api, kind, metadata: { name, namespace, labels: ourLabel }, spec }
}
