import fc from 'fast-check'
import type { Family } from '../../../lib/config/network.ts'
import type { Question } from '../../../lib/index.ts'
import type { Connection } from '../../../lib/plan/decision.ts'
import { appliesTo, listedNetworks, type RedirectRule } from '../../../lib/plan/rule.ts'
import { interfaces, looped, own, second, userNames } from './documents.ts'
import { at, interfacesAround, lies, portsAround, readAddress, remotes, usersAround } from './edges.ts'
import type { Request } from './kernel.ts'

/** One connection, as the model and as the kernel are asked about it. */
export interface Drawn {
  readonly connection: Connection
  readonly question: Question
  readonly request: Request
}

type Direction = RedirectRule['direction']

/** What can be drawn for each part of a connection, by what it is for. */
interface Choices {
  readonly focus: number
  readonly sixth: boolean
  readonly udp: boolean
  readonly forwarded: boolean
  /** One for each part: which kind of value, and which of those. */
  readonly picks: readonly (readonly [kind: number, index: number])[]
}

const choices: fc.Arbitrary<Choices> = fc.record({
  focus: fc.nat(100_000),
  sixth: fc.boolean(),
  udp: fc.integer({ min: 0, max: 11 }).map((number) => number === 11),
  forwarded: fc.integer({ min: 0, max: 15 }).map((number) => number === 15),
  picks: fc.array(fc.tuple(fc.nat(99), fc.nat(10_000)), { minLength: 6, maxLength: 6 }),
})

/**
 * Connections around the rules: each is drawn for one of them, on either side of an edge of what it matches. Whatever the
 * rule says nothing about is mostly as a rule that redirects would have it, so that this rule decides.
 */
export function connectionsAround(rules: readonly RedirectRule[], count: number): fc.Arbitrary<Drawn[]> {
  return fc.array(
    choices.map((chosen) => {
      const built = build(rules, chosen)
      return { ...built, question: questionOf(built.connection) }
    }),
    { minLength: count, maxLength: count },
  )
}

function build(rules: readonly RedirectRule[], chosen: Choices): Omit<Drawn, 'question'> {
  const rule = at(rules, chosen.focus)
  const { direction } = rule
  const families = (['ipv4', 'ipv6'] as const).filter((family) => appliesTo(rule, family))
  const family = at(families, chosen.sixth ? 1 : 0)
  const scope = rules.filter((other) => other.direction === direction && appliesTo(other, family))
  const redirects = scope.filter(({ verdict }) => verdict.kind === 'redirect')
  const [forPlain, forAddress, forPort, forUser, forInterface, forOwn] = chosen.picks as Required<
    typeof chosen.picks
  >
  const mesh = scope.flatMap(({ match }) =>
    match.sourceIn === undefined ? [] : listedNetworks(match.sourceIn),
  )
  const asked = rules.flatMap(({ match, family: of }) =>
    of === family && match.destinationIn !== undefined ? [match.destinationIn] : [],
  )
  const served = asked.flatMap(({ addresses }) =>
    listedNetworks(addresses).map(({ text }) => text.replace(/\/.*/, '')),
  )
  const all = [...served, own[family], ...second[family]]
  // `explain` knows the addresses of the document, and the machine has more.
  const knows = served.includes(own[family])
  const plain = redirects.length === 0 ? undefined : at(redirects, forPlain?.[1] ?? 0)
  const part = <T>(
    read: (rule: RedirectRule) => readonly T[],
    fallback: readonly T[],
    pick = [0, 0] as readonly [number, number],
  ): T => {
    const [kind, index] = pick
    const focused = read(rule)
    if (focused.length > 0 && kind < 85) return at(focused, index)
    const usual = plain === undefined ? [] : read(plain)
    if (kind < 70) return at(usual.length > 0 ? usual.slice(0, 2) : fallback.slice(0, 1), index)
    return at([...scope.flatMap(read), ...fallback], index)
  }
  const remote = part(
    (of) =>
      remotes(of, family, mesh).filter((text) => direction === 'inbound' || knows || text !== own[family]),
    family === 'ipv4' ? ['192.168.200.9'] : ['fd99::9'],
    direction === 'inbound' ? rarer(forAddress) : forAddress,
  )
  const port = part(portsAround, [9999, 22, 53, 80, 4143], forPort)
  const user = part(usersAround, [65534, 65533, 1000], forUser)
  const via = part((of) => interfacesAround(of), ['mesh0', 'mesh01', 'wg0'], forInterface)
  const facts = { direction, family, port, via, protocol: chosen.udp ? 'udp' : 'tcp' } as const
  if (direction === 'outbound') return outbound({ ...facts, user, destination: remote })
  if (rule.match.inInterface === 'lo') return inboundByLoopback(port)
  const destination = part(({ match }) => (match.destinationIn === undefined ? [] : all), all, rarer(forOwn))
  const unknown = asked.some((one) => listedNetworks(one.all).length === 0)
  return inbound({ ...facts, source: remote, destination, forwarded: chosen.forwarded && !unknown })
}

