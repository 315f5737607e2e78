import { errorCode } from './file.ts'
import { ManifestError, type ManifestKind } from './manifest.ts'
import { journalName, manifestName } from './path.ts'

/** A path relative to the output folder (or the output folder itself, as it was given) and what about it. */
export interface Note {
  readonly path: string
  readonly reason: string
}

/** The number of notes, and the first 200. */
export interface Notes {
  readonly count: number
  readonly first: readonly Note[]
}

export interface WriteResult {
  /** Nothing was refused, nothing failed, and with `check` nothing differs. */
  readonly ok: boolean
  /** New and replaced files; with `dryRun` those that would be. */
  readonly written: Notes
  readonly unchanged: Notes
  /** Files of an earlier run that are no longer wanted; with `dryRun` those that would go. */
  readonly removed: Notes
  /** Files of an earlier run that are no longer wanted but were modified. They stay, and are no longer recorded. */
  readonly kept: Notes
  /** What is in the way. If there is any, nothing was written. */
  readonly conflicts: Notes
  /** With `check`: how the folder differs from what a run would leave. */
  readonly differences: Notes
  /** Reading or writing failed. A run stops at the first failed write; the next run goes on from there. */
  readonly failures: Notes
}

const longestList = 200

class NoteList implements Notes {
  count = 0
  readonly first: Note[] = []

  add(path: string, reason: string): void {
    this.count++
    if (this.first.length < longestList) this.first.push({ path, reason })
  }
}

/** Collects what becomes the result. */
export class Report {
  readonly written = new NoteList()
  readonly unchanged = new NoteList()
  readonly removed = new NoteList()
  readonly kept = new NoteList()
  readonly conflicts = new NoteList()
  readonly differences = new NoteList()
  readonly failures = new NoteList()

  refused(): boolean {
    return this.conflicts.count > 0 || this.failures.count > 0
  }

  result(): WriteResult {
    const { written, unchanged, removed, kept, conflicts, differences, failures } = this
    const ok = !this.refused() && differences.count === 0
    return { ok, written, unchanged, removed, kept, conflicts, differences, failures }
  }
}

/** A system call failed, or a manifest cannot be used: something to report, not a fault of the program. */
export class Failure extends Error {
  readonly path: string

  constructor(path: string, message: string) {
    super(message)
    this.path = path
  }
}

/** Runs what touches the disk on behalf of `path`. */
export function attempt<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof ManifestError) {
      throw new Failure(
        error.kind === 'journal' ? journalName : manifestName,
        `${error.message}. ${remedies[error.kind]}`,
      )
    }
    if (!(error instanceof Error) || errorCode(error) === undefined) throw error
    // Node adds the call and the full path, `ENOENT: no such file or directory, open '…'`; the path is known here.
    throw new Failure(path, error.message.replace(/, \w+( '.*)?$/s, ''))
  }
}

const remedies: Readonly<Record<ManifestKind, string>> = {
  manifest:
    'Without it meshjoin does not know which files are its own: move it away, then run again with --force',
  journal: 'Move it away, then run again',
}

/** Pass 1 goes on after a failure, so that all of them are reported at once. */
export function collect<T>(report: Report, path: string, action: () => T): T | undefined {
  try {
    return attempt(path, action)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    report.failures.add(error.path, error.message)
    return undefined
  }
}
