import type { Report } from '../../diagnostics/diagnostic.ts'
import { pointer } from '../../diagnostics/pointer.ts'
import { nodeOf } from '../../kinds/attestors/index.ts'
import { type Draft, isAbsent } from '../draft.ts'
import { defaultParentId, defaultServerName, defaultSpiffeId, instanceName } from '../identity.ts'
import { instancesOf, isFound, listOf } from '../instances.ts'
import { type LayeredMachine, layerMachine } from '../layers.ts'
import { type Address, parseAddress } from '../network.ts'
import type { NodeIdentity } from '../resolved.ts'
import { type LinkerdVersion, parseLinkerdVersion } from '../versions.ts'

/** A machine as the checks see it: what could be read of it, with groups and defaults applied. */
export interface MachineView extends LayeredMachine {
  readonly path: string
  readonly name: string | undefined
  readonly group: string | undefined
  readonly role: 'server' | 'client'
  readonly namespace: string | undefined
  /** True for a group of instances: what is by name is by the names that they find. */
  readonly isInstances: boolean
  /** True where the addresses are found at boot. */
  readonly findsAddresses: boolean
  readonly addresses: readonly { readonly address: Address; readonly path: string }[]
  readonly localAddresses: MachineView['addresses']
  readonly ports: readonly {
    readonly name: string | undefined
    readonly port: number | undefined
    /** Undefined where the document does not say it; false as well where what it says does not fit. */
    readonly opaque: boolean | undefined
    readonly path: string
  }[]
  readonly spiffeId: string | undefined
  readonly serverName: string | undefined
  readonly parentId: string | undefined
  /** What the SPIRE server knows it by. */
  readonly node: NodeIdentity | undefined
}

/** What every check is handed. Checks look at what is there and keep silent about what is missing. */
export interface CheckContext {
  readonly draft: Draft
  readonly machines: readonly MachineView[]
  readonly linkerd: LinkerdVersion | undefined
  readonly report: Report
  /** False where the place was asked about before: what machines have of a group is looked at once. */
  readonly isNew: (path: string) => boolean
}

export type Check = (context: CheckContext) => void

export function createContext(draft: Draft, report: Report): CheckContext {
  const machines = (draft.machines ?? []).flatMap((machine, index) =>
    machine === undefined ? [] : [viewMachine(draft, machine, pointer('/machines', index))],
  )
  for (const { group, path } of instancesOf(draft)) machines.push(viewMachine(draft, { group }, path))
  const version = draft.mesh?.linkerdVersion
  const linkerd = version === undefined ? undefined : parseLinkerdVersion(version)
  const seen = new Set<string>()
  const isNew = (path: string): boolean => {
    if (seen.has(path)) return false
    seen.add(path)
    return true
  }
  return { draft, machines, linkerd, report, isNew }
}

type Machine = NonNullable<NonNullable<Draft['machines']>[number]>

function viewMachine(draft: Draft, machine: Machine, path: string): MachineView {
  const layered = layerMachine(draft, machine, path)
  const { settings } = layered
  const isInstances = path.startsWith('/groups/')
  // Whether names of instances come out well-formed is asked of the group's.
  const name = isInstances ? machine.group : machine.name
  const { namespace } = settings
  const trustDomain = draft.spire?.trustDomain
  const clusterDomain = draft.mesh?.clusterDomain ?? 'cluster.local'
  const node =
    name === undefined ? undefined : nodeOf(draft, isInstances ? instanceName : name, settings.attestation)
  const known = name !== undefined && namespace !== undefined
  return {
    ...layered,
    path,
    name,
    group: machine.group,
    role: settings.role ?? 'server',
    namespace,
    isInstances,
    findsAddresses: isInstances || isFound(machine.addresses),
    addresses: readAddresses(listOf(machine.addresses), pointer(path, 'addresses')),
    localAddresses: readAddresses(machine.localAddresses, pointer(path, 'localAddresses')),
    ports: (settings.ports ?? []).flatMap((port, index) =>
      port === undefined
        ? []
        : [
            {
              name: port.name,
              port: port.port,
              opaque: port.opaque ?? (isAbsent(port, 'opaque') ? undefined : false),
              path: layered.originOf('ports', index),
            },
          ],
    ),
    spiffeId:
      settings.identity?.spiffeId ??
      (known && trustDomain !== undefined ? defaultSpiffeId(trustDomain, namespace, name) : undefined),
    serverName:
      settings.identity?.serverName ??
      (known ? defaultServerName(clusterDomain, namespace, name) : undefined),
    parentId:
      settings.parentId ??
      (name !== undefined && trustDomain !== undefined
        ? defaultParentId(trustDomain, name, node)
        : undefined),
    node,
  }
}

function readAddresses(
  list: readonly (string | undefined)[] | undefined,
  path: string,
): MachineView['addresses'] {
  return (list ?? []).flatMap((text, index) => {
    const address = text === undefined ? undefined : parseAddress(text)
    return address === undefined ? [] : [{ address, path: pointer(path, index) }]
  })
}

/** A role that does not fit has been reported; it may have been meant to be `client`. */
export function isServer({ role, settings }: MachineView): boolean {
  return role === 'server' && (settings.role !== undefined || isAbsent(settings, 'role'))
}

/** Remembers who was first, so that a second one can be told. */
export function createClaims(): (key: string, owner: string) => string | undefined {
  const owners = new Map<string, string>()
  return (key, owner) => {
    const first = owners.get(key)
    if (first === undefined) owners.set(key, owner)
    return first
  }
}

/** A machine, or a group of instances, in a sentence. */
export function describeMachine({ name, path, isInstances }: MachineView): string {
  if (name === undefined) return path
  return isInstances ? `group "${name}"` : `machine "${name}"`
}

/** Whether the document is for more than one machine, so that what is right on one of them alone has no place in it. */
export function isForSeveral(machines: readonly MachineView[]): boolean {
  return machines.length > 1 || machines.some(({ isInstances }) => isInstances)
}

/** How the agent attests, of which a document that is being checked may lack any part. */
export type AttestationDraft = NonNullable<NonNullable<NonNullable<Draft['spire']>['agent']>['attestation']>

/** What the proxy listens on beside an admin port of the document's own choice. */
export const proxyListeners = {
  4140: "the proxy's outbound listener",
  4143: "the proxy's inbound listener",
  4190: "the proxy's tap listener",
  4191: "the proxy's admin listener",
} as const

/** Whose the port is; undefined where it is none of the proxy's. */
export function proxyListener(port: number): string | undefined {
  return (proxyListeners as Readonly<Record<number, string>>)[port]
}
