import { readFileSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs'
import { errorCode, removeIfThere } from './file.ts'

/*
 * Two runs into one folder at once would spoil each other's journal. The lock is a symbolic link that points to
 * `pid:start`, not to a file: unlike a file it appears together with its content, so it is never half written.
 * A killed run leaves it behind; then its process is gone, and the next run takes the lock over. Processes of
 * another host or container cannot be seen, so across those the lock does not protect.
 */

/** Gives the lock back. */
export type Unlock = () => void

/** Takes the lock, or says who has it. */
export function takeLock(file: string): Unlock | { readonly heldBy: number } {
  const mine = identify(process.pid) ?? `${process.pid}:`
  for (let attempt = 0; ; attempt++) {
    try {
      symlinkSync(mine, file)
      return () => unlock(file, mine)
    } catch (error) {
      const code = errorCode(error)
      if (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS') return () => {} // no symbolic links here
      if (code !== 'EEXIST' || attempt === 3) throw error
    }
    const holder = readHolder(file)
    if (holder !== undefined) {
      const pid = Number.parseInt(holder, 10)
      if (holder === identify(pid)) return { heldBy: pid }
      removeIfThere(file)
    }
  }
}

function unlock(file: string, mine: string): void {
  if (readHolder(file) === mine) unlinkSync(file)
}

function readHolder(file: string): string | undefined {
  try {
    return readlinkSync(file)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** `pid:start` of a process that is alive. Numbers of dead processes are given out again, the start is not. */
function identify(pid: number): string | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  if (process.platform === 'linux') return identifyByProc(pid)
  try {
    process.kill(pid, 0)
    return `${pid}:`
  } catch (error) {
    return errorCode(error) === 'EPERM' ? `${pid}:` : undefined
  }
}

function identifyByProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is the name in parentheses and may hold anything; state is the third, start the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie was killed: only its parent has not noticed yet.
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${pid}:${fields[19]}`
  } catch {
    return undefined
  }
}
