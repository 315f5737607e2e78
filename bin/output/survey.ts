import { lstatSync } from 'node:fs'
import { sha256OfFile } from './file.ts'
import { Folders } from './folders.ts'
import { generatorOf, type Job, sorted, WantedFile, withManifests } from './job.ts'
import { type ManifestEntry, type ManifestReader, octal, Recorded, type RecordedFile } from './manifest.ts'
import { journalName, manifestName, pathProblem } from './path.ts'
import { attempt, collect, type Report } from './report.ts'

export interface Survey {
  /** What pass 2 has to do for the artifacts, in their order. */
  readonly marks: Marks
  /** There are recorded files that are no longer wanted. */
  readonly stale: boolean
  /** A killed run left a journal. */
  readonly journal: boolean
  readonly manifestMode: number
  /** Files and manifest are what they should be. */
  readonly upToDate: boolean
}

/** Pass 1: compares everything and changes nothing. */
export function survey(job: Job): Survey {
  return withManifests(job.root, (manifest, journal) => surveyAgainst(job, manifest, journal))
}

function surveyAgainst(
  job: Job,
  manifest: ManifestReader | undefined,
  journal: ManifestReader | undefined,
): Survey {
  const { root, options, report } = job
  const folders = new Folders(root, job.exists)
  const marks = new Marks()
  let stale = false
  let sensitive = false
  let changed = false
  // So far the manifest is just what this run would write.
  let recordedRight = journal === undefined && manifest?.generator === generatorOf(options)

  const recorded = attempt(manifestName, () => new Recorded([manifest, journal]))
  const onStale = (file: RecordedFile) => {
    stale = true
    collect(report, file.path, () => noteStale(job, folders, file))
  }
  for (const artifact of sorted(job.artifacts())) {
    const { path } = artifact
    sensitive ||= artifact.sensitive
    const wanted = new WantedFile(artifact)
    const entries = attempt(manifestName, () => recorded.take(path, onStale))
    const [entry] = entries
    recordedRight &&= entries.length === 1 && entry?.mode === wanted.mode && entry.sha256 === wanted.sha256
    const state = collect(report, path, () => compare(root, folders, wanted, entries))
    const mark = state === undefined ? leave : note(job, path, state)
    changed ||= mark !== leave
    marks.push(mark)
  }
  attempt(manifestName, () => recorded.drain(onStale))

  // The checksum of a short secret gives the secret away to whoever tries all of them.
  const manifestMode = sensitive ? 0o600 : 0o644
  recordedRight &&= !stale && manifest?.mode === manifestMode
  if (options.check === true)
    noteManifest(report, manifest !== undefined, journal !== undefined, recordedRight)
  return { marks, stale, journal: journal !== undefined, manifestMode, upToDate: recordedRight && !changed }
}

function noteManifest(report: Report, manifest: boolean, journal: boolean, right: boolean): void {
  if (journal) report.differences.add(journalName, 'a run was interrupted: run generate again to complete it')
  if (!manifest) report.differences.add(manifestName, 'missing')
  else if (!right && !journal) report.differences.add(manifestName, 'does not match the output')
}

/** What is on the disk in the place of an artifact. */
type FileState =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'missing' }
  /** Ours: may be replaced. */
  | { readonly kind: 'outdated'; readonly reason: string }
  /** Not ours, or not as we left it: replaced with force only. */
  | { readonly kind: 'foreign'; readonly reason: string }
  /** Cannot be replaced by a file without following or removing something else. */
  | { readonly kind: 'blocked'; readonly reason: string }

