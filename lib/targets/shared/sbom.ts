import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import { listCommands } from '../../files/machine-files.ts'
import { readChecksum } from '../../files/template.ts'
import type { Program } from '../../plan/download.ts'
import { type MeshPlan, meshPlannerOf } from '../../plan/plan.ts'
import { type Target, textArtifact } from './target.ts'

/** Where a program is developed, and the name of the tag that a version of it has there. */
interface Origin {
  readonly repository: string
  readonly tag: (version: string) => string
}

const origins: Readonly<Record<Program['name'], Origin>> = {
  // The tags of linkerd/linkerd2-proxy since v2.0, such as `release/v2.368.0`.
  'linkerd2-proxy': { repository: 'linkerd/linkerd2-proxy', tag: (version) => `release/${version}` },
  // The tags of spiffe/spire.
  'spire-agent': { repository: 'spiffe/spire', tag: (version) => `v${version}` },
  'spire-server': { repository: 'spiffe/spire', tag: (version) => `v${version}` },
}

/** A component as CycloneDX 1.6 has it, as far as we use it. */
interface Component {
  readonly type: 'application' | 'file'
  readonly name: string
  readonly [more: string]: unknown
}

/**
 * `sbom.cdx.json` at the top of the output: what its files install on the machines, as CycloneDX 1.6; nothing where no target
 * places files on machines. There is neither time nor serial number in it, since the same document gives the same bytes.
 */
export function emitSbom(
  targets: readonly Target[],
  config: ResolvedConfig,
  machines: readonly ResolvedMachine[],
): Artifact[] {
  const placing = targets.filter((target) => target.placesMachineFiles)
  if (placing.length === 0) return []
  const layers = [...new Set(machines.map(meshPlannerOf(config)))]
  const components = [...listDownloads(layers), ...listPrograms(placing, config, layers)]
  const sbom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    // Without a version: a release of meshjoin that changes nothing on a machine changes no byte here.
    metadata: { tools: { components: [{ type: 'application', name: 'meshjoin' }] } },
    components: components.sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
  return [textArtifact('sbom.cdx.json', `${JSON.stringify(sbom, null, 2)}\n`)]
}

/** What machines download, each once. What is there already is not our doing, so it is not named. */
function listDownloads(layers: readonly MeshPlan[]): Component[] {
  const programs = layers.flatMap(({ proxy, agent, server }) => [
    proxy,
    ...[agent, server].flatMap((one) => one?.program ?? []),
  ])
  const components = programs
    .filter(({ install }) => install.from !== 'preinstalled')
    .map((program) => [JSON.stringify(program), viewProgram(program)] as const)
  return [...new Map(components).values()]
}

/** The checksums stand at the addresses, since they are those of the archives, not of the program in them. */
function viewProgram({ name, version, install, downloads }: Program): Component {
  return {
    type: 'application',
    name,
    version,
    purl: install.from === 'image' ? printImagePurl(install.image) : printPurl(origins[name], version),
    externalReferences: Object.entries(downloads).map(([arch, { url, sha256 }]) => ({
      url,
      comment: `${install.from === 'image' ? 'layer of the image' : 'archive'} for linux/${arch}`,
      type: 'distribution',
      hashes: [sha256Of(sha256)],
    })),
  }
}

/** In the version of a package URL a slash is percent-encoded: unencoded it would part what stands before the version. */
function printPurl({ repository, tag }: Origin, version: string): string {
  return `pkg:github/${repository}@${encodeURIComponent(tag(version))}`
}

/**
 * An image has its last name as its name, and its place as a qualifier. A version would be the digest of a manifest, of which
 * machines know nothing: the digests of the layers stand at their addresses.
 */
function printImagePurl(image: string): string {
  return `pkg:oci/${image.slice(image.lastIndexOf('/') + 1)}?repository_url=${image}`
}

/** Our own programs, the same bytes on every machine. One that no target brings is left out. */
function listPrograms(
  placing: readonly Target[],
  config: ResolvedConfig,
  layers: readonly MeshPlan[],
): Component[] {
  const brings = ({ leavesOut }: Target, path: string) => !leavesOut?.(config).includes(path)
  return [...new Set(layers.flatMap((layer) => listCommands(layer)))]
    .filter(({ path }) => placing.some((target) => brings(target, path)))
    .map(({ path, template }) => ({
      type: 'file',
      name: path,
      hashes: [sha256Of(readChecksum(template))],
    }))
}

function sha256Of(content: string): object {
  return { alg: 'SHA-256', content }
}
