import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { compress } from '../../files/gzip/gzip.ts'
import { printMeshLayer } from '../../files/machine-files.ts'
import { packTar } from '../../files/tar.ts'
import type { MeshPlan } from '../../plan/plan.ts'

/** The mesh layer as one file to fetch. Its name comes from its content, so machines with the same layer share it. */
export interface LayerArchive {
  readonly sha256: string
  readonly content: Uint8Array
}

const packed = new WeakMap<MeshPlan, LayerArchive>()

/** The archive of a layer, made once for each plan: a tar with the files as they belong on the machine, gzipped. */
export function packMeshLayer(plan: MeshPlan): LayerArchive {
  const known = packed.get(plan)
  if (known !== undefined) return known
  const content = compress(packTar(printMeshLayer(plan)))
  const archive = { sha256: bytesToHex(sha256(content)), content }
  packed.set(plan, archive)
  return archive
}
