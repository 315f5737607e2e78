import { pointer } from '../diagnostics/pointer.ts'
import type { MachineAddresses, MeshjoinDocument } from '../generated/document.ts'
import type { DeepPartial, Draft } from './draft.ts'
import type { Boot } from './resolved.ts'

type Addresses = MachineAddresses | DeepPartial<MachineAddresses> | undefined
type BootAddresses = Exclude<Addresses, readonly unknown[] | undefined>

/** The addresses that a document gives; none where the machine finds them when it boots. */
export function listOf(addresses: MachineAddresses | undefined): readonly string[]
export function listOf(addresses: Addresses): readonly (string | undefined)[]
export function listOf(addresses: Addresses): readonly (string | undefined)[] {
  return addresses === undefined || isFound(addresses) ? [] : addresses
}

/** Whether a machine finds its addresses when it boots. */
export function isFound(addresses: Addresses): addresses is BootAddresses {
  return addresses !== undefined && !Array.isArray(addresses)
}

/** The groups that are machines themselves, of any number of copies. */
export function instancesOf({ groups = {} }: Draft): { readonly group: string; readonly path: string }[] {
  return Object.entries(groups).flatMap(([group, settings]) =>
    settings?.instances === undefined ? [] : [{ group, path: pointer('/groups', group) }],
  )
}

/** What a machine finds when it boots; of one without a name, as its group's `instances` say. */
export function bootOf(
  { groups = {} }: MeshjoinDocument,
  machine: { readonly name?: string; readonly group?: string; readonly addresses?: MachineAddresses },
): Boot | undefined {
  const { name, group = '', addresses } = machine
  if (name === undefined) {
    const instances = groups[group]?.instances
    return instances && { name: instances.name, interface: instances.interface }
  }
  return isFound(addresses) ? { name: undefined, interface: addresses.interface } : undefined
}
