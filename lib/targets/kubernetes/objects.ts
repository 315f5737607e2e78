import { dump } from 'js-yaml'
import type { Artifact } from '../../artifact.ts'
import { type Place, textArtifact } from '../shared/target.ts'
import { madeByMeshjoin } from '../shared/yaml.ts'

/** An object of the Kubernetes API. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  /** `spec`, `data`, `rules` and what else the kind has. */
  readonly [field: string]: unknown
}

/** An object, and the JSON Pointer of what in the document it was made of. */
export interface PlacedObject {
  readonly path: string
  readonly object: KubernetesObject
}

/** Whose objects they are, for `kubectl get -l`. What a document says of the label itself counts more. */
export const ourLabel = { 'app.kubernetes.io/managed-by': 'meshjoin' } as const

/**
 * A file of objects, each with a comment that says where in the document it comes from; `notes` are lines of comment above them.
 * None where there is no object.
 */
export function objectsArtifact(
  name: string,
  objects: Iterable<PlacedObject>,
  place: Place,
  notes: readonly string[] = [],
): Artifact[] {
  const parts: string[] = []
  for (const { path, object } of objects) parts.push(`---\n# ${place(path)}\n${printObject(object)}`)
  if (parts.length === 0) return []
  const head = [madeByMeshjoin, ...notes.map((line) => `# ${line}\n`)]
  return [textArtifact(`kubernetes/${name}`, [...head, ...parts].join(''))]
}

/** As YAML that readers of 1.1, which kubectl has, and of 1.2 understand alike. */
export function printObject(object: object): string {
  return dump(object, { lineWidth: -1, noRefs: true, quoteStyle: 'double' })
}
