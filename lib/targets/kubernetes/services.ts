import { opaqueAnnotation, printPorts, usualOpaquePorts } from '../../config/annotations.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import type { ResolvedService, Selector } from '../../config/resolved-cluster.ts'
import { createSelection, objectLabels } from '../../config/selection.ts'
import { ourLabel, type PlacedObject } from './objects.ts'

/** Makes the Services of a document. */
export type ServiceMaker = (service: ResolvedService) => PlacedObject

/** What a Service has to say depends on the machines that it selects. */
export function createServiceMaker(config: ResolvedConfig): ServiceMaker {
  const servers = config.machines.filter(({ role }) => role === 'server')
  const select = createSelection(servers, objectLabels)
  const found = config.mesh.clusterNetworks.some(({ family }) => family === 'ipv6')
  return (service) => {
    const { path, name, namespace, labels, selector, ports } = service
    const machines = selectIn(select, service)
    const annotations = { ...findOpaque(service, machines), ...service.annotations }
    const isDual = machines.some(({ addresses, boot }) =>
      boot === undefined ? addresses.some(({ family }) => family === 'ipv6') : found,
    )
    return {
      path,
      object: {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: {
          name,
          namespace,
          labels: { ...ourLabel, ...labels },
          ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
        },
        spec: {
          // Endpoints are made of the families that the Service has; a cluster with one takes this as well.
          ...(isDual ? { ipFamilyPolicy: 'PreferDualStack' } : {}),
          selector,
          ports: ports.map(({ name, port, targetPort }) => ({ name, port, targetPort })),
        },
      },
    }
  }
}

function selectIn(
  select: (selector: Selector) => readonly ResolvedMachine[],
  { selector, namespace }: ResolvedService,
): readonly ResolvedMachine[] {
  return select(selector).filter((machine) => machine.namespace === namespace)
}

/**
 * Clients ask the Service which of its ports are opaque before they know its endpoints. A list takes the place of Linkerd's own, so
 * those of its ports that are nobody's here stay in it.
 */
function findOpaque(
  { ports }: ResolvedService,
  machines: readonly ResolvedMachine[],
): Record<string, string> {
  const offers = ports.map(({ port, targetPort }) => ({
    port,
    own: machines.flatMap((machine) =>
      machine.ports.filter((one) => one.name === targetPort || one.port === targetPort),
    ),
  }))
  const opaque = offers.filter(({ own }) => own.some((one) => one.opaque))
  if (opaque.length === 0) return {}
  const usual = offers.filter(({ port, own }) => own.length === 0 && usualOpaquePorts.includes(port))
  return { [opaqueAnnotation]: printPorts([...opaque, ...usual].map(({ port }) => port)) }
}
