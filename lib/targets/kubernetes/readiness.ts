import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import type { Place } from '../shared/target.ts'
import type { ConfigMapFiles } from './kustomization.ts'

/** `readiness.yaml`, what it takes from `readiness/`, and `ready-once.sh`, sorted by path. */
export function printReadiness(
  _config: ResolvedConfig,
  _machines: readonly ResolvedMachine[],
  _place: Place,
): Artifact[] {
  return []
}

/** The ConfigMaps that the kustomization makes of the files below `readiness/`. */
export function listConfigMaps(_config: ResolvedConfig): ConfigMapFiles[] {
  return []
}
