import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import { linkerdHas } from '../../config/versions.ts'
import { readText, renderTemplate } from '../../files/template.ts'
import { proberName } from '../shared/prober-metrics.ts'
import { type Place, textArtifact } from '../shared/target.ts'
import type { ConfigMapFiles } from './kustomization.ts'
import { objectsArtifact } from './objects.ts'
import { listProbed, type Shard } from './probed.ts'
import { machinesFile, makeProbers, programFile } from './probers.ts'

/** Why its pods are as they are, above the objects. */
const notes: readonly string[] = [
  'The prober asks the machines of readiness/machines-*.json whether they are well, and patches the status of their',
  'ExternalWorkloads: its token is good for that and nothing else. No proxy of Linkerd is injected into its pods: they ask as',
  'nobody in particular, so that what they find does not depend on a proxy and a control plane of their own.',
  'A PodDisruptionBudget would only hold up the draining of nodes: while no prober runs, readiness stays as it is.',
]

/** `readiness.yaml`, what it takes from `readiness/`, and `ready-once.sh`, sorted by path. */
export function printReadiness(
  config: ResolvedConfig,
  machines: readonly ResolvedMachine[],
  shards: readonly Shard[],
  place: Place,
): Artifact[] {
  const { readiness, mesh } = config
  if (readiness === undefined)
    return linkerdHas(mesh.linkerd, 'statusSubresource') ? emitReadyOnce(machines) : []
  if (shards.length === 0) return []
  const objects = makeProbers(config, readiness, shards, listProbed(machines))
  return [
    ...objectsArtifact(
      'readiness.yaml',
      objects.map((object) => ({ path: '/readiness', object })),
      place,
      notes,
    ),
    ...shards.map(({ text }, index) => textArtifact(`kubernetes/${machinesFile(index)}`, text)),
    textArtifact(`kubernetes/${programFile}`, readText('kubernetes/prober.mjs')),
  ]
}

/** The ConfigMaps that the kustomization makes of the files below `readiness/`. */
export function listConfigMaps({ readiness }: ResolvedConfig, shards: readonly Shard[]): ConfigMapFiles[] {
  if (readiness === undefined || shards.length === 0) return []
  const { namespace } = readiness
  return [
    { name: proberName, namespace, files: [programFile] },
    ...shards.map((_, index) => ({
      name: `${proberName}-machines-${index}`,
      namespace,
      files: [machinesFile(index)],
    })),
  ]
}

/** For a first try: says of machines that they are ready, without asking them. */
function emitReadyOnce(machines: readonly ResolvedMachine[]): Artifact[] {
  const known = listProbed(machines).filter(({ drain }) => !drain)
  if (known.length === 0) return []
  const view = { machines: known.map(({ namespace, name }) => ({ namespace, name })) }
  return [
    textArtifact('kubernetes/ready-once.sh', renderTemplate('kubernetes/ready-once.sh.hbs', view), 0o755),
  ]
}
