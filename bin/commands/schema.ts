import { schema } from '../../lib/schema.ts'
import { type ExitCode, exit } from '../exit.ts'
import { writeOut } from '../report.ts'

export function run(): ExitCode {
  writeOut(`${JSON.stringify(schema, null, 2)}\n`)
  return exit.fine
}
