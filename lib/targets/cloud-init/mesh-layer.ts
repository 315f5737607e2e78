import type { Artifact } from '../../artifact.ts'
import type { MeshLayer, ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import type { Report } from '../../diagnostics/diagnostic.ts'
import { escapeShellWord } from '../../escape/shell.ts'
import type { MachineFile } from '../../files/machine-files.ts'
import { readText, renderTemplate } from '../../files/template.ts'
import { type MeshPlan, meshPlannerOf } from '../../plan/plan.ts'
import { type LayerArchive, packMeshLayer } from '../shared/mesh-layer.ts'
import { checkReserved } from '../shared/reserved-name.ts'

/** The folder in the target's folder that has the archives. */
export const layerFolder = 'mesh-layer'

/** Every mesh layer that machines fetch, sorted by checksum. */
export function listLayers(config: ResolvedConfig, machines: readonly ResolvedMachine[]): LayerArchive[] {
  if (config.cloudInit.meshLayer.from !== 'fetch') return []
  const layers = new Map<string, LayerArchive>()
  for (const plan of new Set(machines.map(meshPlannerOf(config)))) {
    const archive = packMeshLayer(plan)
    layers.set(archive.sha256, archive)
  }
  return [...layers.values()].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1))
}

/** The archives, for the server that the machines fetch them from. */
export function emitLayers(layers: readonly LayerArchive[]): Artifact[] {
  return layers.map(({ sha256: sum, content }) => ({
    path: `cloud-init/${layerFolder}/${sum}.tar.gz`,
    mode: 0o644,
    content,
    sensitive: false,
  }))
}

/** Each archive and the address that machines fetch it from, without the query that may be a secret. */
export function viewLayers(
  { cloudInit: { meshLayer } }: ResolvedConfig,
  layers: readonly LayerArchive[],
): { file: string; url: string }[] {
  if (meshLayer.from !== 'fetch') return []
  const url = meshLayer.url.replace(/\?.*/, '')
  return layers.map(({ sha256: sum }) => ({
    file: `${layerFolder}/${sum}.tar.gz`,
    url: url.replaceAll('{sha256}', sum),
  }))
}

/** Refuses one address for several layers, and a machine whose folder would be that of the archives. */
export function checkLayers(config: ResolvedConfig, report: Report): void {
  const { meshLayer } = config.cloudInit
  if (meshLayer.from !== 'fetch') return
  checkReserved(config, layerFolder, report)
  const count = new Set(config.machines.map(meshPlannerOf(config))).size
  if (count > 1 && !meshLayer.url.includes('{sha256}'))
    report('install-url', '/cloudInit/meshLayer/url', {
      reason: `the machines have ${count} different mesh layers, but there is no {sha256} in it`,
      example: 'https://mirror.example.com/mesh-layer/{sha256}.tar.gz',
    })
}

/** The command that fetches the layer, and all that goes on trying until it has come. It takes these files away then. */
export const fetchCommand = '/usr/local/sbin/mesh-machine-fetch'
const fetchUnit = 'mesh-machine-fetch.service'

/** What a machine has in place of its mesh layer until it has fetched it. */
export function printFetchFiles(
  plan: MeshPlan,
  delivery: Extract<MeshLayer, { from: 'fetch' }>,
): MachineFile[] {
  const { sha256: sum } = packMeshLayer(plan)
  const file = (path: string, mode: MachineFile['mode'], content: string): MachineFile => ({
    path,
    mode,
    content,
    layer: 'mesh',
  })
  return [
    // An address may have a query that is a secret.
    file('/etc/linkerd/mesh-layer.conf', 0o600, printSettings(delivery, sum)),
    file(`/etc/systemd/system/${fetchUnit}`, 0o644, renderTemplate(`cloud-init/${fetchUnit}.hbs`, {})),
    file(fetchCommand, 0o755, readText('mesh-machine-fetch.sh')),
  ]
}

function printSettings(delivery: Extract<MeshLayer, { from: 'fetch' }>, sum: string): string {
  const { url, caFile, httpProxy } = delivery
  const values: [name: string, value: string | undefined][] = [
    ['LAYER_URL', url.replaceAll('{sha256}', sum)],
    ['LAYER_SHA256', sum],
    ['LAYER_CA_FILE', caFile],
    ['LAYER_HTTP_PROXY', httpProxy],
  ]
  return values
    .map(([name, value]) => (value === undefined ? '' : `${name}=${escapeShellWord(value)}\n`))
    .join('')
}
