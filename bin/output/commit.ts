import { renameSync } from 'node:fs'
import { removeIfThere, replaceFile } from './file.ts'
import { Folders, pruneFolders } from './folders.ts'
import { generatorOf, type Job, sorted, WantedFile, withManifests } from './job.ts'
import { ManifestWriter, Recorded, type RecordedFile } from './manifest.ts'
import { foldedName, folderOf, journalName, manifestName, pathProblem, temporaryName } from './path.ts'
import { attempt, Failure, type Report } from './report.ts'
import { leave, type Survey, staleState, writtenAs } from './survey.ts'

/** Entries that go to the journal together, before their files. At most this many files can be half done. */
const batchLength = 64
/** Characters or bytes. */
const batchSize = 1 << 20

/** Pass 2: makes the folder what the artifacts say, after `survey` found nothing in the way. */
export function commit(job: Job, found: Survey): void {
  const { root } = job
  if (found.journal) takeOver(job, found.manifestMode)
  writeFiles(job, found)
  if (found.stale) removeStale(job)
  attempt(manifestName, () => renameSync(`${root}/${journalName}`, `${root}/${manifestName}`))
}

/**
 * Folds the journal of a killed run into the manifest, so that this run can begin a journal of its own without
 * losing track of the killed run's files. Until the end of this run a path may then have several entries.
 */
function takeOver(job: Job, mode: number): void {
  const { root, options } = job
  removeTemporaries(root, lastPaths(root))
  withManifests(root, (manifest, journal) => {
    attempt(foldedName, () => {
      const folded = new ManifestWriter(`${root}/${foldedName}`, generatorOf(options), mode)
      try {
        new Recorded([manifest, journal]).drain(({ entries }) => {
          for (const entry of entries) folded.add(entry)
        })
        folded.finish()
      } finally {
        folded.close()
      }
    })
  })
  attempt(manifestName, () => renameSync(`${root}/${foldedName}`, `${root}/${manifestName}`))
  attempt(journalName, () => removeIfThere(`${root}/${journalName}`))
}

/** The paths that a killed run was about to write, or some more. */
function lastPaths(root: string): string[] {
  const paths: string[] = []
  withManifests(root, (_manifest, journal) => {
    attempt(journalName, () => {
      for (let entry = journal?.next(); entry !== undefined; entry = journal?.next()) {
        paths.push(entry.path)
        if (paths.length > batchLength) paths.shift()
      }
    })
  })
  return paths
}

/** A killed run was at one of its last batch of files: beside that one its temporary file may lie. */
function removeTemporaries(root: string, paths: readonly string[]): void {
  const folders = new Folders(root, true)
  for (const folder of new Set(paths.map(folderOf))) {
    const temporary = folder === '' ? temporaryName : `${folder}/${temporaryName}`
    attempt(temporary, () => {
      if (folders.look(temporary).kind === 'folder') removeIfThere(`${root}/${temporary}`)
    })
  }
}

/** Writes what pass 1 marked, each file after its journal entry. Leaves the journal complete. */
function writeFiles(job: Job, { marks, manifestMode }: Survey): void {
  const { root, options, report } = job
  const folders = new Folders(root, true)
  const journal = attempt(
    journalName,
    () => new ManifestWriter(`${root}/${journalName}`, generatorOf(options), manifestMode),
  )
  let batch: MarkedFile[] = []
  let entries = 0
  let size = 0
  let index = 0

  const flush = () => {
    attempt(journalName, () => journal.flush())
    for (const file of batch) attempt(file.wanted.path, () => writeFile(root, folders, file, report))
    batch = []
    entries = 0
    size = 0
  }
  try {
    for (const artifact of sorted(job.artifacts())) {
      const wanted = new WantedFile(artifact)
      if (pathProblem(wanted.path) !== undefined) throw unequalPasses()
      journal.add(wanted)
      entries++
      const mark = marks.at(index++)
      if (mark !== leave) {
        batch.push({ wanted, reason: writtenAs[mark] })
        size += wanted.content.length
      }
      if (entries >= batchLength || size >= batchSize) flush()
    }
    if (index !== marks.length) throw unequalPasses()
    flush()
    attempt(journalName, () => journal.finish())
  } finally {
    journal.close()
  }
}

interface MarkedFile {
  readonly wanted: WantedFile
  /** What will be reported of it. */
  readonly reason: string
}

function writeFile(root: string, folders: Folders, { wanted, reason }: MarkedFile, report: Report): void {
  const { path, mode, content } = wanted
  const folder = folders.make(path)
  if (folder.kind === 'blocked') throw new Failure(path, folder.reason)
  const above = folderOf(path)
  replaceFile(above === '' ? root : `${root}/${above}`, `${root}/${path}`, content, mode)
  report.written.add(path, reason)
}

function unequalPasses(): Error {
  return new Error('internal error: the artifacts of the second pass are not those of the first')
}

/** Removes what the old manifest has and the new one has not. Runs last: until then nothing is missing. */
function removeStale(job: Job): void {
  const { root, report } = job
  const folders = new Folders(root, true)
  let emptied = ''
  const remove = (file: RecordedFile) => {
    const { path } = file
    const state = attempt(path, () => staleState(root, folders, file))
    if (state === 'ours') {
      attempt(path, () => removeIfThere(`${root}/${path}`))
      report.removed.add(path, 'is no longer part of the output')
    } else if (state !== 'gone') report.kept.add(path, state)
    if (folders.look(path).kind === 'blocked') return
    // Also where the file is gone: a killed run may have removed it, or not have got beyond its folder.
    if (folderOf(path) !== emptied) pruneFolders(root, emptied)
    emptied = folderOf(path)
  }
  withManifests(root, (old, next) => {
    attempt(manifestName, () => {
      const recorded = new Recorded([old])
      for (let entry = next?.next(); entry !== undefined; entry = next?.next())
        recorded.take(entry.path, remove)
      recorded.drain(remove)
    })
  })
  pruneFolders(root, emptied)
}
