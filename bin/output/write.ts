import { mkdirSync, realpathSync, rmdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { commit } from './commit.ts'
import { errorCode } from './file.ts'
import type { ArtifactSource, Job, WriteOptions } from './job.ts'
import { takeLock, type Unlock } from './lock.ts'
import { lockName } from './path.ts'
import { attempt, Failure, Report, type WriteResult } from './report.ts'
import { survey } from './survey.ts'

export type { ArtifactSource, WriteOptions } from './job.ts'
export type { Notes, WriteResult } from './report.ts'

/*
 * Puts artifacts into a folder, in two passes over the same sequence.
 *
 * Pass 1 only looks. It compares each artifact with the disk, and with what the manifest says that an earlier run
 * wrote. Anything in the way that is not ours ends the run here, with nothing changed.
 * Pass 2 writes what differs, then removes what is ours and no longer wanted, then renames the journal to be the
 * new manifest.
 *
 * A run may be killed at any moment. It leaves the old manifest, and a journal with an entry for each file that
 * it wrote or was about to write. A file that has the checksum of either is ours, so the next run can go on from there.
 *
 * A fleet has hundreds of thousands of files. Artifacts, manifest and journal are all sorted by path and read in
 * step; nothing here grows with their number but one byte per artifact.
 */

/** Expected trouble is in the result. Only a fault of the program itself is thrown. */
export function writeArtifacts(dir: string, artifacts: ArtifactSource, options: WriteOptions): WriteResult {
  const report = new Report()
  try {
    if (options.check === true || options.dryRun === true) inspect(dir, artifacts, options, report)
    else write(dir, artifacts, options, report)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    report.failures.add(error.path, error.message)
  }
  return report.result()
}

/** For `check` and `dryRun`: pass 1 alone, without a lock, in a folder that need not exist. */
function inspect(dir: string, artifacts: ArtifactSource, options: WriteOptions, report: Report): void {
  const root = attempt(dir, () => {
    try {
      return resolveFolder(dir)
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined
      throw error
    }
  })
  survey({ root: root ?? dir, exists: root !== undefined, artifacts, options, report })
}

function write(dir: string, artifacts: ArtifactSource, options: WriteOptions, report: Report): void {
  const firstMade = attempt(dir, () => mkdirSync(dir, { recursive: true, mode: 0o755 }))
  const root = attempt(dir, () => resolveFolder(dir))
  let done = false
  try {
    const unlock = lock(root)
    try {
      const job: Job = { root, exists: true, artifacts, options, report }
      const found = survey(job)
      if (report.refused() || options.ready?.() === false) return
      done = true
      if (!found.upToDate) commit(job, found)
    } finally {
      attempt(lockName, unlock)
    }
  } finally {
    // A refused run leaves nothing behind, not even the folder that it made for its lock.
    if (!done && firstMade !== undefined) removeMade(root, realpathSync(firstMade))
  }
}

/** The output folder itself may be reached through symbolic links: that is the user's choice, made once. */
function resolveFolder(dir: string): string {
  const root = realpathSync(dir)
  if (!statSync(root).isDirectory())
    throw Object.assign(new Error('ENOTDIR: not a directory'), { code: 'ENOTDIR' })
  return root
}

function removeMade(root: string, first: string): void {
  for (let path = root; path.startsWith(first); path = dirname(path)) {
    try {
      rmdirSync(path)
    } catch {
      return // somebody else uses it already
    }
  }
}

function lock(root: string): Unlock {
  const taken = attempt(lockName, () => takeLock(`${root}/${lockName}`))
  if (typeof taken === 'function') return taken
  throw new Failure(lockName, `another meshjoin, process ${taken.heldBy}, writes to this folder`)
}
