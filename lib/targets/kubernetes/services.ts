import type { ResolvedConfig } from '../../config/resolved.ts'
import { ourLabel, type PlacedObject } from './objects.ts'

/** The Services of the document, in its order. */
export function makeServices({ services }: ResolvedConfig): PlacedObject[] {
  return services.map(({ path, name, namespace, labels, annotations, selector, ports }) => ({
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
        selector,
        ports: ports.map(({ name, port, targetPort }) => ({ name, port, targetPort })),
      },
    },
  }))
}
