import type { Report } from '../../diagnostics/diagnostic.ts'
import { pointer } from '../../diagnostics/pointer.ts'
import { attestors } from '../../kinds/attestors/index.ts'
import { readPem } from '../certificate.ts'
import { isAbsent } from '../draft.ts'
import { goDuration, goSeconds } from '../duration.ts'
import { type Check, type CheckContext, isForSeveral } from './context.ts'

const path = '/spire/server'

type ServerDraft = NonNullable<NonNullable<CheckContext['draft']['spire']>['server']>

/** The SPIRE server: where it is, and what is needed to set one up. */
export const checkSpireServer: Check = (context) => {
  const { draft, report } = context
  const { server, agent } = draft.spire ?? {}
  const unreadable = server === undefined && !isAbsent(draft.spire, 'server')
  const wanted = agent !== undefined && agent.from !== 'existing' && server?.colocated !== true
  if (wanted && !unreadable && isAbsent(server, 'address')) {
    report(
      'server-address-missing',
      server === undefined ? '/spire' : path,
      {},
      server === undefined ? 'key' : 'value',
    )
  }
  if (server === undefined) return
  if (server.colocated === true || server.generate === true) return checkOwn(context, server)
  for (const field of ['caTtl', 'x509SvidTtl', 'agentTtl', 'upstreamAuthority', 'attestation'] as const)
    if (server[field] !== undefined) report('server-option-unused', pointer(path, field), { field }, 'key')
}

function checkOwn(context: CheckContext, server: ServerDraft): void {
  const { draft, report } = context
  if (isAbsent(server, 'upstreamAuthority')) report('upstream-missing', path, {})
  checkLifetimes(server, report)
  checkAnchors(context, server)
  if (server.colocated === true) checkColocated(context, server)
  else if (draft.spire?.agent?.from === 'existing') {
    report('server-conflict', pointer(path, 'generate'), {
      field: 'generate',
      reason: 'of agents that are there already it is not known how they attest',
      remedy: 'remove "generate": whoever set up the agents has a server',
    })
  } else checkServerAttestation(context, server)
}

const lifetimes = ['caTtl', 'x509SvidTtl', 'agentTtl'] as const

/** SPIRE's own defaults (doc/spire_server.md); that of agents is the lifetime of the others. */
const defaults = { caTtl: '24h', x509SvidTtl: '1h' } as const

/** SPIRE keeps a lifetime only up to min(ca_ttl / 6, 7 days). */
function checkLifetimes(server: ServerDraft, report: Report): void {
  const given = lifetimes.filter((field) => server[field] !== undefined)
  const zero = given.filter((field) => goSeconds(server[field] ?? '') === 0)
  for (const field of zero) report('ttl-invalid', pointer(path, field), { value: server[field] ?? '' })
  if (zero.length > 0) return
  const caTtl = server.caTtl ?? defaults.caTtl
  const limit = Math.min(goSeconds(caTtl) / 6, 7 * 24 * 3600)
  for (const field of ['x509SvidTtl', 'agentTtl'] as const) {
    const ttl = server[field] ?? (field === 'x509SvidTtl' ? defaults.x509SvidTtl : undefined)
    if (ttl === undefined || goSeconds(ttl) <= limit) continue
    // A default is too long for a short life of the CA, which is what somebody wrote.
    const at = server[field] === undefined ? 'caTtl' : field
    report('ttl-unreachable', pointer(path, at), { ttl, limit: goDuration(limit), field, caTtl })
  }
}

/**
 * The chain is an anchor, perhaps an intermediate, SPIRE's own CA, the proxy's certificate. Each CA takes one of the anchor's
 * path length, and none of them can live longer than what signed it.
 */
function checkAnchors({ draft, report }: CheckContext, server: ServerDraft): void {
  const { blocks } = readPem(draft.mesh?.trustAnchors ?? '')
  const anchors = blocks.flatMap(({ certificate }) => (certificate?.isCa === true ? certificate : []))
  const [first] = anchors
  if (first === undefined) return
  const { subject, pathLength: length = 2 } = first
  const bundle = server.upstreamAuthority?.bundleFile
  if (bundle !== undefined && anchors.every(({ pathLength = 2 }) => pathLength < 2))
    report('upstream-path-length', pointer(path, 'upstreamAuthority', 'bundleFile'), { subject, length })
  const { caTtl = defaults.caTtl } = server
  const longest = Math.max(...anchors.map(({ lifetime }) => lifetime))
  if (longest >= goSeconds(caTtl)) return
  const at = server.caTtl === undefined ? path : pointer(path, 'caTtl')
  report('anchor-outlived', at, { subject, caTtl, lifetime: goDuration(longest) })
}

/** What the server needs to judge machines, and nothing that it would not read. */
function checkServerAttestation({ draft, report }: CheckContext, server: ServerDraft): void {
  const type = draft.spire?.agent?.attestation?.type
  if (type === undefined) return
  const known = attestors[type].server.options
  const given = server.attestation ?? {}
  const place = pointer(path, 'attestation')
  const unreadable = server.attestation === undefined && !isAbsent(server, 'attestation')
  for (const [option, { required }] of Object.entries(known)) {
    if (required !== true || Object.hasOwn(given, option) || unreadable) continue
    report('server-attestation-incomplete', server.attestation === undefined ? path : place, { type, option })
  }
  for (const option of Object.keys(given)) {
    if (!Object.hasOwn(known, option))
      report('attestation-option', pointer(place, option), { type, option }, 'key')
  }
}

/** The attestor whose secret a server can make for its own machine. */
const [madeThere] =
  Object.entries(attestors).find(([, { options }]) =>
    Object.values(options).some(({ madeWhenColocated }) => madeWhenColocated !== undefined),
  ) ?? []

/** One machine to try it out on: the server is there for its agent alone. */
function checkColocated({ draft, machines, report }: CheckContext, server: ServerDraft): void {
  const field = 'colocated'
  const conflict = (at: string, reason: string, remedy: string) =>
    report('server-conflict', at, { field, reason, remedy })
  const { agent } = draft.spire ?? {}
  if (isForSeveral(machines)) {
    const remedy = 'set up a server on a host of its own with "generate: true"'
    conflict(pointer(path, field), 'it is for one machine, and the document has more', remedy)
  }
  if (server.generate === true)
    conflict(pointer(path, 'generate'), 'one server is enough', 'remove one of the two')
  if (server.attestation !== undefined)
    conflict(pointer(path, 'attestation'), 'it judges no other machine', 'remove "attestation"')
  if (agent?.from === 'existing')
    conflict('/spire/agent/from', 'an agent that is there has a server already', 'remove "colocated"')
  const { type, ...options } = agent?.attestation ?? {}
  if (type !== undefined && (type !== madeThere || Object.keys(options).length > 0)) {
    const reason = 'its agent attests with what is made on the machine'
    conflict('/spire/agent/attestation', reason, `write "attestation: {type: ${madeThere}}"`)
  }
  const { address = '127.0.0.1' } = server
  if (!/^(127\.|::1$)/.test(address))
    conflict(pointer(path, 'address'), 'nobody but its own machine may reach it', 'write 127.0.0.1')
  if (draft.cloudInit?.meshLayer?.from === 'baked') {
    const reason = 'an image is for many machines'
    conflict('/cloudInit/meshLayer/from', reason, 'write "from: inline"')
  }
}
