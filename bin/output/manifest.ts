import { closeSync, constants, lstatSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import type { Artifact } from '../../lib/artifact.ts'
import { createFile, writeAll } from './file.ts'
import { pathProblem } from './path.ts'

/*
 * The manifest says which files of a folder meshjoin wrote. It is JSON, with one entry a line and the lines
 * sorted by path, so that a folder of any size is read and written line by line:
 *
 *   {"meshjoin":1,"generator":"meshjoin 1.2.3","files":[
 *   {"path":"a","mode":"0644","sha256":"…"},
 *   {"path":"b","mode":"0600","sha256":"…"}
 *   ]}
 *
 * While a run goes on it is the journal: an entry reaches the kernel before the file that it names appears.
 */

export interface ManifestEntry {
  readonly path: string
  readonly mode: Artifact['mode']
  /** Lower-case hex. */
  readonly sha256: string
}

/** A manifest ends with its last line. A journal may stop anywhere, as its run may have been killed. */
export type ManifestKind = 'manifest' | 'journal'

/** The file is not our manifest, or no longer. */
export class ManifestError extends Error {
  readonly kind: ManifestKind

  constructor(kind: ManifestKind, message: string) {
    super(message)
    this.kind = kind
  }
}

const headStart = '{"meshjoin":1,"generator":"'
const headEnd = ',"files":['
const tail = ']}'
const longestLine = 64 * 1024
const modes: Readonly<Record<string, Artifact['mode']>> = { '0600': 0o600, '0644': 0o644, '0755': 0o755 }

export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

function formatHead(generator: string): string {
  return `{"meshjoin":1,"generator":${JSON.stringify(generator)}${headEnd}`
}

function formatEntry({ path, mode, sha256 }: ManifestEntry): string {
  return `{"path":${JSON.stringify(path)},"mode":"${octal(mode)}","sha256":"${sha256}"}`
}

/** Writes a manifest. Entries must come in path order; `flush` hands what was added to the kernel. */
export class ManifestWriter {
  readonly #fd: number
  #text: string
  #separator = '\n'
  #open = true

  constructor(file: string, generator: string, mode: number) {
    this.#text = formatHead(generator)
    this.#fd = createFile(file, mode)
  }

  add(entry: ManifestEntry): void {
    this.#text += this.#separator + formatEntry(entry)
    this.#separator = ',\n'
    if (this.#text.length > longestLine) this.flush()
  }

  flush(): void {
    const text = this.#text
    this.#text = ''
    writeAll(this.#fd, text)
  }

  /** Makes it a complete manifest. */
  finish(): void {
    this.#text += `\n${tail}\n`
    this.flush()
    this.close()
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    closeSync(this.#fd)
  }
}

/** Reads a manifest entry by entry, and believes nothing in it. Throws ManifestError on nonsense. */
export class ManifestReader {
  readonly generator: string
  /** Permission bits of the manifest file itself. */
  readonly mode: number
  readonly #kind: ManifestKind
  readonly #fd: number
  readonly #lines: Generator<Line, void>
  #lineNumber = 0
  #lastPath = ''
  #open = true

  /** Nothing if there is no such file. */
  static open(file: string, kind: ManifestKind): ManifestReader | undefined {
    const stat = lstatSync(file, { throwIfNoEntry: false })
    if (stat === undefined) return undefined
    if (!stat.isFile()) throw new ManifestError(kind, 'it is not a regular file')
    return new ManifestReader(file, kind, stat.mode & 0o7777)
  }

  private constructor(file: string, kind: ManifestKind, mode: number) {
    this.mode = mode
    this.#kind = kind
    this.#fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW)
    this.#lines = readLines(this.#fd)
    try {
      this.generator = this.#readHead()
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** The next entry, or nothing at the end. Several entries may have the same path: see `Recorded`. */
  next(): ManifestEntry | undefined {
    if (!this.#open) return undefined
    const line = this.#nextLine()
    if (line === undefined) return this.#endOfFile()
    if (line.text === tail) return this.#endOfList()
    const value = parseJson(line.text.endsWith(',') ? line.text.slice(0, -1) : line.text)
    if (value === undefined && !line.complete) return this.#endOfFile()
    const entry = this.#checkEntry(value)
    this.#lastPath = entry.path
    return entry
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    closeSync(this.#fd)
  }

  #readHead(): string {
    const line = this.#nextLine()
    const text = line?.text ?? ''
    if (line === undefined || !line.complete) {
      // Killed while it wrote the first line: what there is must be the start of one.
      const cut = text.startsWith(headStart) || headStart.startsWith(text)
      if (this.#kind === 'journal' && cut) return ''
      throw text === '' ? new ManifestError(this.#kind, 'it is empty') : this.#foreign()
    }
    const head = parseJson(text.endsWith(headEnd) ? text + tail : text)
    if (!isObject(head) || !('meshjoin' in head)) throw this.#foreign()
    if (head.meshjoin !== 1) {
      throw new ManifestError(this.#kind, 'another version of meshjoin wrote it, in another format')
    }
    if (typeof head.generator !== 'string' || !Array.isArray(head.files) || head.files.length > 0) {
      throw this.#damaged('this is not the first line that meshjoin writes')
    }
    if (!text.endsWith(headEnd)) throw this.#damaged('the list of files does not start here')
    return head.generator
  }

  #checkEntry(value: unknown): ManifestEntry {
    if (!isObject(value)) throw this.#damaged('this is not an entry')
    const { path, mode, sha256 } = value
    if (typeof path !== 'string' || typeof mode !== 'string' || typeof sha256 !== 'string') {
      throw this.#damaged('an entry needs "path", "mode" and "sha256"')
    }
    const problem = pathProblem(path)
    if (problem !== undefined) throw this.#damaged(problem)
    const bits = Object.hasOwn(modes, mode) ? modes[mode] : undefined
    if (bits === undefined) throw this.#damaged('the mode is not one that meshjoin gives')
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw this.#damaged('this is not a sha256 checksum')
    if (path < this.#lastPath) throw this.#damaged('the entries are not sorted')
    return { path, mode: bits, sha256 }
  }

  #endOfList(): undefined {
    if (this.#nextLine() !== undefined) throw this.#damaged('there is text after the end')
    this.close()
    return undefined
  }

  #endOfFile(): undefined {
    if (this.#kind === 'manifest') throw this.#damaged('it ends too early')
    this.close()
    return undefined
  }

  #nextLine(): Line | undefined {
    const step = this.#lines.next()
    this.#lineNumber++
    if (step.done === true) return undefined
    if (step.value.text.length > longestLine) throw this.#damaged('the line is too long')
    return step.value
  }

  #foreign(): ManifestError {
    return new ManifestError(this.#kind, 'it is not a manifest of meshjoin')
  }

  #damaged(what: string): ManifestError {
    return new ManifestError(this.#kind, `it is damaged, line ${this.#lineNumber}: ${what}`)
  }
}

/** A path with everything that manifest and journal say about it. */
export interface RecordedFile {
  readonly path: string
  /** At least one. More than one after a killed run: the disk has either the file before it or the one after. */
  readonly entries: readonly ManifestEntry[]
}

/** Manifest and journal as one sorted list of paths, read in step with a sorted list of other paths. */
export class Recorded {
  readonly #sources: { readonly reader: ManifestReader; head: ManifestEntry | undefined }[] = []
  #head: RecordedFile | undefined

  constructor(readers: readonly (ManifestReader | undefined)[]) {
    for (const reader of readers) {
      if (reader !== undefined) this.#sources.push({ reader, head: reader.next() })
    }
    this.#head = this.#read()
  }

  /** The entries of a path, if it is recorded. What lies before it is handed to `skipped`. */
  take(path: string, skipped: (file: RecordedFile) => void): readonly ManifestEntry[] {
    while (this.#head !== undefined && this.#head.path < path) skipped(this.#shift(this.#head))
    return this.#head?.path === path ? this.#shift(this.#head).entries : []
  }

  /** Everything that is left. */
  drain(each: (file: RecordedFile) => void): void {
    while (this.#head !== undefined) each(this.#shift(this.#head))
  }

  #shift(file: RecordedFile): RecordedFile {
    this.#head = this.#read()
    return file
  }

  #read(): RecordedFile | undefined {
    let path: string | undefined
    for (const { head } of this.#sources) {
      if (head !== undefined && (path === undefined || head.path < path)) path = head.path
    }
    if (path === undefined) return undefined
    const entries: ManifestEntry[] = []
    for (const source of this.#sources) {
      while (source.head?.path === path) {
        const { mode, sha256 } = source.head
        if (!entries.some((entry) => entry.sha256 === sha256 && entry.mode === mode))
          entries.push(source.head)
        source.head = source.reader.next()
      }
    }
    return { path, entries }
  }
}

interface Line {
  readonly text: string
  /** False for text after the last line feed. */
  readonly complete: boolean
}

function* readLines(fd: number): Generator<Line, void> {
  const decoder = new StringDecoder('utf8')
  const chunk = Buffer.allocUnsafe(64 * 1024)
  let rest = ''
  for (;;) {
    const length = readSync(fd, chunk, 0, chunk.length, null)
    if (length === 0) break
    const parts = (rest + decoder.write(chunk.subarray(0, length))).split('\n')
    rest = parts.pop() ?? ''
    for (const text of parts) yield { text, complete: true }
    // A foreign file may be one endless line: stop before it fills the memory.
    if (rest.length > longestLine) break
  }
  rest += decoder.end()
  if (rest !== '') yield { text: rest, complete: false }
}

/** Nothing for text that is not JSON; no JSON text stands for `undefined`. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
