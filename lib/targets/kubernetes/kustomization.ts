import type { Artifact } from '../../artifact.ts'
import { textArtifact } from '../shared/target.ts'
import { madeByMeshjoin } from '../shared/yaml.ts'
import { printObject } from './objects.ts'

/** A ConfigMap made of files of the folder. Its name gets a suffix by its content, so that what mounts it restarts. */
export interface ConfigMapFiles {
  readonly name: string
  readonly namespace: string
  /** Relative to `kubernetes/`. Each is a key by its own name without the folder. */
  readonly files: readonly string[]
}

/** In the order in which they are applied: what is in a Namespace comes after it. */
const order = ['namespaces', 'external-workloads', 'services', 'policies', 'routes', 'readiness']

/** `kustomization.yaml` over the files of objects among `names`, which are paths in `kubernetes/`. */
export function emitKustomization(names: readonly string[], configMaps: readonly ConfigMapFiles[]): Artifact {
  const text = printObject({
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: order.map((name) => `${name}.yaml`).filter((name) => names.includes(name)),
    ...(configMaps.length === 0 ? {} : { configMapGenerator: configMaps }),
  })
  return textArtifact('kubernetes/kustomization.yaml', `${madeByMeshjoin}---\n${text}`)
}
