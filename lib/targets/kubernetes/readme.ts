import type { Artifact } from '../../artifact.ts'
import { isNetwork, networkCovers, parseNetwork } from '../../config/network.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import { linkerdHas, linkerdSince } from '../../config/versions.ts'
import { renderTemplate } from '../../files/template.ts'
import { textArtifact } from '../shared/target.ts'

/** The chart's own value of `clusterNetworks`, which clients go by. */
const usualNetworks = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fd00::/8']
  .map((text) => parseNetwork(text))
  .filter(isNetwork)

/** The first networks of machines that no client knows by default. */
function findUnlisted({ mesh }: ResolvedConfig): string[] {
  return mesh.machineNetworks
    .filter((network) => !usualNetworks.some((usual) => networkCovers(usual, network)))
    .slice(0, 20)
    .map(({ text }) => text)
}

/** The README of the folder, which has the files `names`, paths in `kubernetes/`. */
export function emitKubernetesReadme(
  config: ResolvedConfig,
  machines: readonly ResolvedMachine[],
  names: readonly string[],
): Artifact {
  const view = {
    linkerdVersion: config.mesh.linkerd.text,
    hasFiles: names.length > 0,
    workloads: names.includes('external-workloads.yaml'),
    namespaces: names.includes('namespaces.yaml'),
    policies: names.includes('policies.yaml'),
    routes: names.includes('routes.yaml'),
    readiness: names.includes('readiness.yaml'),
    atBoot: names.includes('register.sh'),
    found: machines
      .filter(({ role, boot }) => role === 'server' && boot !== undefined)
      .map(({ name, boot }) => ({ name, instances: boot?.name !== undefined })),
    readyOnce: names.includes('ready-once.sh'),
    unlisted: findUnlisted(config),
    drain: names.includes('drain.sh'),
    inlineStatus: !linkerdHas(config.mesh.linkerd, 'statusSubresource'),
    deletionPanics: !linkerdHas(config.mesh.linkerd, 'safeDeletion'),
    safeDeletion: linkerdSince.safeDeletion.name,
    services: names.includes('services.yaml'),
  }
  return textArtifact('kubernetes/README.md', renderTemplate('readme/kubernetes.md.hbs', view))
}
