import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import type { Place } from '../shared/target.ts'

/** `policies.yaml`; nothing where nobody asked for a policy. */
export function printPolicies(
  _config: ResolvedConfig,
  _machines: readonly ResolvedMachine[],
  _place: Place,
): Artifact[] {
  return []
}
