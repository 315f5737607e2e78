import { parse, plan } from '../../lib/index.ts'
import { type ExitCode, exit } from '../exit.ts'
import { readSource } from '../read.ts'
import { codeOf, printDiagnostics, writeOut } from '../report.ts'

export interface PlanArguments {
  readonly file: string
  readonly machine?: readonly string[] | undefined
}

export function run({ file, machine }: PlanArguments): ExitCode {
  const source = readSource(file)
  const planned = plan(parse(source.text), machine === undefined ? {} : { machines: machine })
  printDiagnostics(planned.diagnostics, source)
  if (!planned.ok) return codeOf(planned.diagnostics, false)
  writeOut(`${JSON.stringify(planned.value, null, 2)}\n`)
  return exit.fine
}
