import { pointer } from '../diagnostics/pointer.ts'
import type { MachineDefaults } from '../generated/document.ts'
import type { DeepPartial, Draft } from './draft.ts'

type Machine = NonNullable<NonNullable<Draft['machines']>[number]>

/** What a machine may get from above, and what it may set itself. */
export type Settings = DeepPartial<MachineDefaults>

/** One source of settings, with its place in the document. */
interface Layer {
  readonly path: string
  readonly settings: unknown
}

/** The settings of a machine, merged, with the place that each one comes from. */
export interface LayeredMachine {
  readonly settings: Settings
  /** JSON Pointer of the field that decides a setting; empty where nothing in the document does. */
  readonly originOf: (...keys: readonly (string | number)[]) => string
}

/** Document < defaults < group < machine: maps merge key by key, lists and scalars replace. */
export function layerMachine(draft: Draft, machine: Machine, path: string): LayeredMachine {
  const { layers, merged } = layerGroup(draft, machine.group)
  return {
    settings: mergeValues(merged, machine) as Settings,
    originOf: (...keys) => findOrigin([...layers, { path, settings: machine }], keys),
  }
}

interface Below {
  readonly layers: readonly Layer[]
  readonly merged: unknown
}

const below = new WeakMap<Draft, Map<string | undefined, Below>>()

/** What lies below the machines of a group, put together once for all of them. */
function layerGroup(draft: Draft, name: string | undefined): Below {
  const groups = below.get(draft) ?? new Map<string | undefined, Below>()
  below.set(draft, groups)
  const found = groups.get(name) ?? mergeLayers(draft, name)
  groups.set(name, found)
  return found
}

function mergeLayers(draft: Draft, name: string | undefined): Below {
  const layers: readonly Layer[] = [
    { path: '', settings: documentSettings(draft) },
    { path: '/defaults', settings: draft.defaults },
    { path: pointer('/groups', name ?? ''), settings: findGroup(draft, name) },
  ]
  return {
    layers,
    merged: layers.reduce<unknown>((merged, layer) => mergeValues(merged, layer.settings), {}),
  }
}

/** The settings of a group, where the document defines it. */
export function findGroup(draft: Draft, name: string | undefined): Settings | undefined {
  const { groups = {} } = draft
  return name !== undefined && Object.hasOwn(groups, name) ? groups[name] : undefined
}

/** What the document itself says of all machines. */
function documentSettings(draft: Draft): Settings {
  const { redirect, proxy } = draft
  const policy = proxy?.defaultInboundPolicy
  return {
    ...(redirect === undefined ? {} : { redirect }),
    ...(policy === undefined ? {} : { proxy: { defaultInboundPolicy: policy } }),
  }
}

function mergeValues(below: unknown, above: unknown): unknown {
  if (above === undefined) return below
  if (!isMap(below) || !isMap(above)) return above
  const merged: Record<string, unknown> = { ...below }
  for (const [key, value] of Object.entries(above)) merged[key] = mergeValues(merged[key], value)
  return merged
}

function findOrigin(layers: readonly Layer[], keys: readonly (string | number)[]): string {
  for (const layer of layers.toReversed()) {
    let value: unknown = layer.settings
    for (const key of keys)
      value =
        isMap(value) || Array.isArray(value) ? (value as Record<string | number, unknown>)[key] : undefined
    if (value !== undefined) return pointer(layer.path, ...keys)
  }
  return ''
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
