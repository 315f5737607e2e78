import { type Address, joinHostPort, parseAddress } from './config/network.ts'
import { resolveDocument } from './config/resolve.ts'
import { fail, type Input, locateDiagnostic, type Result, succeed, validate } from './config/validate.ts'
import { collectDiagnostics, hasErrors, type Location, type Report } from './diagnostics/diagnostic.ts'
import { printIptablesRule } from './files/redirect-iptables.ts'
import { printNftablesRule } from './files/redirect-nftables.ts'
import { decideConnection } from './plan/decision.ts'
import { createPlanner, type MachinePlan } from './plan/plan.ts'
import type { RedirectRule } from './plan/redirect.ts'
import { literalNotation } from './plan/value.ts'
import { selectMachines } from './select.ts'

/** A connection to ask about. */
export interface Question {
  /** Name of the machine; may be left out where the document has one. */
  readonly machine?: string
  readonly direction: 'inbound' | 'outbound'
  /** Where to. Inbound an address of the machine, by default its first; outbound required. Addresses only: a name has no route. */
  readonly address?: string
  /** Destination port, 1 to 65535. */
  readonly port: number
  /** Inbound: where from. Undefined: from somewhere that no rule names. */
  readonly from?: string
  /** Outbound: whose connection, by number or by name, as the document has it. Undefined: of a user that no rule names. */
  readonly uid?: number | string
  /** Interface that it arrives at or leaves by. Undefined: one that no rule names. */
  readonly interface?: string
  /** Default `tcp`. */
  readonly protocol?: 'tcp' | 'udp'
}

/** What becomes of a connection, and why. */
export interface Explanation {
  readonly machine: string
  /** The question with its defaults filled in; `uid` and `interface` only where they were asked about. */
  readonly connection: {
    readonly direction: 'inbound' | 'outbound'
    readonly protocol: 'tcp' | 'udp'
    readonly from?: string
    readonly to: string
    readonly uid?: number | string
    readonly interface?: string
  }
  /** True where it goes through the proxy. */
  readonly intercepted: boolean
  /** The proxy's port that it is redirected to. */
  readonly proxyPort: number | undefined
  /** The rule that decided; undefined where none did, and the connection is left alone. */
  readonly rule: ExplainedRule | undefined
  /** What happens to such a connection while the proxy is down. */
  readonly whileProxyIsDown: 'as-usual' | 'refused' | 'plain-text'
  /** `redirect.onProxyFailure` of the machine. */
  readonly onProxyFailure: 'closed' | 'open'
  /** What else a reader of the answer should know; plain sentences. */
  readonly notes: readonly string[]
}

/** A rule of the redirect, for readers. */
export interface ExplainedRule {
  readonly reason: string
  /** As it stands in `file`. */
  readonly text: string
  readonly file: string
  /** JSON Pointer of the input field that it comes from; `''` for what is always there. */
  readonly origin: string
  /** Where that field stands, where the input was text. */
  readonly location: Location | undefined
}

/**
 * What happens to a connection of a machine: whether it goes through the proxy, by which rule, and because of which line of
 * the document. It asks the rules that the machine loads. A question that cannot be asked (an unknown machine, no address, a
 * port out of range) is a diagnostic.
 */
export function explain(input: Input, asked: Question): Result<Explanation> {
  // Callers without types may ask nothing at all.
  const question: Question = { ...asked }
  const checked = validate(input)
  if (!checked.ok) return checked
  const config = resolveDocument(checked.value.document)
  const { diagnostics, report } = collectDiagnostics()
  const names = question.machine === undefined ? undefined : [question.machine]
  const [machine, other] = selectMachines(config, names, report)
  if (other !== undefined)
    report('question-unclear', '', {
      reason: `the document has ${config.machines.length} machines, ${machine?.name} first among them`,
    })
  const plan = machine === undefined ? undefined : createPlanner(config)(machine)
  const addresses = plan === undefined ? undefined : readQuestion(question, plan, report)
  const { locate } = checked.value
  const all = [...checked.diagnostics, ...diagnostics.map((found) => locateDiagnostic(found, locate))]
  if (plan === undefined || addresses === undefined || hasErrors(all)) return fail(all)
  return succeed(answer(plan, question, addresses, locate), all)
}

/** The addresses of a question, read. */
interface Asked {
  readonly destination: Address
  readonly source: Address | undefined
}

function readQuestion(question: Question, plan: MachinePlan, report: Report): Asked | undefined {
  const unclear = (reason: string): undefined => {
    report('question-unclear', '', { reason })
  }
  const { direction, port, from } = question
  if (direction !== 'inbound' && direction !== 'outbound')
    return unclear('it is neither inbound nor outbound')
  if (!(Number.isInteger(port) && port >= 1 && port <= 65535)) return unclear(`${port} is not a port`)
  const source = from === undefined ? undefined : parseAddress(String(from))
  if (from !== undefined && source === undefined) return unclear(`"${from}" is not an address`)
  const to = question.address ?? usualAddress(plan, source)
  if (direction === 'outbound' && question.address === undefined)
    return unclear('an outbound connection needs an address')
  if (to === undefined)
    return unclear(
      source === undefined
        ? 'the machine has no address; say which one it gets'
        : 'the machine has no address of that family',
    )
  const destination = parseAddress(String(to))
  if (destination === undefined) return unclear(`"${to}" is not an address`)
  if (source !== undefined && source.family !== destination.family)
    return unclear(`${source.text} and ${destination.text} are of different families`)
  return { destination, source }
}

