import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig } from '../../config/resolved.ts'
import type { ResolvedMigration, ResolvedService } from '../../config/resolved-cluster.ts'
import { type LinkerdVersion, linkerdHas } from '../../config/versions.ts'
import type { Place } from '../shared/target.ts'
import { objectsArtifact, ourLabel, type PlacedObject } from './objects.ts'
import type { ServiceMaker } from './services.ts'

/** `routes.yaml`: how traffic is shared between machines and pods; nothing where nothing migrates. */
export function printRoutes(config: ResolvedConfig, makeService: ServiceMaker, place: Place): Artifact[] {
  const sides = makeSides(config).map(makeService)
  const routes = config.migration.map((migration) => makeRoute(config.mesh.linkerd, migration))
  return objectsArtifact('routes.yaml', [...sides, ...routes], place)
}

/** A Service for each side of a Service that migrates, with all of its ports that do. */
function makeSides({ services, migration }: ResolvedConfig): ResolvedService[] {
  const sides = new Map<string, ResolvedService>()
  for (const item of migration) {
    for (const side of ['machines', 'pods'] as const) {
      const { path, namespace, port, targetPort } = item
      const name = sideName(item, side)
      const service = services.find((one) => one.name === item.service && one.namespace === namespace)
      const ports = [{ name: service?.ports.find((one) => one.port === port)?.name ?? '', port, targetPort }]
      const known = sides.get(`${namespace}/${name}`)
      sides.set(
        `${namespace}/${name}`,
        known === undefined
          ? { path, name, namespace, selector: item[side], labels: {}, annotations: {}, ports }
          : { ...known, ports: [...known.ports, ...ports] },
      )
    }
  }
  return [...sides.values()]
}

function sideName({ service }: ResolvedMigration, side: 'machines' | 'pods'): string {
  return `${service}-${side}`
}

/**
 * Linkerd's own HTTPRoute, which all of its versions bring; the Gateway API's is not always there. Of GRPCRoute there is no other, and
 * before it an HTTPRoute shares the requests of gRPC as well.
 */
function makeRoute(linkerd: LinkerdVersion, migration: ResolvedMigration): PlacedObject {
  const { path, service, namespace, port, protocol, weights } = migration
  const isGrpc = protocol === 'gRPC' && linkerdHas(linkerd, 'grpcRoute')
  const gateway = `gateway.networking.k8s.io/${linkerdHas(linkerd, 'gatewayV1') ? 'v1' : 'v1alpha2'}`
  return {
    path,
    object: {
      apiVersion: isGrpc ? gateway : 'policy.linkerd.io/v1beta3',
      kind: isGrpc ? 'GRPCRoute' : 'HTTPRoute',
      metadata: { name: `${service}-${port}`, namespace, labels: ourLabel },
      spec: {
        parentRefs: [{ group: 'core', kind: 'Service', name: service, port }],
        // Defaults of the API server are written out: without them each apply would seem to change the list.
        rules: [
          {
            ...(isGrpc ? {} : { matches: [{ path: { type: 'PathPrefix', value: '/' } }] }),
            backendRefs: (['machines', 'pods'] as const).map((side) => ({
              ...{ group: '', kind: 'Service', name: sideName(migration, side) },
              port,
              weight: weights[side],
            })),
          },
        ],
      },
    },
  }
}
