import type { Artifact } from '../../artifact.ts'
import { instanceName } from '../../config/identity.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import type { Report } from '../../diagnostics/diagnostic.ts'
import { readText } from '../../files/template.ts'
import { type Place, textArtifact } from '../shared/target.ts'
import type { Inbound } from './inbound.ts'
import { objectsArtifact } from './objects.ts'
import { makeWorkload } from './workloads.ts'

/** Says of which machines the objects cannot be written beforehand. */
export function checkAtBoot({ machines }: ResolvedConfig, report: Report): void {
  for (const { name, path, boot } of machines.filter(isFound)) {
    const isGroup = boot?.name !== undefined
    report('workload-at-boot', `${path}/${isGroup ? 'instances' : 'addresses'}`, { name }, 'key')
  }
}

function isFound({ role, boot }: ResolvedMachine): boolean {
  return role === 'server' && boot !== undefined
}

/** What `register.sh` fills in, for each machine and each group of instances that finds its address when it boots. */
export function emitAtBoot(
  config: ResolvedConfig,
  machines: readonly ResolvedMachine[],
  { inbound, place }: { inbound: Inbound; place: Place },
): Artifact[] {
  const found = machines.filter(isFound)
  if (found.length === 0) return []
  const templates = found.flatMap((machine) => {
    const symbolic = {
      ...machine,
      name: machine.boot?.name === undefined ? machine.name : instanceName,
      addresses: [{ text: '{address}' }],
    }
    const object = makeWorkload(config.mesh.linkerd, symbolic, inbound.labelsOf(machine))
    return objectsArtifact(`at-boot/${machine.name}.yaml`, [{ path: machine.path, object }], place)
  })
  return [...templates, textArtifact('kubernetes/register.sh', readText('kubernetes/register.sh'), 0o755)]
}
