import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RedirectRule } from '../../lib/index.ts'
import type { RuleMatch } from '../../lib/plan/rule.ts'
import type { List } from '../../lib/plan/value.ts'
import { type CaseMachine, readMachines } from './support/cases.ts'
import { type RunOptions, runScript, type Suite, suites } from './support/root.ts'

const test = suite('iptables reads the rules')
const machines = readMachines()

const families = {
  ipv4: { command: 'iptables', file: '/etc/linkerd/redirect.v4' },
  ipv6: { command: 'ip6tables', file: '/etc/linkerd/redirect.v6' },
} as const
type Family = keyof typeof families
const variants = ['nft', 'legacy'] as const

/** One rule as plain facts, in the words of the plan; undefined where it has no such condition. */
type Facts = Record<string, string | true>

function familiesOf(machine: CaseMachine): Family[] {
  const all: Family[] = ['ipv4', 'ipv6']
  return all.filter((family) => machine.files.some(({ path }) => path === families[family].file))
}

/** What was meant: the plan's own rules for a family, in their order, and the two jumps. */
function meant(rules: readonly RedirectRule[], family: Family): Facts[] {
  const facts: Facts[] = [
    { chain: 'PREROUTING', verdict: 'MESHJOIN_INBOUND' },
    { chain: 'OUTPUT', verdict: 'MESHJOIN_OUTBOUND' },
  ]
  let inbound = 'MESHJOIN_INBOUND'
  for (const { direction, family: of, match, verdict } of rules) {
    if (of === family && verdict.kind === 'require') {
      const next = `MESHJOIN_INBOUND_${verdict.name.toUpperCase()}`
      facts.push(
        ...requirementFacts(match).map((asked) => ({ chain: inbound, ...asked, verdict: `on to ${next}` })),
      )
      inbound = next
      continue
    }
    const to = match.destination === undefined ? undefined : String(match.destination)
    if (of === 'both' ? to !== undefined && to.includes(':') !== (family === 'ipv6') : of !== family) continue
    const redirect = verdict.kind === 'redirect' ? `redirect to ${verdict.port}` : undefined
    const port = printPort(match.destinationPort)
    facts.push(
      withoutUndefined({
        chain: direction === 'inbound' ? inbound : 'MESHJOIN_OUTBOUND',
        in: match.inInterface,
        out: match.outInterface,
        to,
        tcp: redirect !== undefined || port !== undefined ? true : undefined,
        port,
        syn: redirect === undefined ? undefined : true,
        uid: match.uid === undefined ? undefined : String(match.uid),
        local: match.destinationIsLocal,
        verdict: redirect ?? 'RETURN',
      }),
    )
  }
  return facts
}

/** As iptables has it: a range with a colon. */
function printPort(port: RuleMatch['destinationPort']): string | undefined {
  if (port === undefined) return undefined
  return typeof port === 'object' && 'first' in port ? `${port.first}:${port.last}` : String(port)
}

/** What each line of a requirement asks. iptables lists an address as a network, and not at all what holds for everybody. */
function requirementFacts({ sourceIn, destinationIn }: RuleMatch): Facts[] {
  if (sourceIn !== undefined)
    return literalItems(sourceIn).map((from): Facts => (/^(::|0\.0\.0\.0)\/0$/.test(from) ? {} : { from }))
  const { addresses = [], all = [] } = destinationIn ?? {}
  if (literalItems(all).length === 0) return [{ local: true }]
  return literalItems(addresses).map((address) => ({ to: `${address}/${address.includes(':') ? 128 : 32}` }))
}

function literalItems(list: List): string[] {
  assert.ok(Array.isArray(list))
  return list.map(String)
}

function withoutUndefined(facts: Record<string, string | true | undefined>): Facts {
  const kept: Facts = {}
  for (const [name, value] of Object.entries(facts)) if (value !== undefined) kept[name] = value
  return kept
}

