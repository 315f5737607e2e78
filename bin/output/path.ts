/** Names in an output folder that belong to the writer itself. */
export const manifestName = '.meshjoin.json'
/** The manifest in the making, which is also the journal of a run that was killed. */
export const journalName = '.meshjoin.json.next'
/** The union of manifest and journal while a killed run is being taken over. */
export const foldedName = '.meshjoin.json.tmp'
export const lockName = '.meshjoin.lock'
/** In every folder: the file being written. Files are written one by one, so one name is enough. */
export const temporaryName = '.meshjoin-tmp'

const longestPath = 4096
/** Almost every path: plain characters, no segment that starts with a dot. It needs no closer look. */
const plain = /^[\w@+-][\w@+.:-]*(?:\/[\w@+-][\w@+.:-]*)*$/

/**
 * Why a path from an artifact or a manifest must not be used below the output folder; nothing if it may be.
 * Symbolic links are a matter of the disk, not of the text: see `Folders`.
 */
export function pathProblem(path: string): string | undefined {
  if (path.length > longestPath) return 'the path is too long'
  if (plain.test(path)) return undefined
  if (path === '') return 'the path is empty'
  if (path.includes('\0')) return 'the path contains a NUL character'
  // Written as UTF-8 a lone surrogate becomes another character: the file would not be found again.
  if (/\p{Surrogate}/u.test(path)) return 'the path is not valid Unicode'
  if (path.includes('\\')) return 'the path contains a backslash'
  if (path.startsWith('/')) return 'the path is absolute'
  const names = path.split('/')
  if (names.includes('..')) return 'the path leaves the output folder'
  if (names.includes('.') || names.includes('')) return 'the path has an empty segment or a "."'
  if (names[0]?.startsWith(manifestName) || names[0] === lockName || names.includes(temporaryName)) {
    return 'the name is reserved for meshjoin itself'
  }
  return undefined
}

/** The folder part of a relative path: empty for the output folder itself. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}
