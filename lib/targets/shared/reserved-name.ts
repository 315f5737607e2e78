import type { ResolvedConfig } from '../../config/resolved.ts'
import type { Report } from '../../diagnostics/diagnostic.ts'

/** Refuses a machine, or a group of instances, whose folder would be one that the target has for something else. */
export function checkReserved(config: ResolvedConfig, name: string, report: Report): void {
  for (const machine of config.machines) {
    if (machine.name !== name) continue
    // Instances have the name of their group, which is a key.
    const isGroup = machine.boot?.name !== undefined
    report(
      'name-reserved',
      isGroup ? machine.path : `${machine.path}/name`,
      { name },
      isGroup ? 'key' : 'value',
    )
  }
}
