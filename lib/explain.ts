import { type Address, addressOf, joinHostPort, parseAddress } from './config/network.ts'
import { resolveDocument } from './config/resolve.ts'
import { fail, type Input, locateDiagnostic, type Result, succeed, validate } from './config/validate.ts'
import { collectDiagnostics, hasErrors, type Location, type Report } from './diagnostics/diagnostic.ts'
import { backends } from './kinds/backends/index.ts'
import { type Connection, type Decision, decideConnection, type Fate } from './plan/decision.ts'
import { createPlanner, type MachinePlan } from './plan/plan.ts'
import { listedNetworks, type RedirectRule } from './plan/rule.ts'
import { literalNotation } from './plan/value.ts'
import { selectMachines } from './select.ts'

/** A connection to ask about. */
export interface Question {
  /** Name of the machine; may be left out where the document has one. */
  readonly machine?: string
  readonly direction: 'inbound' | 'outbound'
  /** Where to. Inbound an address of the machine, by default its first (0.0.0.0 or :: stands for whichever, where the document has none); outbound required. Addresses only: a name has no route. */
  readonly address?: string
  /** Destination port, 1 to 65535. */
  readonly port: number
  /** Inbound: where from. Undefined: from a stranger, somewhere that no rule names and that is not in the mesh. */
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
  /** While the proxy is up, as far as the redirect decides; a firewall or the proxy's policy may refuse it still. */
  readonly fate: Decision['fate']
  /** The proxy's port that it is redirected to; undefined where it is bypassed. */
  readonly proxyPort: number | undefined
  /** The rule that decided; undefined where none did, and the connection is bypassed. */
  readonly rule: ExplainedRule | undefined
  /** Its fate while the proxy is down. What is proxied otherwise, and is bypassed then, goes in plain text. */
  readonly whileProxyIsDown: Exclude<Fate, 'proxied'>
  /** `redirect.onProxyFailure` of the machine. */
  readonly onProxyFailure: 'closed' | 'open'
  /** What else a reader of the answer should know; plain sentences. */
  readonly notes: readonly string[]
}

/** A rule of the redirect, for readers. */
export interface ExplainedRule {
  readonly reason: string
  /** As it stands in `file`; a rule that has a line for each network or address is several. */
  readonly text: string
  readonly file: string
  /** JSON Pointer of the input field that it comes from; `''` for what is always there. */
  readonly origin: string
  /** Where that field stands, where the input was text. */
  readonly location: Location | undefined
}

/**
 * What becomes of a connection of a machine: whether it is proxied or bypassed, by which rule, and because of which line of
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
  // One finding says enough: what is asked of the first of many machines may well be right for the one that was meant.
  const several = other !== undefined
  if (several)
    report('question-unclear', '', {
      reason: `the document has ${config.machines.length} machines, ${machine?.name} first among them`,
    })
  const plan = machine === undefined || several ? undefined : atAnyAddress(createPlanner(config)(machine))
  const addresses = plan === undefined ? undefined : readQuestion(question, plan, report)
  const { locate } = checked.value
  const all = [...checked.diagnostics, ...diagnostics.map((found) => locateDiagnostic(found, locate))]
  if (plan === undefined || addresses === undefined || hasErrors(all)) return fail(all)
  return succeed(answer(plan, question, addresses, locate), all)
}

/** Rules about addresses that are found at boot decide as for whichever these are. */
function atAnyAddress(plan: MachinePlan): MachinePlan {
  if (plan.boot === undefined) return plan
  const rules = plan.rules.map((rule) =>
    rule.match.destinationIn === undefined
      ? rule
      : { ...rule, match: { ...rule.match, destinationIn: { addresses: [], all: [] } } },
  )
  return { ...plan, rules }
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
  if (to === undefined) return unclear('the machine has no address of that family')
  const destination = parseAddress(String(to))
  if (destination === undefined) return unclear(`"${to}" is not an address`)
  if (source !== undefined && source.family !== destination.family)
    return unclear(`${source.text} and ${destination.text} are of different families`)
  return { destination, source }
}

function usualAddress(plan: MachinePlan, source: Address | undefined): string | undefined {
  const known = [...plan.addresses, ...plan.localAddresses]
  if (known.length === 0) return source?.family === 'ipv6' ? '::' : '0.0.0.0'
  return known.find((text) => source === undefined || parseAddress(text)?.family === source.family)
}

function answer(
  plan: MachinePlan,
  question: Question,
  { destination, source }: Asked,
  locate: ((path: string) => Location) | undefined,
): Explanation {
  const { direction, port, uid, protocol = 'tcp' } = question
  const arriving = asArriving(plan, direction, destination)
  const isLocal = isOwn(plan, direction, arriving)
  const via = question.interface ?? (direction === 'outbound' && isLocal ? 'lo' : undefined)
  const connection: Connection = {
    ...{ direction, protocol, source, destinationPort: port, uid, interface: via },
    destination: arriving,
    destinationIsLocal: isLocal,
  }
  const { fate, rule } = decideConnection(plan.rules, connection)
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
    fate,
    proxyPort: rule?.verdict.kind === 'redirect' ? rule.verdict.port : undefined,
    rule: rule === undefined ? undefined : explainRule(rule, plan, destination, locate),
    whileProxyIsDown: fateWhileDown(fate, onProxyFailure),
    onProxyFailure,
    notes: notesOf(question, { ipv6, connection, fate, rule, plan }),
  }
}

