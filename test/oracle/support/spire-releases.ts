import { join } from 'node:path'
import { load } from 'js-yaml'
import { oldestSpire } from '../../../lib/config/versions.ts'
import { type Artifact, generate, type MeshjoinDocument } from '../../../lib/index.ts'
import { readCarriers } from './carriers.ts'
import { readDocuments } from './cases.ts'
import { cache } from './root.ts'

/** The SPIRE releases that judge: the newest that we know, and the oldest that we support. */
export const releases = ['newest', 'oldest'] as const
export type Release = (typeof releases)[number]

/** The folder with the programs of a release. */
export function programsOf(release: Release): string {
  return join(cache, release === 'newest' ? 'spire' : 'spire-oldest')
}

/** What is generated from every document of ours, for the version that it names or for the oldest. */
export function generateAll(release: Release, targets: readonly string[]): Map<string, readonly Artifact[]> {
  const all = new Map<string, readonly Artifact[]>()
  for (const [name, text] of [...readDocuments(), ...readCarriers()]) {
    const document = load(text) as Mutable
    const { agent } = document.spire
    if (release === 'oldest' && agent.from !== 'existing') agent.version = oldestSpire
    const { value = [], diagnostics } = generate(document, { targets })
    // What the oldest lacks, the table of versions knows; no other finding may come with the version.
    const known = release === 'oldest' && diagnostics.some(({ code }) => code === 'spire-too-old')
    if (!known) all.set(name, value)
  }
  return all
}

/** The contents of a file of machines or servers, each once, by the document that has it first. */
export function distinct(all: ReadonlyMap<string, readonly Artifact[]>, end: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const [name, artifacts] of all)
    for (const { path, content } of artifacts)
      if (path.endsWith(end) && !found.has(String(content))) found.set(String(content), name)
  return found
}

type Mutable = MeshjoinDocument & { spire: { agent: { version?: string } } }
