import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'

/** A document as data, to be changed. */
// biome-ignore lint/suspicious/noExplicitAny: the schema's types are for whole documents only
export type Document = Record<string, any>

const root = join(import.meta.dirname, '../../..')

/** The example with one machine. */
export function readMinimal(): Document {
  return read('examples/minimal.yaml')
}

/** Two groups, both families of addresses. */
export function readGroups(): Document {
  return read('test/golden/dual-stack-groups/input.yaml')
}

/** The groups' document, with rules for nft, and without what depends on the ports of one group. */
export function readNftables(): Document {
  const document = readGroups()
  const { healthCheck: _, ...web } = document.groups.web
  return { ...document, redirect: { backend: 'nftables' }, groups: { ...document.groups, web } }
}

function read(path: string): Document {
  return load(readFileSync(join(root, path), 'utf8')) as Document
}
