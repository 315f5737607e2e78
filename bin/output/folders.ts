import { chmodSync, lstatSync, mkdirSync, rmdirSync } from 'node:fs'
import { errorCode } from './file.ts'
import { folderOf } from './path.ts'

/** What stands where the folder of a file should be. `blocked`: it must not be used, `reason` says why. */
export type FolderState =
  | { readonly kind: 'folder' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'blocked'; readonly reason: string }

const folder: FolderState = { kind: 'folder' }
const missing: FolderState = { kind: 'missing' }
const folderMode = 0o755

/**
 * Looks at every folder between the output folder and a file, so that no symbolic link is ever followed.
 * Paths come sorted, hence remembering the folders of the last path is enough to look at each once.
 */
export class Folders {
  readonly #root: string
  readonly #rootState: FolderState
  #current = ''
  #chain: { readonly name: string; state: FolderState }[] = []

  constructor(root: string, rootExists: boolean) {
    this.#root = root
    this.#rootState = rootExists ? folder : missing
  }

  /** The state of the folder that holds `path`. */
  look(path: string): FolderState {
    const wanted = folderOf(path)
    if (wanted !== this.#current) this.#enter(wanted === '' ? [] : wanted.split('/'))
    return this.#chain.at(-1)?.state ?? this.#rootState
  }

  /** As `look`, and creates what is missing. */
  make(path: string): FolderState {
    const state = this.look(path)
    if (state.kind !== 'missing') return state
    let full = this.#root
    for (const link of this.#chain) {
      full += `/${link.name}`
      if (link.state.kind !== 'missing') continue
      makeFolder(full)
      link.state = folder
    }
    return folder
  }

  #enter(names: readonly string[]): void {
    let shared = 0
    while (shared < this.#chain.length && this.#chain[shared]?.name === names[shared]) shared++
    this.#chain.length = shared
    this.#current = names.slice(0, shared).join('/')
    for (const name of names.slice(shared)) {
      const above = this.#chain.at(-1)?.state ?? this.#rootState
      const path = this.#current === '' ? name : `${this.#current}/${name}`
      this.#chain.push({ name, state: above.kind === 'folder' ? this.#inspect(path) : above })
      this.#current = path
    }
  }

  #inspect(path: string): FolderState {
    const stat = lstatSync(`${this.#root}/${path}`, { throwIfNoEntry: false })
    if (stat === undefined) return missing
    if (stat.isDirectory()) return folder
    if (stat.isSymbolicLink())
      return { kind: 'blocked', reason: `${path} is a symbolic link, which is not followed` }
    return { kind: 'blocked', reason: `${path} is a file where a folder is needed` }
  }
}

function makeFolder(full: string): void {
  mkdirSync(full, { mode: folderMode })
  const { mode } = lstatSync(full)
  // The umask took bits away. A set-group-ID bit inherited from the folder above stays.
  if ((mode & 0o777) !== folderMode) chmodSync(full, (mode & 0o7000) | folderMode)
}

/** Removes a folder and those above it, up to the output folder, as far as they are empty. */
export function pruneFolders(root: string, start: string): void {
  for (let path = start; path !== ''; path = folderOf(path)) {
    try {
      rmdirSync(`${root}/${path}`)
    } catch (error) {
      // Not empty, or not ours to remove: it stays, and so do those above. Already gone: they may be empty.
      if (errorCode(error) !== 'ENOENT') return
    }
  }
}
