import { defaultServerName, defaultSpiffeId } from '../../config/identity.ts'
import type { Port, ResolvedConfig, ResolvedGroup, ResolvedMachine } from '../../config/resolved.ts'
import { refuseJinja } from '../../escape/jinja.ts'
import { optionName } from './variables.ts'

/** Variables of a host or of a group, by name without the role's prefix. */
type Values = Readonly<Record<string, unknown>>

/** The group of the inventory that all machines are in. */
export const inventoryGroup = 'linkerd_machines'

/** `inventory.yml`: the machines with what each alone has, in groups with what these give. */
export function printInventory(config: ResolvedConfig, machines: readonly ResolvedMachine[]): object {
  const hosts = hostsOf(config, machines, undefined)
  const children = config.groups.flatMap((group) => {
    if (group.name === undefined) return []
    const members = hostsOf(config, machines, group)
    const vars = withPrefix({ group: group.name, ...groupValues(group) })
    return [[groupName(group.name), { ...(hasKeys(members) ? { hosts: members } : {}), vars }] as const]
  })
  return {
    [inventoryGroup]: {
      ...(hasKeys(hosts) ? { hosts } : {}),
      ...(children.length === 0 ? {} : { children: Object.fromEntries(children) }),
    },
  }
}

/** Ansible takes no hyphens in names of groups; the document's names have no underscores. */
function groupName(name: string): string {
  return `linkerd_group_${name.replaceAll('-', '_')}`
}

function groupValues({ namespace, ports, identity }: ResolvedGroup): Values {
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(ports.length === 0 ? {} : { ports: viewPorts(ports) }),
    ...(identity.spiffeId === undefined ? {} : { spiffe_id: identity.spiffeId }),
    ...(identity.serverName === undefined ? {} : { server_name: identity.serverName }),
  }
}

function hostsOf(
  config: ResolvedConfig,
  machines: readonly ResolvedMachine[],
  group: ResolvedGroup | undefined,
): Record<string, object> {
  const given = group === undefined ? {} : groupValues(group)
  const members = machines.filter((machine) => machine.group === group?.name)
  return Object.fromEntries(members.map((machine) => [machine.name, viewHost(config, machine, given)]))
}

/** What neither the group nor the role's defaults say already. */
function viewHost({ spire, mesh }: ResolvedConfig, machine: ResolvedMachine, given: Values): object {
  const { name, namespace, identity } = machine
  const addresses = machine.addresses.map(({ text }) => text)
  const local = machine.localAddresses.map(({ text }) => text)
  const values: Values = {
    namespace,
    addresses,
    local_addresses: local,
    ports: viewPorts(machine.ports),
    spiffe_id: identity.spiffeId,
    server_name: identity.serverName,
  }
  const known: Values = {
    addresses: [],
    local_addresses: addresses,
    ports: [],
    spiffe_id: defaultSpiffeId(spire.trustDomain, namespace, name),
    server_name: defaultServerName(mesh.clusterDomain, namespace, name),
    ...given,
  }
  const own = Object.entries(values).filter(([key, value]) => !isSame(value, known[key]))
  const [host] = addresses
  return { ...(host === undefined ? {} : { ansible_host: host }), ...withPrefix(Object.fromEntries(own)) }
}

function viewPorts(ports: readonly Port[]): object[] {
  return ports.map(({ name, port, opaque }) => ({ name, port, ...(opaque ? { opaque } : {}) }))
}

function withPrefix(values: Values): Record<string, unknown> {
  refuseJinja(JSON.stringify(values).replaceAll('{"', '{ "'))
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [optionName(key), value]))
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function hasKeys(value: object): boolean {
  return Object.keys(value).length > 0
}
