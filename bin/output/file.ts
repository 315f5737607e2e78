import { createHash, hash } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { temporaryName } from './path.ts'

const createFlags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW
// Non-blocking, as opening a pipe that took a file's place would wait for ever.
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** The code of a failed system call, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

export function sha256(content: string | Uint8Array): string {
  return hash('sha256', content, 'hex')
}

const readBuffer = Buffer.allocUnsafe(64 * 1024)

/** Reads piece by piece: what lies at the path of ours may be of any size. */
export function sha256OfFile(file: string): string {
  const fd = openSync(file, readFlags)
  try {
    const first = readSync(fd, readBuffer, 0, readBuffer.length, null)
    if (first < readBuffer.length) {
      // Almost every file ends here. A short read that is not the end is caught by reading again.
      const more = first === 0 ? 0 : readSync(fd, readBuffer, first, readBuffer.length - first, null)
      if (more === 0) return sha256(readBuffer.subarray(0, first))
      return hashRest(fd, first + more)
    }
    return hashRest(fd, first)
  } finally {
    closeSync(fd)
  }
}

function hashRest(fd: number, already: number): string {
  const sum = createHash('sha256').update(readBuffer.subarray(0, already))
  for (;;) {
    const length = readSync(fd, readBuffer, 0, readBuffer.length, null)
    if (length === 0) return sum.digest('hex')
    sum.update(readBuffer.subarray(0, length))
  }
}

/** Opens a new file with exactly this mode before its first byte is written. A leftover of that name is replaced. */
export function createFile(file: string, mode: number): number {
  let fd: number
  try {
    fd = openSync(file, createFlags, mode)
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
    unlinkSync(file) // a killed run's; of a symbolic link this removes the link alone
    fd = openSync(file, createFlags, mode)
  }
  try {
    fchmodSync(fd, mode) // the umask took bits away, or a default ACL changed them
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

export function writeAll(fd: number, content: string | Uint8Array): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  let done = 0
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done)
}

/** The file appears complete or not at all: it is written under another name in the same folder, then renamed. */
export function replaceFile(folder: string, file: string, content: string | Uint8Array, mode: number): void {
  const temporary = `${folder}/${temporaryName}`
  const fd = createFile(temporary, mode)
  try {
    try {
      writeAll(fd, content)
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, file)
  } catch (error) {
    removeIfThere(temporary)
    throw error
  }
}

/** True if there was something to remove. */
export function removeIfThere(file: string): boolean {
  try {
    unlinkSync(file)
    return true
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
}
