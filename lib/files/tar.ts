import { strToU8 } from 'fflate'
import type { MachineFile } from './machine-files.ts'

const block = 512

/**
 * Files as a tar archive in the format ustar: sorted as given, owned by root, without times, so that the same files give the
 * same bytes. There are no entries for folders: unpacking must not change those that are there.
 */
export function packTar(files: readonly Pick<MachineFile, 'path' | 'mode' | 'content'>[]): Uint8Array {
  const parts = files.flatMap(({ path, mode, content }) => {
    const data = strToU8(content)
    return [printHeader(path.slice(1), mode, data.length), data, new Uint8Array(-data.length & (block - 1))]
  })
  return join([...parts, new Uint8Array(2 * block)])
}

/** Throws for a name that the format cannot hold: that is our fault, since all paths are ours. */
function printHeader(name: string, mode: number, size: number): Uint8Array {
  const header = new Uint8Array(block)
  const put = (offset: number, text: string): void => header.set(strToU8(text), offset)
  if (name.length > 100) throw new RangeError(`${name} is too long for a tar archive`)
  put(0, name)
  put(100, octal(mode, 7))
  put(108, octal(0, 7)) // uid
  put(116, octal(0, 7)) // gid
  put(124, octal(size, 11))
  put(136, octal(0, 11)) // time
  put(148, ' '.repeat(8)) // counted as blanks
  put(156, '0') // a regular file
  put(257, 'ustar\u000000')
  put(265, 'root')
  put(297, 'root')
  put(
    148,
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\u0000 `,
  )
  return header
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}