/** Why a connection came past all rules. */
function whatIsProxied(rules: readonly RedirectRule[], direction: Question['direction']): string {
  if (direction === 'inbound') return 'Only the declared ports are proxied (redirect.inbound.scope).'
  const redirects = rules.filter((rule) => rule.direction === 'outbound' && rule.verdict.kind === 'redirect')
  const some = (key: 'destination' | 'uid') => redirects.some(({ match }) => match[key] !== undefined)
  const where = some('destination') ? ' to the networks of the mesh (redirect.outbound.scope)' : ''
  const whose = some('uid') ? ' of the users in redirect.outbound.onlyUsers' : ''
  return `Only connections${where}${whose} are proxied.`
}

/** Where the document has no address of the machine, whoever asks about one means that it is. */
function isOwn(plan: MachinePlan, direction: Question['direction'], { range, text }: Address): boolean {
  if (range === 'loopback' || plan.localAddresses.includes(text)) return true
  return direction === 'inbound' && plan.localAddresses.length === 0
}

/** Behind 1:1 NAT what pods dial becomes an address of the machine on its way in. */
function asArriving(plan: MachinePlan, direction: Question['direction'], dialled: Address): Address {
  if (direction === 'outbound' || !plan.addresses.includes(dialled.text)) return dialled
  const local = [dialled.text, ...plan.localAddresses].filter((text) => plan.localAddresses.includes(text))
  const same = local.map(parseAddress).find((address) => address?.family === dialled.family)
  return same ?? dialled
}

function fateWhileDown(fate: Fate, mode: 'closed' | 'open'): Explanation['whileProxyIsDown'] {
  return fate === 'proxied' && mode === 'closed' ? 'refused' : 'bypassed'
}

function explainRule(
  rule: RedirectRule,
  { mesh, rules }: MachinePlan,
  { family }: Address,
  locate: ((path: string) => Location) | undefined,
): ExplainedRule {
  const { path, text } = backends[mesh.redirect.backend].printOne(rule, rules, family, literalNotation)
  return {
    reason: rule.reason,
    text,
    file: path,
    origin: rule.origin,
    location: rule.origin === '' ? undefined : locate?.(rule.origin),
  }
}

interface Circumstances {
  readonly ipv6: boolean
  readonly connection: Connection
  readonly fate: Fate
  /** Undefined where none decided. */
  readonly rule: RedirectRule | undefined
  readonly plan: MachinePlan
}

/** Why it came past all rules, or did not meet what they require. */
function whyBypassed({ connection, rule, plan }: Circumstances): string | undefined {
  const { direction, destinationIsLocal } = connection
  const { rules, localAddresses } = plan
  if (rule === undefined)
    return destinationIsLocal === (direction === 'inbound') ? whatIsProxied(rules, direction) : undefined
  if (rule.verdict.kind !== 'require') return undefined
  if (rule.verdict.name === 'own')
    return `Only what comes to an address that the proxy serves is proxied (${localAddresses.join(', ') || 'any of the machine'}): other addresses of the machine, and what it forwards, such as traffic of containers, are bypassed.`
  const sources = listedNetworks(rule.match.sourceIn ?? []).filter(
    (network) => decideConnection(rules, { ...connection, source: addressOf(network) }).fate === 'proxied',
  )
  if (sources.length === 0) return whatIsProxied(rules, direction)
  const names = sources.slice(0, 5).map(({ text }) => text)
  const more = sources.length > names.length ? ` and ${sources.length - names.length} more` : ''
  const where = connection.source === undefined ? 'Without "from" it is about a stranger. ' : ''
  return `${where}From ${names.join(', ')}${more} it would be proxied; whoever else connects is bypassed: the machine's firewall decides about them, and the proxy's policy does not see them (redirect.inbound.fromNetworks).`
}

function notesOf(question: Question, at: Circumstances): string[] {
  const { direction, protocol, uid } = question
  const isProxied = at.fate === 'proxied'
  const notes: string[] = []
  if (at.plan.boot !== undefined)
    notes.push('The machine finds its address when it boots: this is so for whichever it is.')
  if (protocol === 'udp')
    notes.push('Only TCP is proxied: UDP, and so QUIC, is bypassed and goes as the application sends it.')
  const why = protocol === 'udp' ? undefined : whyBypassed(at)
  if (at.connection.destination.family === 'ipv6' && !at.ipv6)
    notes.push('redirect.ipv6 is false or nothing in the document is IPv6: the machine has no rules for it.')
  else if (why !== undefined) notes.push(why)
  if (typeof uid === 'string')
    notes.push('Rules name users as the document does: a user who is there by number is not found by name.')
  if (isProxied && direction === 'inbound')
    notes.push(
      'The proxy dials the address that was dialled: an application that listens on 127.0.0.1 only is not reached.',
    )
  if (isProxied && direction === 'outbound' && at.rule?.match.destination === undefined)
    notes.push(
      'Under redirect.outbound.scope: all a control plane out of reach makes every new connection hang, to wherever it goes, with no answer and no reset.',
    )
  if (isProxied)
    notes.push('Only new connections are proxied: what was open before the rules came stays as it was.')
  return notes
}
