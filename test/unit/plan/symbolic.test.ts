/**
 * The symbolic machine: the printers write it in whatever notation they are handed. The notation of this test looks like
 * Jinja, which a later target will bring: it shows that nothing in a printer needs a value.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { printEnvironment } from '../../../lib/files/environment.ts'
import { printIptables } from '../../../lib/files/redirect-iptables.ts'
import { planMachineEnvironment } from '../../../lib/plan/environment.ts'
import type { RedirectRule } from '../../../lib/plan/redirect.ts'
import {
  isVariable,
  type List,
  literalNotation,
  type Notation,
  type Scalar,
} from '../../../lib/plan/value.ts'

const symbolic: Notation = {
  scalar: (value) => (isVariable(value) ? `{{ ${value.variable} }}` : String(value)),
  join: (list, separator) =>
    isVariable(list)
      ? `{{ ${list.variable} | join("${separator}") }}`
      : list.map((item) => symbolic.scalar(item)).join(separator),
  each: (list, body) =>
    isVariable(list)
      ? `{% for item in ${list.variable} %}\n${body({ variable: 'item' })}{% endfor %}\n`
      : list.map((item) => body(item)).join(''),
}

const variable = (name: string): { readonly variable: string } => ({ variable: name })

const symbolicMachine = {
  name: variable('name'),
  namespace: variable('namespace'),
  spiffeId: variable('id'),
  serverName: variable('server'),
  inboundAddresses: variable('ips'),
  inboundPorts: variable('ports'),
  opaquePorts: variable('opaque'),
}

function rule(match: RedirectRule['match'], repeat?: RedirectRule['repeat']): RedirectRule {
  const verdict = { kind: 'redirect', port: 4143 } as const
  const base = {
    direction: 'inbound',
    family: 'both',
    match,
    verdict,
    reason: 'declared',
    origin: '',
  } as const
  return repeat === undefined ? base : { ...base, repeat }
}

function lines(rules: readonly RedirectRule[], notation: Notation): string[] {
  return printIptables(rules, 'ipv4', notation)
    .split('\n')
    .filter((line) => /^(-A|\{%)/.test(line))
}

const test = suite('symbolic machine')

test('the environment prints variables, also inside JSON, and joined lists', () => {
  assert.is(
    printEnvironment(['Who.'], planMachineEnvironment(symbolicMachine), symbolic),
    [
      '# Who.',
      "LINKERD2_PROXY_IDENTITY_SERVER_ID='{{ id }}'",
      "LINKERD2_PROXY_IDENTITY_SERVER_NAME='{{ server }}'",
      'LINKERD2_PROXY_POLICY_WORKLOAD=\'{"ns":"{{ namespace }}","external_workload":"{{ name }}"}\'',
      'LINKERD2_PROXY_DESTINATION_CONTEXT=\'{"ns":"{{ namespace }}","external_workload":"{{ name }}"}\'',
      `LINKERD2_PROXY_INBOUND_IPS='{{ ips | join(",") }}'`,
      `LINKERD2_PROXY_INBOUND_PORTS='{{ ports | join(",") }}'`,
      `LINKERD2_PROXY_INBOUND_PORTS_DISABLE_PROTOCOL_DETECTION='{{ opaque | join(",") }}'`,
      '',
    ].join('\n'),
  )
})

test('the same entries of a machine of the document print literals', () => {
  const machine = {
    name: 'vm-1',
    namespace: 'shop',
    spiffeId: 'spiffe://x/vm-1',
    serverName: 'vm-1.shop.x',
    inboundAddresses: ['192.0.2.1', '2001:db8::1'],
    inboundPorts: [80, 443],
    opaquePorts: [],
  }
  assert.is(
    printEnvironment([], planMachineEnvironment(machine), literalNotation),
    [
      "LINKERD2_PROXY_IDENTITY_SERVER_ID='spiffe://x/vm-1'",
      "LINKERD2_PROXY_IDENTITY_SERVER_NAME='vm-1.shop.x'",
      'LINKERD2_PROXY_POLICY_WORKLOAD=\'{"ns":"shop","external_workload":"vm-1"}\'',
      'LINKERD2_PROXY_DESTINATION_CONTEXT=\'{"ns":"shop","external_workload":"vm-1"}\'',
      "LINKERD2_PROXY_INBOUND_IPS='192.0.2.1,2001:db8::1'",
      "LINKERD2_PROXY_INBOUND_PORTS='80,443'",
      '',
    ].join('\n'),
  )
})

test('a rule that is repeated prints a loop, or one line for each literal', () => {
  const over = (list: List) => [rule({}, { over: list, field: 'destinationPort' })]
  assert.equal(lines(over(variable('ports')), symbolic), [
    '{% for item in ports %}',
    '-A MESHJOIN_INBOUND -p tcp --dport {{ item }} --syn -j REDIRECT --to-ports 4143',
    '{% endfor %}',
  ])
  const literal = [
    '-A MESHJOIN_INBOUND -p tcp --dport 80 --syn -j REDIRECT --to-ports 4143',
    '-A MESHJOIN_INBOUND -p tcp --dport 443 --syn -j REDIRECT --to-ports 4143',
  ]
  assert.equal(lines(over([80, 443]), symbolic), literal)
  assert.equal(lines(over([80, 443]), literalNotation), literal)
  assert.equal(lines(over([]), literalNotation), [])
})

test('networks can be looped over too, and single values be variables', () => {
  const looped = rule({}, { over: variable('networks'), field: 'destination' })
  const single = rule({ destinationPort: variable('port'), uid: variable('uid') })
  assert.equal(lines([looped, single], symbolic), [
    '{% for item in networks %}',
    '-A MESHJOIN_INBOUND -d {{ item }} -p tcp --syn -j REDIRECT --to-ports 4143',
    '{% endfor %}',
    '-A MESHJOIN_INBOUND -p tcp --dport {{ port }} --syn -m owner --uid-owner {{ uid }} -j REDIRECT --to-ports 4143',
  ])
})

test('the literal notation refuses a variable, wherever it stands', () => {
  const refused: (() => unknown)[] = [
    () => printEnvironment([], planMachineEnvironment(symbolicMachine), literalNotation),
    () => literalNotation.scalar(variable('x')),
    () => literalNotation.join(variable('x'), ','),
    () => literalNotation.join([80, variable('x')], ','),
    () => literalNotation.each(variable('x'), String as (item: Scalar) => string),
    () => lines([rule({ destinationPort: variable('x') })], literalNotation),
  ]
  for (const print of refused) assert.throws(print, /the literal notation has no values? for/)
})

test.run()
