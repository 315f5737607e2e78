import { parse, plan } from '../../lib/index.ts'
import { type ExitCode, exit, UsageError } from '../exit.ts'
import { readSource } from '../read.ts'
import { codeOf, printDiagnostics, writeOut } from '../report.ts'

export interface PlanArguments {
  readonly file: string
  readonly machine?: readonly string[] | undefined
}

export function run({ file, machine }: PlanArguments): ExitCode {
  const source = readSource(file)
  const planned = plan(parse(source.text))
  printDiagnostics(planned.diagnostics, source)
  if (!planned.ok) return codeOf(planned.diagnostics, false)
  const unknown = machine?.find((name) => !planned.value.some((candidate) => candidate.name === name))
  if (unknown !== undefined) throw new UsageError(`the document has no machine "${unknown}"`)
  const chosen = planned.value.filter(({ name }) => machine === undefined || machine.includes(name))
  writeOut(`${JSON.stringify(chosen, null, 2)}\n`)
  return exit.fine
}
