import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig } from '../../config/resolved.ts'
import { linkerdHas, linkerdSince } from '../../config/versions.ts'
import { renderTemplate } from '../../files/template.ts'
import { textArtifact } from '../shared/target.ts'

/** The README of the folder, which has the files `names`, paths in `kubernetes/`. */
export function emitKubernetesReadme(config: ResolvedConfig, names: readonly string[]): Artifact {
  const view = {
    linkerdVersion: config.mesh.linkerd.text,
    hasFiles: names.length > 0,
    workloads: names.includes('external-workloads.yaml'),
    namespaces: names.includes('namespaces.yaml'),
    policies: names.includes('policies.yaml'),
    routes: names.includes('routes.yaml'),
    readiness: names.includes('readiness.yaml'),
    drain: names.includes('drain.sh'),
    deletionPanics: !linkerdHas(config.mesh.linkerd, 'safeDeletion'),
    safeDeletion: linkerdSince.safeDeletion.name,
    services: names.includes('services.yaml'),
  }
  return textArtifact('kubernetes/README.md', renderTemplate('readme/kubernetes.md.hbs', view))
}
