import { mergeCidr } from 'cidr-tools'
import ipaddr from 'ipaddr.js'

export type Family = 'ipv4' | 'ipv6'

/** An IP address with what checks ask about it. */
export interface Address {
  readonly family: Family
  /** Canonical text: lower case, compressed, no zone. */
  readonly text: string
  /** ipaddr.js' name of the range: `unicast`, `private`, `loopback`, `linkLocal`, … */
  readonly range: string
  /** @internal */
  readonly parsed: ipaddr.IPv4 | ipaddr.IPv6
}

/** A network in CIDR form. */
export interface Network {
  readonly family: Family
  readonly text: string
  readonly prefix: number
  /** @internal */
  readonly parsed: ipaddr.IPv4 | ipaddr.IPv6
}

/**
 * Reads a plain IPv4 (four decimal parts) or IPv6 address; undefined where it is neither, and for IPv4 in IPv6 notation,
 * which the kernel treats as IPv4 and everything that compares texts or families does not ({@link mappedIpv4}).
 */
export function parseAddress(text: string): Address | undefined {
  const parsed = readAddress(text)
  return parsed === undefined
    ? undefined
    : { family: familyOf(parsed), text: addressText(parsed), range: parsed.range(), parsed }
}

/** Whether only the machine itself reaches what listens there. */
export function isLoopback(host: string): boolean {
  return parseAddress(host)?.range === 'loopback'
}

/** The IPv4 address that a text such as `::ffff:192.0.2.1` stands for; undefined for every other text. */
export function mappedIpv4(text: string): string | undefined {
  const parsed = text.includes(':') && ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text) : undefined
  return parsed?.isIPv4MappedAddress() === true ? parsed.toIPv4Address().toString() : undefined
}

/** What to say of a text that {@link parseAddress} does not take; `target` where a port belongs to it. */
export function notAnAddress(text: string, target?: { readonly host: string; readonly port: number }) {
  const ipv4 = mappedIpv4(target?.host ?? text)
  return { value: text, ipv4: ipv4 !== undefined && target !== undefined ? `${ipv4}:${target.port}` : ipv4 }
}

/** Reads a CIDR, or says why it is none. */
export function parseNetwork(text: string): Network | { readonly reason: string } {
  const slash = text.indexOf('/')
  if (slash < 0) return { reason: 'the prefix length is missing' }
  const parsed = readAddress(text.slice(0, slash))
  const length = text.slice(slash + 1)
  const mapped = mappedIpv4(text.slice(0, slash))
  if (mapped !== undefined) {
    const inner = Number(length) - 96
    return { reason: `it is IPv4 in IPv6 notation; write ${inner >= 0 ? `${mapped}/${inner}` : mapped}` }
  }
  if (parsed === undefined) return { reason: 'there is no IP address before the slash' }
  const family = familyOf(parsed)
  const bits = family === 'ipv4' ? 32 : 128
  if (!/^(0|[1-9][0-9]{0,2})$/.test(length) || Number(length) > bits) {
    return { reason: `the prefix length is not a number from 0 to ${bits}` }
  }
  const prefix = Number(length)
  const base = networkBase(parsed, prefix)
  if (addressText(base) !== addressText(parsed)) {
    return { reason: `host bits are set; the network is ${addressText(base)}/${prefix}` }
  }
  return { family, text: `${addressText(parsed)}/${prefix}`, prefix, parsed }
}

/** The network of one address. */
export function hostNetwork(address: Address): Network {
  const prefix = address.family === 'ipv4' ? 32 : 128
  return { family: address.family, text: `${address.text}/${prefix}`, prefix, parsed: address.parsed }
}

/** Reads a CIDR or a plain address, the latter as the network of that one address. */
export function parseNetworkOrAddress(text: string): Network | { readonly reason: string } {
  const address = parseAddress(text)
  const mapped = mappedIpv4(text)
  if (mapped !== undefined) return { reason: `it is IPv4 in IPv6 notation; write ${mapped}` }
  return address === undefined ? parseNetwork(text) : hostNetwork(address)
}

/** The fewest networks that cover exactly these addresses, IPv4 first. */
export function coverAddresses(addresses: readonly Address[]): Network[] {
  const merged =
    addresses.length === 0 ? [] : mergeCidr(addresses.map((address) => hostNetwork(address).text))
  return merged.map((text) => parseNetwork(text)).filter(isNetwork)
}

/** True where the outcome of {@link parseNetwork} is a network. */
export function isNetwork(outcome: Network | { readonly reason: string }): outcome is Network {
  return 'prefix' in outcome
}

/** True where the address lies in the network. */
export function networkContains(network: Network, address: Address): boolean {
  return network.family === address.family && matches(address.parsed, network)
}

/** True where every address of `inner` lies in `outer`. */
export function networkCovers(outer: Network, inner: Network): boolean {
  return outer.family === inner.family && outer.prefix <= inner.prefix && matches(inner.parsed, outer)
}

/** An address of the network: its second, or the only one that it has. */
export function addressOf(network: Network): Address {
  const bytes = network.parsed.toByteArray()
  const host = network.prefix === bytes.length * 8 ? 0 : 1
  const parsed = ipaddr.fromByteArray([...bytes.slice(0, -1), (bytes.at(-1) ?? 0) | host])
  return { family: network.family, text: addressText(parsed), range: parsed.range(), parsed }
}

/** The last address of the network: what IPv4 calls its broadcast address. */
export function lastAddressOf(network: Network): Address {
  const { family, prefix } = network
  const bytes = network.parsed
    .toByteArray()
    .map((byte, index) => byte | (0xff >> Math.min(8, Math.max(0, prefix - index * 8))))
  const last = ipaddr.fromByteArray(bytes)
  return { family, text: addressText(last), range: last.range(), parsed: last }
}

/** `address:port`, with brackets around IPv6. */
export function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Splits `host:port` or `[v6]:port`; undefined where there is no port of 1 to 65535. */
export function splitHostPort(text: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^(?:\[([^[\]]+)\]|([^:[\]]+)):([1-9][0-9]{0,4})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  return host === undefined || !(port <= 65535) ? undefined : { host, port }
}

function readAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  // ipaddr.js throws and catches where the form is another, which costs most of the time of a check.
  const isDotted = /^[0-9]{1,3}(\.[0-9]{1,3}){3}$/.test(text)
  if (isDotted && ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text)
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined
  const parsed = ipaddr.IPv6.parse(text)
  return parsed.isIPv4MappedAddress() ? undefined : parsed
}

function familyOf(address: ipaddr.IPv4 | ipaddr.IPv6): Family {
  return address.kind() === 'ipv4' ? 'ipv4' : 'ipv6'
}

function addressText(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  return 'toRFC5952String' in address ? address.toRFC5952String() : address.toString()
}

function networkBase(address: ipaddr.IPv4 | ipaddr.IPv6, prefix: number): ipaddr.IPv4 | ipaddr.IPv6 {
  const bytes = address
    .toByteArray()
    .map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))))
  return ipaddr.fromByteArray(bytes.map((byte) => byte & 0xff))
}

function matches(address: ipaddr.IPv4 | ipaddr.IPv6, network: Network): boolean {
  return (address.match as (other: unknown, bits: number) => boolean).call(
    address,
    network.parsed,
    network.prefix,
  )
}
