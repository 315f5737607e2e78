import {
  type Config,
  type Diagnostic,
  generateLazily,
  parse,
  type ResolvedMachine,
  resolve,
  validate,
} from '../../lib/index.ts'
import type { ExitCode } from '../exit.ts'
import { readSource } from '../read.ts'
import { codeOf, printDiagnostics, writeOut } from '../report.ts'

export interface ValidateArguments {
  readonly file: string
  readonly strict: boolean
  readonly format: 'text' | 'json'
}

export function run({ file, strict, format }: ValidateArguments): ExitCode {
  const source = readSource(file)
  const checked = validate(parse(source.text))
  const found = checked.ok ? findTooLarge(checked.value) : []
  const diagnostics = [...checked.diagnostics, ...found]
  const code = codeOf(diagnostics, strict)
  if (format === 'json')
    writeOut(`${JSON.stringify({ file: source.filename, ok: code === 0, diagnostics }, null, 2)}\n`)
  else {
    printDiagnostics(diagnostics, source)
    if (code === 0) process.stderr.write(`${source.filename}: the document is valid\n`)
  }
  return code
}

/**
 * User-data that the named platform will not take: only the output shows it, and who validates wants to know before a pipeline does.
 * A fleet is not generated for that: the machine of each group that has most to say is tried.
 */
function findTooLarge(config: Config): Diagnostic[] {
  if (config.document.cloudInit?.platform === undefined) return []
  const resolved = resolve(config)
  if (!resolved.ok) return []
  const machines = chooseLargest(resolved.value.machines)
  const generated = generateLazily(config, { targets: ['cloud-init'], machines })
  if (!generated.ok) return []
  for (const _ of generated.value.artifacts());
  return generated.value.diagnostics().filter(({ code }) => code === 'user-data-too-large')
}

function chooseLargest(machines: readonly ResolvedMachine[]): string[] {
  const largest = new Map<string | undefined, { name: string; length: number }>()
  for (const { name, group, addresses, localAddresses, ports } of machines) {
    const { length } = JSON.stringify([name, addresses, localAddresses, ports])
    if (length > (largest.get(group)?.length ?? 0)) largest.set(group, { name, length })
  }
  return [...largest.values()].map(({ name }) => name)
}
