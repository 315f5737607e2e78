import { ansibleTarget } from './ansible/target.ts'
import { cloudInitTarget } from './cloud-init/target.ts'
import { imageTarget } from './image/target.ts'
import { kubernetesTarget } from './kubernetes/target.ts'
import { monitoringTarget } from './monitoring/target.ts'
import type { Target } from './shared/target.ts'
import { spireTarget } from './spire/target.ts'
import { systemdTarget } from './systemd/target.ts'

/** The targets that are built, sorted by name: their artifacts then come sorted by path. */
export const targets: readonly Target[] = [
  ansibleTarget,
  cloudInitTarget,
  imageTarget,
  kubernetesTarget,
  monitoringTarget,
  spireTarget,
  systemdTarget,
]