/** Most come from the mesh and go to an address that is served, whatever they are about. */
function rarer(pick: readonly [number, number] = [0, 0]): readonly [number, number] {
  return [Math.floor(pick[0] * 0.75), pick[1]]
}

interface Facts {
  readonly direction: Direction
  readonly family: Family
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
  readonly via: string
}

function outbound(
  facts: Facts & { readonly user: number; readonly destination: string },
): Omit<Drawn, 'question'> {
  const { family, port, user, destination } = facts
  const address = readAddress(destination)
  // Only the start of a TCP connection is looked for where nothing answers.
  const protocol = lies(address, looped) ? 'tcp' : facts.protocol
  const loopback = address.range === 'loopback'
  const isOwn = destination === own[family]
  // An address of one's own leaves by an interface only where a packet is marked for it.
  const toLoop = loopback || lies(address, looped) || (isOwn && facts.via !== 'wg0')
  const leaves = facts.via === 'lo' ? 'mesh0' : facts.via
  const via = toLoop ? 'lo' : leaves
  const linkLocal = lies(address, 'fe80::/10')
  return {
    connection: {
      direction: 'outbound',
      protocol,
      source: undefined,
      destination: address,
      destinationIsLocal: loopback || isOwn,
      destinationPort: port,
      uid: userNames[user] ?? user,
      interface: via,
    },
    request: {
      direction: 'outbound',
      family,
      protocol,
      source: null,
      destination,
      port,
      user,
      mark: toLoop || linkLocal ? 0 : markOf(via),
      via,
    },
  }
}

function inbound(
  facts: Facts & { readonly source: string; readonly destination: string; readonly forwarded: boolean },
): Omit<Drawn, 'question'> {
  const { family, protocol, port, source, forwarded } = facts
  const via = facts.via === 'lo' ? 'mesh0' : facts.via
  const foreign = { ipv4: '203.0.113.200', ipv6: 'fd98::9' }[family]
  const destination = forwarded ? foreign : facts.destination
  return {
    connection: {
      direction: 'inbound',
      protocol,
      source: readAddress(source),
      destination: readAddress(destination),
      destinationIsLocal: !forwarded,
      destinationPort: port,
      uid: undefined,
      interface: via,
    },
    request: {
      direction: 'inbound',
      family,
      protocol,
      source,
      destination,
      port,
      user: 0,
      mark: markOf(via),
      via,
    },
  }
}

/** What comes in by lo without having left by it, made up by hand: for the rest the outbound rules have decided. */
function inboundByLoopback(port: number): Omit<Drawn, 'question'> {
  const source = '198.18.77.9'
  const facts = { direction: 'inbound', protocol: 'tcp' } as const
  return {
    connection: {
      ...facts,
      source: readAddress(source),
      destination: readAddress(own.ipv4),
      destinationIsLocal: true,
      destinationPort: port,
      uid: undefined,
      interface: 'lo',
    },
    request: {
      ...facts,
      family: 'ipv4',
      source,
      destination: own.ipv4,
      port,
      user: 0,
      mark: 0,
      via: 'lo',
    },
  }
}

function questionOf({ direction, protocol, source, destination, ...rest }: Connection): Question {
  return {
    ...{ direction, protocol, address: destination.text, port: rest.destinationPort },
    ...(source === undefined ? {} : { from: source.text }),
    ...(rest.uid === undefined ? {} : { uid: rest.uid }),
    ...(rest.interface === undefined ? {} : { interface: rest.interface }),
  }
}

function markOf(via: string): number {
  return (interfaces as readonly string[]).indexOf(via) + 1
}
