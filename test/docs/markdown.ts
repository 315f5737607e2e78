/** Reads the project's own texts: their fenced blocks, links and the files that they name. */
import { readFileSync, writeFileSync } from 'node:fs'

/** One fenced block. */
export interface Block {
  /** What follows the fence, such as `yaml`. */
  readonly info: string
  readonly body: string
  /** The text of a comment in the line above, such as `examples/minimal.yaml`; empty without one. */
  readonly label: string
  readonly line: number
}

const fence = /(?:^<!-- (.*) -->\n)?^```(\w+)\n((?:.*\n)*?)^```$/gm

/** The fenced blocks of a page, in order. Indented ones, inside lists, are not among them. */
export function readBlocks(page: string): Block[] {
  const text = readFileSync(page, 'utf8')
  return [...text.matchAll(fence)].map((match) => {
    const [whole, label = '', info = '', body = ''] = match
    const before = text.slice(0, match.index + whole.indexOf('```'))
    return { info, body, label, line: before.split('\n').length }
  })
}

/** Puts another body into a block; for `UPDATE_GOLDEN=1` only. */
export function replaceBlock(page: string, block: Block, body: string): void {
  const lines = readFileSync(page, 'utf8').split('\n')
  lines.splice(block.line, block.body.split('\n').length - 1, ...body.split('\n').slice(0, -1))
  writeFileSync(page, lines.join('\n'))
}

/** How a page that is published names a file that is not: the file of the repository. */
export const inRepository = 'https://github.com/meshjoin/meshjoin/blob/main/'

/** Targets of the links of a page that lead to files beside it, without their fragments. */
export function readLinks(page: string): string[] {
  return readTargets(page).filter((target) => target !== '' && !/^[a-z]+:/.test(target))
}

/** Files of this repository that a page links to by their address on GitHub, as paths from the root. */
export function readRepositoryLinks(page: string): string[] {
  return readTargets(page)
    .filter((target) => target.startsWith(inRepository))
    .map((target) => target.slice(inRepository.length))
}

function readTargets(page: string): string[] {
  const text = readFileSync(page, 'utf8').replace(fence, '')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target.replace(/#.*/, ''))
}
