import fc from 'fast-check'
import { type EditableDocument, firstMachine, minimalWith } from '../../unit/plan/document.ts'

/** What the machine of `kernel.py` has. */
export const own = { ipv4: '10.42.3.7', ipv6: 'fd42::7' } as const
/** Further addresses that it has; a document may name them or not. */
export const second = { ipv4: ['10.42.3.8', '172.31.9.1'], ipv6: ['fd42::8', 'fd88::1'] } as const
export const interfaces = ['mesh0', 'mesh01', 'wg0'] as const
/** Leads to lo and is not the machine's own; IPv6 has no such route. */
export const looped = '198.18.77.0/24'

/** Users with a name that every Debian has, by number. A document names them, and whoever asks does so by name. */
export const userNames: Readonly<Record<number, string>> = {
  0: 'root',
  1: 'daemon',
  2: 'bin',
  3: 'sys',
  8: 'mail',
  33: 'www-data',
  34: 'backup',
}

/** What is random of a document; small, since a failure prints it. */
export interface Settings {
  readonly clusterNetworks: readonly string[]
  readonly machineNetworks: readonly string[] | undefined
  readonly dns: readonly string[]
  readonly proxyUid: number
  readonly agentUid: number
  readonly adminPort: number
  /** Empty for a client that has none. */
  readonly addresses: readonly string[]
  readonly localAddresses?: readonly string[]
  readonly ports: readonly number[]
  readonly redirect: NonNullable<EditableDocument['redirect']>
}

/** The document of the settings, for one backend. */
export function documentOf(settings: Settings, backend: 'iptables' | 'nftables'): EditableDocument {
  return minimalWith((document) => {
    document.mesh.clusterNetworks = [...settings.clusterNetworks]
    if (settings.machineNetworks !== undefined) document.mesh.machineNetworks = [...settings.machineNetworks]
    document.mesh.dns = { servers: [...settings.dns] }
    document.proxy.user = { uid: settings.proxyUid }
    document.proxy.adminAddress = `127.0.0.1:${settings.adminPort}`
    document.spire.agent.user = { uid: settings.agentUid }
    document.redirect = { ...settings.redirect, backend }
    const machine = firstMachine(document)
    if (settings.addresses.length === 0) {
      machine.role = 'client'
      delete machine.addresses
    } else {
      machine.addresses = [...settings.addresses]
      machine.localAddresses = [...(settings.localAddresses ?? [own.ipv4, own.ipv6])]
    }
    if (settings.addresses.length === 0) delete machine.ports
    else machine.ports = settings.ports.map((port, index) => ({ name: `port-${index}`, port }))
  })
}

const port = fc.oneof(
  fc.constantFrom(1, 21, 23, 53, 80, 88, 389, 443, 4139, 4141, 4142, 4144, 4189, 4192, 8080, 65535),
  fc.integer({ min: 1, max: 65535 }),
)
const range = fc.tuple(port, fc.integer({ min: 1, max: 300 })).map(([first, length]) => {
  const last = Math.min(65535, first + length)
  return first === last ? first : `${first}-${last}`
})
const fourth = fc.oneof(
  fc.constantFrom(
    '10.42.0.0/16',
    '10.43.0.0/16',
    '198.18.0.0/15',
    '100.64.0.0/10',
    '10.42.3.0/24',
    '172.16.0.0/12',
  ),
  fc
    .tuple(
      fc.constantFrom(10, 172, 100, 192),
      fc.nat(255),
      fc.nat(255),
      fc.nat(255),
      fc.integer({ min: 12, max: 32 }),
    )
    .map(([a, b, c, d, prefix]) => maskFourth([a, 16 | (b & 15), c, d], prefix)),
)
const sixth = fc.oneof(
  fc.constantFrom('fd42::/16', 'fd43::/64', 'fd00::/8', 'fd00:ec2::/32', '2001:db8:99::/48'),
  fc
    .tuple(fc.integer({ min: 0xfd02, max: 0xfdfe }), fc.nat(0xffff), fc.integer({ min: 9, max: 32 }))
    .map(([a, b, prefix]) => maskSixth(a, b, prefix)),
  fc.nat(0xffff).map((last) => `fd77::${last.toString(16)}/128`),
)
const network = fc.oneof(fourth, sixth)
const anybody = fc.constantFrom('0.0.0.0/0', '::/0')

function maskFourth(bytes: readonly number[], prefix: number): string {
  const masked = bytes.map(
    (byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))) & 0xff,
  )
  return `${masked.join('.')}/${prefix}`
}

function maskSixth(first: number, second: number, prefix: number): string {
  const value = (((first << 16) | second) & -(2 ** (32 - prefix))) >>> 0
  return `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}::/${prefix}`
}

const user = fc.oneof(
  fc.constantFrom(...Object.values(userNames)),
  fc.constantFrom(1000, 1500, 3999, 65534, 4294967294),
  fc.integer({ min: 1000, max: 70000 }),
)

function listOf<T>(item: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> {
  return fc.uniqueArray(item, { maxLength, selector: String })
}

function side(all: 'declared' | 'cluster') {
  return {
    scope: fc.constantFrom(all, 'all' as const),
    exemptPorts: listOf(fc.oneof(port, range), 4),
    exemptNetworks: listOf(network, 3),
    exemptInterfaces: listOf(fc.constantFrom(...interfaces.slice(1), 'docker0'), 2),
  }
}

const redirect = fc.record({
  ipv6: fc.constantFrom(true, true, true, false),
  inbound: fc.record({
    ...side('declared'),
    fromNetworks: listOf(fc.oneof({ weight: 5, arbitrary: network }, { weight: 1, arbitrary: anybody }), 2),
  }),
  outbound: fc.record({
    ...side('cluster'),
    exemptUsers: listOf(user, 3),
    onlyUsers: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: listOf(user, 2) }),
  }),
})

