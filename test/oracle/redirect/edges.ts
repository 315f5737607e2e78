import {
  type Address,
  type Family,
  isNetwork,
  type Network,
  networkContains,
  parseAddress,
  parseNetwork,
} from '../../../lib/config/network.ts'
import { listedNetworks, type RedirectRule } from '../../../lib/plan/rule.ts'
import type { Scalar } from '../../../lib/plan/value.ts'
import { interfaces, own, second, userNames } from './documents.ts'

type Direction = RedirectRule['direction']

/** The far end: first and last address that a rule holds for, and those beside them. */
export function remotes(
  { direction, match, verdict }: RedirectRule,
  family: Family,
  mesh: readonly Network[],
): string[] {
  const usable = (edges: readonly string[]) =>
    edges.filter((edge) => edge.includes(':') === (family === 'ipv6') && isUsable(edge, direction))
  // Nobody else comes to an inbound rule that redirects.
  if (direction === 'inbound' && verdict.kind === 'redirect')
    return usable(mesh.flatMap(({ text }) => edgesOf(text).slice(0, 2)))
  if (match.sourceIn !== undefined)
    return usable(listedNetworks(match.sourceIn).flatMap(({ text }) => edgesOf(text)))
  if (match.outInterface === 'lo')
    return family === 'ipv4' ? ['198.18.77.9', '127.0.0.1', own.ipv4] : ['::1', own.ipv6]
  if (match.destinationIsLocal === true) return [own[family]]
  const text = direction === 'inbound' ? match.source : match.destination
  if (typeof text !== 'string') return []
  return usable(edgesOf(text))
}

/** Inside first. */
export function edgesOf(text: string): string[] {
  const network = parseNetwork(text)
  if (!isNetwork(network)) throw new TypeError(`${text} is no network`)
  const bytes = network.parsed.toByteArray()
  const bits = BigInt(bytes.length * 8)
  const first = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
  const size = 1n << (bits - BigInt(network.prefix))
  const last = first + size - 1n
  return [first, last, first - 1n, last + 1n].map((value) => textOf(value, bytes.length))
}

export function textOf(value: bigint, length: number): string {
  if (length === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.')
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  )
  return readAddress(groups.join(':')).text
}

/** An address that somebody can have: the far end of a connection, and no address of the links between the namespaces. */
export function isUsable(text: string, direction: Direction): boolean {
  const address = readAddress(text)
  if (lies(address, '192.0.2.0/24') || lies(address, '2001:db8::/48')) return false
  if ([...second.ipv4, ...second.ipv6].some((other) => other === text)) return false
  if (direction === 'inbound' && (lies(address, 'fe80::/10') || text === own.ipv4 || text === own.ipv6))
    return false
  return (
    [
      'unicast',
      'private',
      'uniqueLocal',
      'linkLocal',
      'carrierGradeNat',
      'reserved',
      'benchmarking',
    ].includes(address.range) &&
    !text.startsWith('0.') &&
    !/^2[4-9]\d\./.test(text)
  )
}

export function portsAround({ match: { destinationPort } }: RedirectRule): number[] {
  if (destinationPort === undefined) return []
  const [first, last] =
    typeof destinationPort === 'object' && 'first' in destinationPort
      ? [destinationPort.first, destinationPort.last]
      : [concrete(destinationPort), concrete(destinationPort)]
  return [first, last, first - 1, last + 1].filter((port) => port >= 1 && port <= 65535)
}

export function usersAround({ match: { uid } }: RedirectRule): number[] {
  if (uid === undefined) return []
  const named = Object.entries(userNames).find(([, name]) => name === uid)
  const number = named === undefined ? concrete(uid) : Number(named[0])
  return [number, number, number - 1, number + 1].filter((user) => user >= 0 && user <= 4294967294)
}

/** `lo` says where to, not by which. */
export function interfacesAround({ match }: RedirectRule): string[] {
  if (match.destinationIsLocal === true) return ['wg0', 'lo']
  const name = match.inInterface ?? match.outInterface
  if (name === undefined || name === 'lo') return []
  const there = interfaces.filter((other) => other === name)
  return [...there, ...there, ...interfaces]
}

export function concrete(value: Scalar): number {
  const number = Number(value)
  if (!Number.isInteger(number)) throw new TypeError(`${String(value)} is no number`)
  return number
}

export function readAddress(text: string): Address {
  const address = parseAddress(text)
  if (address === undefined) throw new TypeError(`${text} is no address`)
  return address
}

export function lies(address: Address, text: string): boolean {
  const network = parseNetwork(text)
  return isNetwork(network) && networkContains(network, address)
}

export function at<T>(list: readonly T[], index: number): T {
  const item = list[index % list.length]
  if (item === undefined) throw new Error('nothing to choose from')
  return item
}