/** What the kernel has, as `iptables-save` prints it. Any word that is not known here is a fault. */
const savedWords: readonly (readonly [RegExp, (value: string, facts: Facts) => void])[] = [
  [/^-A (\S+)/, (value, facts) => Object.assign(facts, { chain: value })],
  [/^-i (\S+)/, (value, facts) => Object.assign(facts, { in: value })],
  [/^-o (\S+)/, (value, facts) => Object.assign(facts, { out: value })],
  [/^-d (\S+)/, (value, facts) => Object.assign(facts, { to: value })],
  [/^-p (tcp) -m tcp/, (_value, facts) => Object.assign(facts, { tcp: true })],
  [/^--dport (\d+(?::\d+)?)/, (value, facts) => Object.assign(facts, { port: value })],
  [/^--tcp-flags (FIN,SYN,RST,ACK SYN)/, (_value, facts) => Object.assign(facts, { syn: true })],
  [/^-m owner --uid-owner (\d+)/, (value, facts) => Object.assign(facts, { uid: value })],
  [/^-m addrtype --dst-type (LOCAL)/, (_value, facts) => Object.assign(facts, { local: true })],
  [/^-s (\S+)/, (value, facts) => Object.assign(facts, { from: value })],
  [/^-g (\S+)/, (value, facts) => Object.assign(facts, { verdict: `on to ${value}` })],
  [
    /^-j REDIRECT --to-ports (\d+)/,
    (value, facts) => Object.assign(facts, { verdict: `redirect to ${value}` }),
  ],
  [/^-j (\S+)/, (value, facts) => Object.assign(facts, { verdict: value })],
]

function readSaved(text: string): Facts[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('-A '))
    .map(readSavedRule)
}

function readSavedRule(line: string): Facts {
  const facts: Facts = {}
  for (let rest = line; rest !== ''; ) {
    const known = savedWords.find(([pattern]) => pattern.test(rest))
    const [whole = '', value = ''] = known?.[0].exec(rest) ?? []
    if (known === undefined) throw new Error(`unexpected in "${line}": ${rest}`)
    known[1](value, facts)
    rest = rest.slice(whole.length).trimStart()
  }
  return facts
}

/** Chain by chain, since iptables lists these by name. */
function sortKeys(all: readonly Facts[]): string {
  return all
    .toSorted((a, b) => String(a.chain).localeCompare(String(b.chain)))
    .map((facts) => JSON.stringify(Object.entries(facts).sort(([a], [b]) => (a < b ? -1 : 1))))
    .join('\n')
}

/** Runs a script that must say nothing on standard error. */
async function quietly(system: Suite, script: string, options: RunOptions, title: string): Promise<string> {
  const { stdout, stderr, status } = await runScript(system, script, options)
  // iptables-nft says this on a host where the legacy variant was ever used; it is not about our rules.
  const said = stderr.replaceAll(/^# Warning: ip6?tables-legacy tables present.*\n/gm, '')
  assert.is(said, '', title)
  assert.is(status, 0, title)
  return stdout
}

for (const system of suites) {
  for (const variant of variants) {
    test(`${system}: iptables-${variant} takes the rules and has what was meant`, async () => {
      let loaded = 0
      for (const machine of machines) {
        for (const family of familiesOf(machine)) {
          const { command, file } = families[family]
          const saved = await quietly(
            system,
            `${command}-${variant}-restore --noflush --test <${file}
             ${command}-${variant}-restore --noflush <${file}
             ${command}-${variant}-save -t nat`,
            { files: machine.files },
            machine.title,
          )
          const expected = meant(machine.plan.rules, family)
          assert.ok(expected.length > 10, machine.title)
          assert.is(sortKeys(readSaved(saved)), sortKeys(expected), `${machine.title} ${family}`)
          loaded++
        }
      }
      assert.ok(loaded > machines.length, 'both families are among the cases')
    })

    test(`${system}: iptables-${variant} keeps the rules that were there, and --test refuses a planted mistake`, async () => {
      const [machine] = machines
      if (machine === undefined) throw new Error('no machine')
      const foreign = '-A OUTPUT -d 192.0.2.0/24 -p tcp -m tcp --dport 81 -j REDIRECT --to-ports 82'
      const saved = await quietly(
        system,
        `iptables-${variant} -t nat ${foreign}
         iptables-${variant}-restore --noflush </etc/linkerd/redirect.v4
         iptables-${variant}-save -t nat
         sed 's/--to-ports 4143/--to-ports 414x/' /etc/linkerd/redirect.v4 >/tmp/planted
         ! iptables-${variant}-restore --noflush --test </tmp/planted 2>/dev/null`,
        { files: machine.files },
        machine.title,
      )
      const rules = saved.split('\n').filter((line) => line.startsWith('-A OUTPUT'))
      assert.is(rules.length, 2)
      assert.is(rules[1], foreign)
    })
  }
}

test.run()
