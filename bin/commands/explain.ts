import { type Explanation, explain, parse, type Question } from '../../lib/index.ts'
import { type ExitCode, exit, UsageError } from '../exit.ts'
import { readSource, type Source } from '../read.ts'
import { codeOf, printDiagnostics, writeOut } from '../report.ts'

export interface ExplainArguments {
  readonly file: string
  readonly machine?: string | undefined
  readonly inbound?: string | undefined
  readonly outbound?: string | undefined
  readonly from?: string | undefined
  readonly uid?: string | undefined
  readonly interface?: string | undefined
  readonly protocol: 'tcp' | 'udp'
  readonly format: 'text' | 'json'
}

export function run(args: ExplainArguments): ExitCode {
  const question = readQuestion(args)
  const source = readSource(args.file)
  const explained = explain(parse(source.text), question)
  const serious = explained.diagnostics.filter(({ severity }) => severity === 'error')
  printDiagnostics(serious, source)
  if (!explained.ok) return codeOf(explained.diagnostics, false)
  writeOut(
    args.format === 'json'
      ? `${JSON.stringify(explained.value, null, 2)}\n`
      : formatExplanation(explained.value, source),
  )
  return exit.fine
}

function readQuestion(args: ExplainArguments): Question {
  const { inbound, outbound, from, uid, machine, protocol } = args
  if ((inbound === undefined) === (outbound === undefined))
    throw new UsageError('Give either --inbound or --outbound.')
  if (outbound !== undefined && from !== undefined)
    throw new UsageError('--from is for --inbound; for whose connection it is there is --uid.')
  if (inbound !== undefined && uid !== undefined)
    throw new UsageError('--uid is for --outbound: what arrives has no local user.')
  return {
    ...(inbound === undefined
      ? { direction: 'outbound' as const, ...readTarget(outbound ?? '', '--outbound') }
      : { direction: 'inbound' as const, ...readTarget(inbound, '--inbound') }),
    protocol,
    ...(machine === undefined ? {} : { machine }),
    ...(from === undefined ? {} : { from }),
    ...(uid === undefined ? {} : { uid: /^[0-9]+$/.test(uid) ? Number(uid) : uid }),
    ...(args.interface === undefined ? {} : { interface: args.interface }),
  }
}

/** `22`, `10.43.0.7:80` or `[fd00::7]:80`; whether the address is one is left to the library. */
function readTarget(text: string, option: string): { port: number; address?: string } {
  const [, , bracketed, plain, port] = /^((?:\[([^\]]*)\]|([^:]*)):)?([0-9]{1,5})$/.exec(text) ?? []
  const address = bracketed ?? plain
  if (port === undefined || (option === '--outbound' && address === undefined))
    throw new UsageError(
      `${option} ${text}: write ${option === '--inbound' ? '80, ' : ''}10.43.0.7:80 or [fd00::7]:80.`,
    )
  return { port: Number(port), ...(address === undefined ? {} : { address }) }
}

function formatExplanation(found: Explanation, { filename, text }: Source): string {
  const { machine, connection, fate, proxyPort, rule } = found
  const { direction, protocol, from, to, uid } = connection
  const whose = uid === undefined ? '' : ` by user ${uid}`
  const origin = from === undefined ? '' : ` from ${from}`
  const via = connection.interface === undefined ? '' : ` over ${connection.interface}`
  const lines = [
    `${machine}: ${direction} ${protocol}${origin} to ${to}${whose}${via}`,
    fate === 'proxied'
      ? `  proxied: it goes to port ${proxyPort} of the proxy`
      : '  bypassed: it goes past the proxy',
    rule === undefined ? '  rule: none says anything about it' : `  rule: ${rule.reason}`,
  ]
  if (rule !== undefined) {
    lines.push(...shorten(rule.text), `    in ${rule.file}`)
    lines.push(...because(rule, filename, text))
  }
  lines.push(
    `  while the proxy is down: ${whileDown(found)}`,
    ...found.notes.map((note) => `  note: ${note}`),
  )
  return `${lines.join('\n')}\n`
}

function whileDown({ fate, whileProxyIsDown, onProxyFailure }: Explanation): string {
  if (fate === 'bypassed') return `${whileProxyIsDown} as well`
  const how = whileProxyIsDown === 'refused' ? 'until it is back' : 'in plain text'
  return `${whileProxyIsDown}, ${how} (redirect.onProxyFailure: ${onProxyFailure})`
}

/** A rule that asks for one of many networks has a line for each. */
function shorten(text: string): string[] {
  const lines = text === '' ? ['(it names none)'] : text.split('\n')
  const shown = lines.slice(0, 8).map((line) => `    ${line}`)
  return lines.length > shown.length ? [...shown, `    … ${lines.length - shown.length} more`] : shown
}

function because(rule: NonNullable<Explanation['rule']>, filename: string, text: string): string[] {
  const { location, origin } = rule
  if (location === undefined)
    return [origin === '' ? '  because: it is always so' : `  because of: the default of ${origin}`]
  const line = text.split(/\r\n|\n|\r/)[location.line - 1]?.trim() ?? ''
  return [`  because of: ${filename}:${location.line}:${location.column}: ${line.slice(0, 100)}`]
}
