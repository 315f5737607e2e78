import type { ResolvedConfig, ResolvedGroup, ResolvedMachine } from '../config/resolved.ts'
import { type EnvironmentEntry, type EnvironmentIdentity, planMachineEnvironment } from './environment.ts'
import type { MeshPlan } from './plan.ts'
import { networksAround, planRedirect } from './redirect.ts'
import type { RedirectRule } from './rule.ts'
import type { ServedAddresses } from './served.ts'
import type { VariableList } from './value.ts'

/** The variables that stand for what a machine is and serves. */
export interface MachineVariables {
  readonly identity: EnvironmentIdentity
  readonly ports: VariableList
  readonly served: ServedAddresses
}

/** A machine by variables, for all machines of one shape. */
export interface SymbolicPlan {
  /** The group that the shape belongs to; undefined for machines without one. */
  readonly group: ResolvedGroup
  /** Networks of the cluster that the machines themselves are in, by their place in the document. */
  readonly inside: readonly number[]
  readonly mesh: MeshPlan
  readonly environment: readonly EnvironmentEntry[]
  readonly rules: readonly RedirectRule[]
  readonly served: ServedAddresses
}

/**
 * The shapes that machines have: what their files differ in beyond values. A group has one, and one more for each set of
 * cluster networks that machines of it are in themselves, since these get rules for the directory of that network.
 */
export function planSymbolic(
  config: ResolvedConfig,
  planLayer: (group: ResolvedGroup) => MeshPlan,
  variables: MachineVariables,
): SymbolicPlan[] {
  const groups = new Map(config.groups.map((group) => [group.name, group]))
  const shapes = new Map<string, SymbolicPlan>()
  const add = (group: ResolvedGroup, machine: Pick<ResolvedMachine, 'addresses' | 'localAddresses'>) => {
    const inside = networksAround(config, machine).map(([index]) => index)
    const key = JSON.stringify([group.name, inside])
    if (shapes.has(key)) return
    const { redirect } = group
    const { ports, served } = variables
    shapes.set(key, {
      group,
      inside,
      mesh: planLayer(group),
      environment: planMachineEnvironment(variables.identity),
      rules: planRedirect(config, { ...machine, served, redirect, ports, originOf: () => '' }),
      served,
    })
  }
  for (const group of config.groups) add(group, { addresses: [], localAddresses: [] })
  for (const machine of config.machines) {
    // Whoever runs a role knows the addresses of its hosts.
    if (machine.boot !== undefined) continue
    const group = groups.get(machine.group)
    if (group !== undefined) add(group, machine)
  }
  return [...shapes.values()]
}
