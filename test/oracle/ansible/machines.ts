import fc from 'fast-check'
import type { Document } from './documents.ts'

/** Which machines a document gets. */
export interface Kind {
  /** Groups that they are in; without any, each machine says all of it itself. */
  readonly groups?: readonly string[]
  readonly ipv6?: true
  /** The first bytes of addresses that are in a network of the cluster. */
  readonly inside?: readonly string[]
}

const reserved = [22, 4140, 4143, 4190, 4191]
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/)
const longest = fc.constantFrom('a'.repeat(63), `0${'-'.repeat(61)}z`)
const portName = fc.stringMatching(/^[a-z][a-z0-9]{0,6}(-[a-z0-9]{1,7})?$/)
const port = fc.record(
  {
    name: portName,
    port: fc.integer({ min: 1, max: 65535 }).filter((number) => !reserved.includes(number)),
    opaque: fc.boolean(),
  },
  { requiredKeys: ['name', 'port'] },
)
const ports = fc.uniqueArray(port, {
  maxLength: 20,
  comparator: (a, b) => a.name === b.name || a.port === b.port,
  size: 'max',
})
const byte = fc.integer({ min: 0, max: 255 })
const hextet = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
const spiffePath = fc.stringMatching(/^(\/[A-Za-z0-9_][A-Za-z0-9._-]{0,12}){1,3}$/)

/** Machines by number: what has to be unique is made from it. */
export function machinesOf(document: Document, kind: Kind): fc.Arbitrary<(index: number) => Document> {
  const { groups = [], ipv6 = false, inside = [] } = kind
  const { trustDomain } = document.spire
  const first = fc.constantFrom('198.18', '192.0', '10.7', ...inside)
  const parts = fc.record({
    group: groups.length === 0 ? fc.constant(undefined) : fc.constantFrom(...groups),
    name: label,
    namespace: fc.oneof({ arbitrary: label, weight: 9 }, { arbitrary: longest, weight: 1 }),
    ownNamespace: fc.boolean(),
    families: ipv6 ? fc.constantFrom('v4', 'v6', 'both', 'none') : fc.constantFrom('v4', 'v4', 'v4', 'none'),
    first,
    hextets: fc.array(hextet, { minLength: 6, maxLength: 6 }),
    nat: fc.constantFrom('none', 'none', 'same', 'more'),
    natFirst: first,
    natBytes: fc.tuple(byte, byte),
    ports,
    ownPorts: fc.boolean(),
    spiffeId: fc.option(spiffePath, { nil: undefined }),
    serverName: fc.option(
      // A last part without a letter makes it look like an IP address, which a document may not say.
      fc.array(label, { maxLength: 3 }).map((labels) => [...labels, 'internal'].join('.')),
      { nil: undefined },
    ),
  })
  return parts.map((part) => (index) => {
    const v4 = `${part.first}.${index >> 8}.${index & 255}`
    const v6 = `2001:${[...part.hextets.map((value) => value.toString(16)), index.toString(16)].join(':')}`
    const addresses = { v4: [v4], v6: [v6], both: [v6, v4], none: [] }[part.families] ?? []
    const natted = [
      `${part.natFirst}.${part.natBytes.join('.')}`,
      ...(ipv6 ? [`fd00:1::${index.toString(16)}`] : []),
    ]
    const local = {
      none: [],
      same: addresses.slice(0, 1),
      more: [...new Set([...addresses.slice(1), ...natted])],
    }[part.nat]
    const hasNamespace = part.ownNamespace || part.group === undefined
    const hasPorts = part.ownPorts || part.group === undefined
    const identity = {
      ...(part.spiffeId === undefined
        ? {}
        : { spiffeId: `spiffe://${trustDomain}${part.spiffeId}/${index}` }),
      ...(part.serverName === undefined ? {} : { serverName: part.serverName }),
    }
    return {
      name: `m${index}-${part.name}`,
      ...(part.group === undefined ? {} : { group: part.group }),
      ...(hasNamespace ? { namespace: part.namespace } : {}),
      role: addresses.length === 0 ? 'client' : 'server',
      ...(addresses.length === 0 ? {} : { addresses }),
      ...(local === undefined || local.length === 0 ? {} : { localAddresses: local }),
      ...(hasPorts ? { ports: part.ports } : {}),
      ...(Object.keys(identity).length === 0 ? {} : { identity }),
    }
  })
}

/** So many machines in place of those of the document. */
export function withMachines(document: Document, kind: Kind, count: number, seed: number): Document {
  const made = fc.sample(machinesOf(document, kind), { numRuns: count, seed })
  return { ...document, machines: made.map((machine, index) => machine(index)) }
}
