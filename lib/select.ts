import type { ResolvedConfig, ResolvedMachine } from './config/resolved.ts'
import type { Report } from './diagnostics/diagnostic.ts'
import { suggestWord } from './diagnostics/suggestion.ts'

/** The machines that were asked for, in the document's order; all where nobody asked. */
export function selectMachines(
  config: ResolvedConfig,
  names: readonly string[] | undefined,
  report: Report,
): readonly ResolvedMachine[] {
  if (names === undefined) return config.machines
  const known = new Set(config.machines.map(({ name }) => name))
  for (const name of names) {
    if (!known.has(name))
      report('machine-unknown', '', { machine: name, suggestion: suggestWord(name, [...known]) })
  }
  const wanted = new Set(names)
  return config.machines.filter(({ name }) => wanted.has(name))
}
