import { instanceName } from '../config/identity.ts'
import { addressOf, type Family } from '../config/network.ts'
import type { Boot, ResolvedConfig, ResolvedMachine } from '../config/resolved.ts'
import { type EnvironmentIdentity, environmentIdentity } from './environment.ts'
import type { ServedAddresses } from './served.ts'
import { isVariable, type List, literalNotation, type Notation, type Text } from './value.ts'

/** What the machine is told to find when it boots, and how to tell that it is no nonsense. */
export interface BootPlan extends Boot {
  /** The most characters that a found name may have, so that what is made of it is not too long either. */
  readonly nameLength: number
  /** Of each family that the mesh has, an address behind the route that the machine's own address is found by. */
  readonly routesTo: readonly string[]
}

/** The addresses that a machine finds: at most one of each family, and at least one. */
export const foundAddresses: ServedAddresses = {
  all: { variable: 'addresses', item: 'address' },
  ipv4: { variable: 'ipv4', item: 'ipv4' },
  ipv6: { variable: 'ipv6', item: 'ipv6' },
}

const foundName = { variable: 'name' }

/** What a machine with these settings finds. */
export function planBoot(config: ResolvedConfig, machine: ResolvedMachine, boot: Boot): BootPlan {
  const { spiffeId, serverName } = machine.identity
  const around = [spiffeId, serverName]
    .filter((text) => text.includes(instanceName))
    .map((text) => text.length - instanceName.length)
  return {
    ...boot,
    // Kubernetes, SPIRE and TLS take 253 characters.
    nameLength: Math.max(1, 253 - Math.max(0, ...around)),
    routesTo: routesTo(config, machine),
  }
}

/** Behind a gateway of the document's own the route to the gateway counts: that to the network comes later. */
function routesTo({ mesh }: ResolvedConfig, { redirect }: ResolvedMachine): string[] {
  const families: readonly Family[] = redirect.ipv6 ? ['ipv4', 'ipv6'] : ['ipv4']
  return families.flatMap((family) => {
    const network = mesh.clusterNetworks.find((candidate) => candidate.family === family)
    const gateway = mesh.routes.find(({ via }) => via.includes(':') === (family === 'ipv6'))?.via
    return network === undefined ? [] : [gateway ?? addressOf(network).text]
  })
}

/** The identity of a machine that finds its addresses, and of an instance its name as well. */
export function bootIdentity(machine: ResolvedMachine, boot: Boot): EnvironmentIdentity {
  const { identity } = machine
  const known = { ...environmentIdentity(machine), inboundAddresses: foundAddresses.all }
  return boot.name === undefined
    ? known
    : {
        ...known,
        name: foundName,
        spiffeId: textWithName(identity.spiffeId),
        serverName: textWithName(identity.serverName),
      }
}

function textWithName(text: string): Text {
  return text.split(instanceName).flatMap((part, index) => (index === 0 ? [part] : [foundName, part]))
}

/**
 * Writes what a machine finds for the shell that fills it in (`templates/mesh-machine/boot/fill.sh`): `@{name}` for a value,
 * and before a line a condition, so that one call of sed does it. There is one address of a family or none, so that a loop is
 * a condition, too. A condition within a condition stands behind it.
 */
export const bootNotation: Notation = {
  scalar: (value) => (isVariable(value) ? `@{${value.variable}}` : literalNotation.scalar(value)),
  join: (list, separator) => {
    if (isVariable(list) && separator === ',') return `@{${list.variable}}`
    return literalNotation.join(list, separator)
  },
  each: (list, body) =>
    isVariable(list) ? where(list, body({ variable: list.item })) : literalNotation.each(list, body),
  some: (list, body) => (isVariable(list) ? where(list, body) : literalNotation.some(list, body)),
  none: (list, body) => {
    if (list === foundAddresses.all) return ''
    return literalNotation.none(list, body)
  },
  without: (list, value, body) =>
    isVariable(list) ? before(`@not ${value} `, body) : literalNotation.without(list, value, body),
}

/** All of them together are never none. */
function where(list: List, body: string): string {
  if (list === foundAddresses.all) return body
  return isVariable(list) ? before(`@${list.variable} `, body) : body
}

function before(condition: string, body: string): string {
  return body.replace(/^(?=.)/gm, condition)
}
