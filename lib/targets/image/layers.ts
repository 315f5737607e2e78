import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { strToU8 } from 'fflate'
import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import { type MachineFile, printMeshLayer } from '../../files/machine-files.ts'
import { packTar } from '../../files/tar.ts'
import { readText } from '../../files/template.ts'
import { type MeshPlan, meshPlannerOf } from '../../plan/plan.ts'
import { textArtifact } from '../shared/target.ts'

/** A mesh layer to bake, and whose it is. */
export interface ImageLayer {
  /** Its folder: the first digits of the checksum of a tar of its files. */
  readonly name: string
  /** Sorted by path. */
  readonly files: readonly MachineFile[]
  /** Groups, and machines without one. */
  readonly users: readonly string[]
}

/** Every mesh layer of these machines, sorted by name. Machines with the same one share it, also where their groups differ. */
export function listImageLayers(config: ResolvedConfig, machines: readonly ResolvedMachine[]): ImageLayer[] {
  const planLayer = meshPlannerOf(config)
  const users = new Map<MeshPlan, Set<string>>()
  for (const machine of machines) {
    const plan = planLayer(machine)
    const known = users.get(plan) ?? new Set()
    users.set(plan, known.add(machine.group === undefined ? machine.name : `group ${machine.group}`))
  }
  return [...users]
    .map(([plan, names]) => {
      const files = printMeshLayer(plan)
      return { name: bytesToHex(sha256(packTar(files))).slice(0, 12), files, users: [...names] }
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The folder of a layer, sorted by path: its files, what they should be, and the two programs that know no layer. */
export function emitImageLayer({ name, files }: ImageLayer): Artifact[] {
  const folder = `image/${name}`
  return [
    textArtifact(`${folder}/manifest`, files.map(printLine).join('')),
    textArtifact(`${folder}/prepare`, readText('image-prepare.sh'), 0o755),
    ...files.map(({ path, content, mode }) => textArtifact(`${folder}/root${path}`, content, mode)),
    textArtifact(`${folder}/seal`, readText('image-seal.sh'), 0o755),
  ]
}

/** Mode, SHA-256 and path: modes get lost on the way to an image, in git for one. */
function printLine({ path, mode, content }: MachineFile): string {
  return `${mode.toString(8)} ${bytesToHex(sha256(strToU8(content)))} ${path}\n`
}
