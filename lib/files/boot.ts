import { escapeShellWord } from '../escape/shell.ts'
import { machineFields } from '../generated/machine-variables.ts'
import type { BootPlan } from '../plan/boot.ts'
import type { MachinePlan } from '../plan/plan.ts'

/** What a machine is to find. */
export const bootPath = '/etc/linkerd/boot.env'

/** What a file is called until the machine has filled in what it finds. */
export const unfilled = '.in'

/** Sourced by `mesh-machine-boot`: one assignment a line, every value in single quotes. The patterns are the schema's. */
export function printBootData(
  { name, namespace }: Pick<MachinePlan, 'name' | 'namespace'>,
  boot: BootPlan,
): string {
  const values: Record<string, string | undefined> = {
    NAME: boot.name === undefined ? name : undefined,
    NAME_FROM: boot.name,
    NAME_PATTERN: boot.name && machineFields.name.pattern,
    NAME_LENGTH: boot.name && String(boot.nameLength),
    NAMESPACE: namespace,
    ADDRESS_PATTERN: machineFields.addresses.pattern,
    ADDRESS_LENGTH: String(machineFields.addresses.maxLength),
    ROUTES_TO: boot.routesTo.join(' '),
    INTERFACE: boot.interface,
  }
  const lines = Object.entries(values).map(([key, value]) =>
    value === undefined ? '' : `${key}=${escapeShellWord(value)}\n`,
  )
  return `# Read by mesh-machine-boot. Written by meshjoin.\n${lines.join('')}`
}

/** The path of a file of the machine once it is filled in. */
export function filledPath(path: string): string {
  return path.endsWith(unfilled) ? path.slice(0, -unfilled.length) : path
}
