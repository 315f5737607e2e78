/** A valid document that gives no diagnostic at all, and the means to change one thing in it. */
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** The text to find, which must be there exactly once, and its replacement. */
export type Edit = readonly [from: string, to: string]

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

/** One of the documents of examples/. */
export function readExample(name: 'minimal' | 'walkthrough' | 'fleet' | 'autoscaling'): string {
  return read(`../../../examples/${name}.yaml`)
}

/** A certificate of test/unit/config/certificates. */
export function readCertificate(name: string): string {
  return read(`../config/certificates/${name}.pem`)
}

/** A private key is made when it is needed: none is ever stored. */
export function makePrivateKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** The example without its own comments and line breaks in flow maps, so that edits do not depend on its layout. */
const plain = readExample('minimal')
  .replace(/ +# .*$/gm, '')
  .replace(/:\n +\{/g, ': {')
  .replace(/\{ /g, '{')
  .replace(/ \}/g, '}')

export const base = `${edit(plain, [
  ['  version: v2.368.0\n', '  version: v2.368.0\n  defaultInboundPolicy: all-unauthenticated\n'],
])}cloudInit: {platform: nocloud}\n`

/** Applies edits; one that does not fit exactly once is a mistake of the test. */
export function edit(text: string, edits: readonly Edit[]): string {
  return edits.reduce((current, [from, to]) => {
    const parts = current.split(from)
    if (parts.length !== 2) throw new Error(`${JSON.stringify(from)} is there ${parts.length - 1} times`)
    return parts.join(to)
  }, text)
}

/** Takes the mark « out of a text and says where it was. */
export function takeMark(text: string): {
  readonly text: string
  readonly line: number
  readonly column: number
} {
  const parts = text.split('«')
  if (parts.length !== 2) throw new Error(`the text has ${parts.length - 1} marks`)
  const before = (parts[0] ?? '').split('\n')
  return { text: parts.join(''), line: before.length, column: (before.at(-1) ?? '').length + 1 }
}

/** The trust anchors of the base, replaced by other PEM text. The mark stands before its first line. */
export function anchors(pem: string): Edit {
  const block = /trustAnchors: \|\n((?: {4}.*\n)+)/.exec(base)?.[1]
  if (block === undefined) throw new Error('the base has no trust anchors')
  return [block, `    «${pem.trimEnd().split('\n').join('\n    ')}\n`]
}
