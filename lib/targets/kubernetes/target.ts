import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import type { Place, Target } from '../shared/target.ts'
import { checkAtBoot, emitAtBoot } from './at-boot.ts'
import { emitDrain } from './drain.ts'
import { planInbound } from './inbound.ts'
import { emitKustomization } from './kustomization.ts'
import { makeNamespaces, namespaceNotes } from './namespaces.ts'
import { objectsArtifact } from './objects.ts'
import { printPolicies } from './policies.ts'
import { makeShards } from './probed.ts'
import { listConfigMaps, printReadiness } from './readiness.ts'
import { emitKubernetesReadme } from './readme.ts'
import { printRoutes } from './routes.ts'
import { createServiceMaker } from './services.ts'
import { makeWorkloads } from './workloads.ts'

/** `kubernetes/`: what the cluster has to know of the machines, one file a concern, for `kubectl apply -k`. */
export const kubernetesTarget: Target = {
  name: 'kubernetes',
  purpose: 'what the cluster has to know of the machines',
  placesMachineFiles: false,
  check: checkAtBoot,
  emitShared: emitKubernetes,
}

function* emitKubernetes(
  config: ResolvedConfig,
  machines: readonly ResolvedMachine[],
  place: Place,
): Iterable<Artifact> {
  const inbound = planInbound(config)
  const workloads = makeWorkloads(config.mesh.linkerd, machines, inbound.labelsOf)
  const makeService = createServiceMaker(config)
  const shards = makeShards(config, machines)
  const files = [
    ...objectsArtifact('namespaces.yaml', makeNamespaces(config, machines), place, namespaceNotes),
    ...objectsArtifact('external-workloads.yaml', workloads, place),
    ...objectsArtifact('services.yaml', config.services.map(makeService), place),
    ...printPolicies(config, inbound, place),
    ...printRoutes(config, makeService, place),
    ...printReadiness(config, machines, shards, place),
  ]
  const programs = machines.some(({ role }) => role === 'server') ? [emitDrain(config)] : []
  const atBoot = emitAtBoot(config, machines, { inbound, place })
  const names = [...programs, ...atBoot, ...files].map(({ path }) => path.replace('kubernetes/', ''))
  const all = [
    emitKubernetesReadme(config, machines, names),
    ...(names.length === 0 ? [] : [emitKustomization(names, listConfigMaps(config, shards))]),
    ...programs,
    ...atBoot,
    ...files,
  ]
  yield* all.sort((a, b) => (a.path < b.path ? -1 : 1))
}
