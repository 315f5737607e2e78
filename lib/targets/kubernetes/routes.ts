import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig } from '../../config/resolved.ts'
import type { Place } from '../shared/target.ts'

/** `routes.yaml`: how traffic is shared between machines and pods; nothing where nothing migrates. */
export function printRoutes(_config: ResolvedConfig, _place: Place): Artifact[] {
  return []
}
