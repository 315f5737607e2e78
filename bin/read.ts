import { readFileSync, statSync } from 'node:fs'
import { IoError } from './exit.ts'

/** A document as it was read, with the name that messages call it by. */
export interface Source {
  readonly filename: string
  readonly text: string
}

/** Above what the library reads; kept from memory by size alone. */
const largestFile = 64 * 1024 * 1024

/** Reads a file, or stdin for `-`. */
export function readSource(file: string): Source {
  const filename = file === '-' ? '<stdin>' : file
  try {
    if (file !== '-' && statSync(file).size > largestFile)
      throw new IoError(`${file}: the file is larger than 64 MiB`)
    const bytes = readFileSync(file === '-' ? 0 : file)
    return { filename, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch (error) {
    if (error instanceof IoError) throw error
    if (error instanceof TypeError) throw new IoError(`${filename}: the file is not UTF-8 text`)
    throw new IoError(
      `${filename}: ${error instanceof Error ? error.message.replace(/, \w+( '.*)?$/s, '') : String(error)}`,
    )
  }
}
