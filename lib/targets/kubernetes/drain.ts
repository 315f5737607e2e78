import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig } from '../../config/resolved.ts'
import { linkerdHas } from '../../config/versions.ts'
import { renderTemplate } from '../../files/template.ts'
import { textArtifact } from '../shared/target.ts'

/** `drain.sh`: takes machines out of traffic by hand, at once. */
export function emitDrain({ mesh, readiness }: ResolvedConfig): Artifact {
  const view = {
    subresource: linkerdHas(mesh.linkerd, 'statusSubresource'),
    readiness: readiness !== undefined,
  }
  return textArtifact('kubernetes/drain.sh', renderTemplate('kubernetes/drain.sh.hbs', view), 0o755)
}
