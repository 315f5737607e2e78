import type { Artifact } from '../../lib/artifact.ts'
import { sha256 } from './file.ts'
import { type ManifestKind, ManifestReader } from './manifest.ts'
import { journalName, manifestName } from './path.ts'
import { attempt, type Report } from './report.ts'

export interface WriteOptions {
  /** Version of meshjoin, for the manifest. */
  readonly version: string
  /** Replace regular files that meshjoin did not write, or that were modified since. */
  readonly force?: boolean | undefined
  /** Only compare: see `differences`. */
  readonly check?: boolean | undefined
  /** Only say what would be done. */
  readonly dryRun?: boolean | undefined
  /** Asked between the two passes, when every artifact has been made once: false, and nothing is written. */
  readonly ready?: (() => boolean) | undefined
}

/** Paths must come strictly sorted by UTF-16 code units, and both calls must give the same artifacts. */
export type ArtifactSource = () => Iterable<Artifact>

/** One run, as both passes see it. */
export interface Job {
  /** Absolute, without symbolic links. */
  readonly root: string
  /** False in a check or dry run only. */
  readonly exists: boolean
  readonly artifacts: ArtifactSource
  readonly options: WriteOptions
  readonly report: Report
}

/** An artifact as it is to be on the disk. */
export class WantedFile {
  readonly path: string
  readonly mode: Artifact['mode']
  readonly content: Artifact['content']
  #sha256: string | undefined

  constructor({ path, mode, content, sensitive }: Artifact) {
    this.path = path
    this.mode = sensitive ? 0o600 : mode
    this.content = content
  }

  get size(): number {
    return typeof this.content === 'string' ? Buffer.byteLength(this.content) : this.content.length
  }

  /** Computed when asked for, as pass 1 often need not know. */
  get sha256(): string {
    this.#sha256 ??= sha256(this.content)
    return this.#sha256
  }
}

/** The artifacts, provided that they come in the order that everything here relies on. */
export function* sorted(artifacts: Iterable<Artifact>): Generator<Artifact, void> {
  let last: string | undefined
  for (const artifact of artifacts) {
    if (last !== undefined && artifact.path <= last) {
      throw new Error(
        `internal error: artifact ${JSON.stringify(artifact.path)} comes after ${JSON.stringify(last)}`,
      )
    }
    last = artifact.path
    yield artifact
  }
}

export function generatorOf({ version }: WriteOptions): string {
  return `meshjoin ${version}`
}

/** Opens manifest and journal, as far as there are any, for the time of `use`. */
export function withManifests<T>(
  root: string,
  use: (manifest: ManifestReader | undefined, journal: ManifestReader | undefined) => T,
): T {
  const manifest = openManifest(root, manifestName, 'manifest')
  try {
    const journal = openManifest(root, journalName, 'journal')
    try {
      return use(manifest, journal)
    } finally {
      journal?.close()
    }
  } finally {
    manifest?.close()
  }
}

function openManifest(root: string, name: string, kind: ManifestKind): ManifestReader | undefined {
  return attempt(name, () => ManifestReader.open(`${root}/${name}`, kind))
}