/** Random settings; not all of them make a document that is accepted. */
export const settings: fc.Arbitrary<Settings> = fc.record({
  clusterNetworks: fc.uniqueArray(network, { minLength: 1, maxLength: 4 }),
  machineNetworks: fc.option(listOf(network, 2), { nil: undefined }),
  dns: fc.uniqueArray(fc.constantFrom('10.43.0.10', '10.42.255.255', 'fd43::10', '192.168.7.53'), {
    minLength: 1,
    maxLength: 3,
  }),
  proxyUid: fc.integer({ min: 2100, max: 2104 }),
  agentUid: fc.integer({ min: 2106, max: 2110 }),
  adminPort: fc.constantFrom(4191, 4191, 9990),
  addresses: fc.constantFrom(
    ['203.0.113.42', '2001:db8:99::42'],
    ['203.0.113.42', '2001:db8:99::42'],
    ['203.0.113.42'],
    ['2001:db8:99::42'],
    [],
  ),
  localAddresses: fc.constantFrom(
    [own.ipv4, own.ipv6],
    [own.ipv4, own.ipv6, second.ipv4[0], second.ipv6[0]],
    [second.ipv4[1], own.ipv4],
    [own.ipv6],
    [own.ipv4],
  ),
  ports: fc.uniqueArray(port, { minLength: 1, maxLength: 4 }),
  redirect,
}) as fc.Arbitrary<Settings>

const fullExemptions = {
  exemptPorts: [7001, '7100-7110'],
  exemptNetworks: ['10.42.200.0/24', '10.42.201.9', 'fd42:200::/32', 'fd42:201::9'],
  exemptInterfaces: ['mesh01'],
}

/** Everything that a rule can come from, each where nothing else decides the same. */
export const narrow: Settings = {
  clusterNetworks: ['10.42.0.0/16', 'fd42::/16', '198.18.0.0/15', '100.64.0.0/10', 'fd00:ec2::/32'],
  machineNetworks: ['192.168.9.0/24', 'fd55::/64'],
  dns: ['100.64.0.10', 'fd00:ec2::10'],
  proxyUid: 2100,
  agentUid: 2110,
  adminPort: 9990,
  addresses: ['203.0.113.42', '2001:db8:99::42'],
  localAddresses: [own.ipv4, second.ipv4[0], own.ipv6, second.ipv6[0]],
  ports: [80, 8443],
  redirect: {
    ipv6: true,
    inbound: { scope: 'declared', ...fullExemptions, fromNetworks: ['192.168.77.0/24', 'fd66::7'] },
    outbound: { scope: 'cluster', ...fullExemptions, exemptUsers: ['daemon', 3000] },
  },
}

/** As {@link narrow}, with everything proxied that is not exempt. */
export const wide: Settings = {
  ...narrow,
  redirect: {
    ipv6: true,
    inbound: { ...narrow.redirect.inbound, scope: 'all' },
    outbound: { ...narrow.redirect.outbound, scope: 'all' },
  },
}

/** As {@link narrow}, for a few users. */
export const few: Settings = {
  ...narrow,
  redirect: { ...narrow.redirect, outbound: { scope: 'cluster', onlyUsers: ['backup', 1500] } },
}

/** As {@link wide}, for a few users. */
export const fewWide: Settings = {
  ...narrow,
  redirect: { ...narrow.redirect, outbound: { scope: 'all', onlyUsers: ['backup', 1500] } },
}

/** As {@link wide}, for everybody. */
export const everybody: Settings = {
  ...wide,
  redirect: { ...wide.redirect, inbound: { ...wide.redirect.inbound, fromNetworks: ['0.0.0.0/0', '::/0'] } },
}

/** A client that has no address in the document: the proxy serves whatever it has. */
export const nameless: Settings = { ...wide, addresses: [] }

/** Forty exemptions for each direction, ports and ranges in turns, none of them beside another. */
const forty = Array.from({ length: 40 }, (_, index) => {
  const first = 20_000 + 20 * index
  return index % 2 === 0 ? first : `${first}-${first + 9}`
})

export const manyPorts: Settings = {
  ...narrow,
  redirect: {
    ipv6: true,
    inbound: { scope: 'all', exemptPorts: forty },
    outbound: { scope: 'all', exemptPorts: forty },
  },
}

/** A machine that has no IPv4 address, in a mesh without any. */
export const onlyIpv6: Settings = {
  ...narrow,
  clusterNetworks: ['fd42::/16', 'fd43::/64'],
  machineNetworks: ['fd55::/64'],
  dns: ['fd42::10'],
  addresses: ['2001:db8:99::42'],
  localAddresses: [own.ipv6],
  redirect: {
    inbound: { exemptNetworks: ['fd42:200::/32'] },
    outbound: { exemptPorts: forty, exemptUsers: ['daemon'] },
  },
}

/** A machine that has no IPv6 address: IPv6 is bypassed. */
export const onlyIpv4: Settings = {
  ...narrow,
  clusterNetworks: ['10.42.0.0/16', '198.18.0.0/15'],
  machineNetworks: ['192.168.9.0/24'],
  dns: ['10.42.0.10'],
  addresses: ['203.0.113.42'],
  localAddresses: [own.ipv4],
  redirect: { inbound: { exemptPorts: forty }, outbound: { exemptNetworks: ['10.42.200.0/24'] } },
}