function compare(
  root: string,
  folders: Folders,
  wanted: WantedFile,
  entries: readonly ManifestEntry[],
): FileState {
  const problem = pathProblem(wanted.path)
  if (problem !== undefined) return { kind: 'blocked', reason: problem }
  const above = folders.look(wanted.path)
  if (above.kind !== 'folder') return above
  const file = `${root}/${wanted.path}`
  const stat = lstatSync(file, { throwIfNoEntry: false })
  if (stat === undefined) return { kind: 'missing' }
  if (!stat.isFile()) return { kind: 'blocked', reason: describeObstacle(stat) }
  // Bytes need not be read where nothing in them could make the file ours.
  const sameSize = stat.size === wanted.size
  const sum = sameSize || entries.length > 0 ? sha256OfFile(file) : ''
  const mode = stat.mode & 0o7777
  const sameBytes = sum === wanted.sha256
  if (sameBytes && mode === wanted.mode) return { kind: 'unchanged' }
  const reason = sameBytes ? `mode is ${octal(mode)}, not ${octal(wanted.mode)}` : 'content differs'
  if (entries.length === 0) return { kind: 'foreign', reason: 'was not written by meshjoin' }
  const ours = sameBytes || entries.some((entry) => entry.sha256 === sum)
  return ours
    ? { kind: 'outdated', reason }
    : { kind: 'foreign', reason: 'was modified since meshjoin wrote it' }
}

function describeObstacle(stat: { isSymbolicLink(): boolean; isDirectory(): boolean }): string {
  if (stat.isSymbolicLink()) return 'is a symbolic link, which is not followed'
  return stat.isDirectory() ? 'is a folder where a file is needed' : 'is not a regular file'
}

/** Reports a state, and says what pass 2 has to do. */
function note({ options, report }: Job, path: string, state: FileState): Mark {
  if (state.kind === 'unchanged') {
    report.unchanged.add(path, 'up to date')
    return leave
  }
  const reason = state.kind === 'missing' ? 'missing' : state.reason
  if (options.check === true) {
    report.differences.add(path, reason)
    return leave
  }
  if (state.kind === 'blocked' || (state.kind === 'foreign' && options.force !== true)) {
    report.conflicts.add(path, reason)
    return leave
  }
  const mark = state.kind === 'missing' ? create : state.kind === 'outdated' ? replace : overwrite
  // Without a dry run the file is reported when it has been written.
  if (options.dryRun === true) report.written.add(path, writtenAs[mark])
  return mark
}

/** Without check or dry run a file is reported when pass 2 has dealt with it. */
function noteStale({ root, options, report }: Job, folders: Folders, file: RecordedFile): void {
  if (options.check !== true && options.dryRun !== true) return
  const state = staleState(root, folders, file)
  if (state === 'gone') return
  if (options.check === true) {
    report.differences.add(
      file.path,
      state === 'ours' ? 'is no longer part of the output' : `is no longer part of the output, and ${state}`,
    )
  } else if (state === 'ours') report.removed.add(file.path, 'is no longer part of the output')
  else report.kept.add(file.path, state)
}

/** A recorded file that is not wanted any more: gone, ours to remove, or the reason why it stays. */
export function staleState(root: string, folders: Folders, { path, entries }: RecordedFile): string {
  const above = folders.look(path)
  if (above.kind === 'missing') return 'gone'
  if (above.kind === 'blocked') return above.reason
  const file = `${root}/${path}`
  const stat = lstatSync(file, { throwIfNoEntry: false })
  if (stat === undefined) return 'gone'
  if (!stat.isFile()) return describeObstacle(stat)
  const sum = sha256OfFile(file)
  return entries.some((entry) => entry.sha256 === sum) ? 'ours' : 'was modified since meshjoin wrote it'
}

/** What pass 2 does with an artifact. */
export type Mark = 0 | 1 | 2 | 3
export const leave: Mark = 0
const create: Mark = 1
const replace: Mark = 2
const overwrite: Mark = 3
export const writtenAs: Readonly<Record<Mark, string>> = ['unchanged', 'new', 'replaced', 'replaced by force']

/** One byte for each artifact, in their order. */
export class Marks {
  #bytes = new Uint8Array(1024)
  length = 0

  push(mark: Mark): void {
    if (this.length === this.#bytes.length) {
      const larger = new Uint8Array(this.length * 2)
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    this.#bytes[this.length++] = mark
  }

  at(index: number): Mark {
    const mark = this.#bytes[index]
    return mark === create || mark === replace || mark === overwrite ? mark : leave
  }
}
