import { dump } from 'js-yaml'
import type { MachineFile } from '../../files/machine-files.ts'

/** One entry of cloud-init's `write_files`. The owner is `root:root`, its default: platforms count bytes. */
export interface WriteFile {
  readonly path: string
  /** Octal text such as `0644`; a number would be read in decimal by some versions. */
  readonly permissions: string
  readonly content: string
}

/** The entry of a file. Machines with the same mesh layer share its files, and so their entries; nobody can change those. */
export const entryOf = oncePerMeshFile(
  ({ path, mode, content }): WriteFile =>
    Object.freeze({
      path,
      permissions: mode.toString(8).padStart(4, '0'),
      content,
    }),
)

/** What is made of a file of the mesh layer is made once, however many machines have it. */
export function oncePerMeshFile<T>(make: (file: MachineFile) => T): (file: MachineFile) => T {
  const made = new WeakMap<MachineFile, T>()
  return (file) => {
    if (file.layer !== 'mesh') return make(file)
    const found = made.get(file) ?? make(file)
    made.set(file, found)
    return found
  }
}

/** Indented by as little as YAML takes, since platforms count its bytes. */
const layout = { lineWidth: -1, noRefs: true, indent: 1, seqNoIndent: true } as const

const texts = new WeakMap<WriteFile, string>()

/** A list of one entry, under its key. What is frozen is written once: most of a fleet's time went into the same texts again. */
function printEntry(entry: WriteFile): string {
  const text = texts.get(entry) ?? dump({ write_files: [entry] }, layout)
  if (Object.isFrozen(entry)) texts.set(entry, text)
  return text
}

/**
 * The same bytes as `dump(config)`, from several of its outcomes: the keys before the files, each file alone, the keys after
 * them. Those may be joined, because neither a key of the document nor an item of an unindented list depends on its neighbours;
 * every character is js-yaml's, and a test compares with the whole dump.
 */
export function printJoined(config: { readonly write_files: readonly WriteFile[] }): string {
  const keys = Object.entries(config)
  const place = keys.findIndex(([key]) => key === 'write_files')
  const [first, ...rest] = config.write_files.map(printEntry)
  if (first === undefined) return dump(config, layout)
  const parts = [
    printKeys(keys.slice(0, place)),
    first,
    ...rest.map((text) => text.slice(text.indexOf('\n') + 1)), // the key is there already
    printKeys(keys.slice(place + 1)),
  ].filter((text) => text !== '')
  const last = parts.pop() ?? ''
  return parts.map(withoutEnd).join('') + last
}

/** Without the mark of a document's end, which js-yaml puts behind a text that ends in empty lines. */
function withoutEnd(text: string): string {
  return text.endsWith('\n...\n') ? text.slice(0, -'...\n'.length) : text
}

function printKeys(keys: readonly (readonly [string, unknown])[]): string {
  return keys.length === 0 ? '' : dump(Object.fromEntries(keys), layout)
}
