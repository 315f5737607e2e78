import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type ExitCode, exit, IoError } from '../exit.ts'
import { writeOut } from '../report.ts'

/** Gives editors with a YAML language server completion and hover texts. */
const editorLine = '# yaml-language-server: $schema=node_modules/meshjoin/schemas/meshjoin.v1.schema.json\n'

export function run(example: string): ExitCode {
  writeOut(editorLine + readExample(example))
  return exit.fine
}

/** `examples/` stands beside `bin/` in the sources, and beside `dist/` in the package. */
function readExample(name: string): string {
  for (const root of ['../..', '../../..', '..']) {
    try {
      return readFileSync(fileURLToPath(new URL(`${root}/examples/${name}.yaml`, import.meta.url)), 'utf8')
    } catch {
      // not there: one level further up
    }
  }
  throw new IoError(`examples/${name}.yaml: the package is damaged`)
}