function usualAddress(plan: MachinePlan, source: Address | undefined): string | undefined {
  return [...plan.addresses, ...plan.localAddresses].find(
    (text) => source === undefined || parseAddress(text)?.family === source.family,
  )
}

function answer(
  plan: MachinePlan,
  question: Question,
  { destination, source }: Asked,
  locate: ((path: string) => Location) | undefined,
): Explanation {
  const { direction, port, uid, protocol = 'tcp' } = question
  const isLocal = isOwn(plan, direction, destination)
  const via = question.interface ?? (direction === 'outbound' && isLocal ? 'lo' : undefined)
  const { intercepted, rule } = decideConnection(plan.rules, {
    ...{ direction, protocol, source, destination, destinationPort: port, uid, interface: via },
    destinationIsLocal: isLocal,
  })
  const { onProxyFailure, ipv6 } = plan.mesh.redirect
  return {
    machine: plan.name,
    connection: {
      direction,
      protocol,
      ...(source === undefined ? {} : { from: source.text }),
      to: joinHostPort(destination.text, port),
      ...(uid === undefined ? {} : { uid }),
      ...(via === undefined ? {} : { interface: via }),
    },
    intercepted,
    proxyPort: rule?.verdict.kind === 'redirect' ? rule.verdict.port : undefined,
    rule: rule === undefined ? undefined : explainRule(rule, plan, destination, locate),
    whileProxyIsDown: downOf(intercepted, onProxyFailure),
    onProxyFailure,
    notes: notesOf(question, {
      ...{ isLocal, ipv6, destination, intercepted },
      passedBy: rule === undefined ? plan.rules : undefined,
    }),
  }
}

/** Why a connection came past all rules. */
function whatIsRedirected(rules: readonly RedirectRule[], direction: Question['direction']): string {
  if (direction === 'inbound') return 'Only the declared ports are redirected (redirect.inbound.scope).'
  const redirects = rules.filter((rule) => rule.direction === 'outbound' && rule.verdict.kind === 'redirect')
  const some = (key: 'destination' | 'uid') => redirects.some(({ match }) => match[key] !== undefined)
  const where = some('destination') ? ' to the networks of the mesh (redirect.outbound.scope)' : ''
  const whose = some('uid') ? ' of the users in redirect.outbound.onlyUsers' : ''
  return `Only connections${where}${whose} are redirected.`
}

/** Behind 1:1 NAT what pods dial becomes an address of the machine on its way in, and is none of its own on the way out. */
function isOwn(plan: MachinePlan, direction: Question['direction'], { range, text }: Address): boolean {
  if (range === 'loopback' || plan.localAddresses.includes(text)) return true
  return direction === 'inbound' && plan.addresses.includes(text)
}

function downOf(intercepted: boolean, mode: 'closed' | 'open'): Explanation['whileProxyIsDown'] {
  if (!intercepted) return 'as-usual'
  return mode === 'closed' ? 'refused' : 'plain-text'
}

function explainRule(
  rule: RedirectRule,
  { mesh }: MachinePlan,
  { family }: Address,
  locate: ((path: string) => Location) | undefined,
): ExplainedRule {
  const nft = mesh.redirect.backend === 'nftables'
  const file = nft ? 'redirect.nft' : family === 'ipv4' ? 'redirect.v4' : 'redirect.v6'
  const print = nft ? printNftablesRule : printIptablesRule
  return {
    reason: rule.reason,
    text: print(rule, rule.match, literalNotation),
    file: `/etc/linkerd/${file}`,
    origin: rule.origin,
    location: rule.origin === '' ? undefined : locate?.(rule.origin),
  }
}

interface Circumstances {
  readonly isLocal: boolean
  readonly ipv6: boolean
  readonly destination: Address
  readonly intercepted: boolean
  /** The rules, where none of them decided. */
  readonly passedBy: readonly RedirectRule[] | undefined
}

function notesOf(question: Question, at: Circumstances): string[] {
  const { direction, protocol, uid } = question
  const notes: string[] = []
  if (protocol === 'udp')
    notes.push('Only TCP is redirected: UDP, and so QUIC, goes as the application sends it.')
  if (direction === 'inbound' && !at.isLocal)
    notes.push(
      'This address is not one of the machine: what it forwards, such as traffic of containers, is left alone.',
    )
  if (at.destination.family === 'ipv6' && !at.ipv6)
    notes.push('redirect.ipv6 is false or nothing in the document is IPv6: the machine has no rules for it.')
  else if (at.passedBy !== undefined && protocol !== 'udp' && at.isLocal === (direction === 'inbound'))
    notes.push(whatIsRedirected(at.passedBy, direction))
  if (typeof uid === 'string')
    notes.push('Rules name users as the document does: a user who is there by number is not found by name.')
  if (at.intercepted && direction === 'inbound')
    notes.push(
      'The proxy dials the address that was dialled: an application that listens on 127.0.0.1 only is not reached.',
    )
  if (at.intercepted)
    notes.push('Only new connections are redirected: what was open before the rules came stays as it was.')
  return notes
}
