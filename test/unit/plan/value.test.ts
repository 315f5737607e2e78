/** The symbolic machine: the printers write it in whatever notation they are handed. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { printEnvironment } from '../../../lib/files/environment.ts'
import { printProbes } from '../../../lib/files/redirect-probes.ts'
import { printIptables, printIptablesRule } from '../../../lib/kinds/backends/iptables.ts'
import { printRules } from '../../../lib/kinds/backends/rules.ts'
import { planMachineEnvironment } from '../../../lib/plan/environment.ts'
import type { RedirectRule } from '../../../lib/plan/rule.ts'
import { jinjaNotation, literalNotation } from '../../../lib/plan/value.ts'

const variable = (name: string): { readonly variable: string } => ({ variable: name })
const listOf = (name: string) => ({ variable: name, item: 'item' })

const symbolicMachine = {
  name: variable('name'),
  namespace: variable('namespace'),
  spiffeId: variable('id'),
  serverName: variable('server'),
  inboundAddresses: listOf('ips'),
  inboundPorts: listOf('ports'),
  opaquePorts: listOf('opaque'),
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

const test = suite('symbolic machine')

test('the environment prints variables, also inside JSON, and joined lists', () => {
  assert.is(
    printEnvironment(['Who.'], planMachineEnvironment(symbolicMachine), jinjaNotation),
    [
      '# Who.',
      "LINKERD2_PROXY_IDENTITY_SERVER_ID='{{ id }}'",
      "LINKERD2_PROXY_IDENTITY_SERVER_NAME='{{ server }}'",
      'LINKERD2_PROXY_POLICY_WORKLOAD=\'{"ns":"{{ namespace }}","external_workload":"{{ name }}"}\'',
      'LINKERD2_PROXY_DESTINATION_CONTEXT=\'{"ns":"{{ namespace }}","external_workload":"{{ name }}"}\'',
      '{% if ips %}',
      `LINKERD2_PROXY_INBOUND_IPS='{{ ips | join(",") }}'`,
      '{% endif %}',
      '{% if ports %}',
      `LINKERD2_PROXY_INBOUND_PORTS='{{ ports | join(",") }}'`,
      '{% endif %}',
      '{% if opaque %}',
      `LINKERD2_PROXY_INBOUND_PORTS_DISABLE_PROTOCOL_DETECTION='{{ opaque | join(",") }}'`,
      '{% endif %}',
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

const declared = rule(
  { destinationPort: variable('port.port') },
  { over: { variable: 'ports', item: 'port' }, reason: ['declared port ', variable('port.name')] },
)

const inChain = (rules: readonly RedirectRule[]) => ({ chain: 'MESHJOIN_INBOUND', next: '', rules })

test('a rule that is repeated prints a loop with the reason of each item', () => {
  const single = rule({ destination: variable('network'), uid: variable('uid') })
  assert.is(
    printRules(inChain([declared, single]), jinjaNotation, printIptablesRule),
    [
      '{% for port in ports %}',
      '# declared port {{ port.name }}',
      '-A MESHJOIN_INBOUND -p tcp --dport {{ port.port }} --syn -j REDIRECT --to-ports 4143',
      '{% endfor %}',
      '# declared',
      '-A MESHJOIN_INBOUND -d {{ network }} -p tcp --syn -m owner --uid-owner {{ uid }} -j REDIRECT --to-ports 4143',
      '',
    ].join('\n'),
  )
})

const requirement = (name: 'own' | 'mesh', match: RedirectRule['match'], reason: string): RedirectRule => ({
  ...rule(match),
  family: 'ipv4',
  verdict: { kind: 'require', name },
  reason,
})
const served4 = requirement(
  'own',
  { destinationIn: { addresses: listOf('own4'), all: listOf('own') } },
  'served only',
)
const mesh4 = requirement('mesh', { sourceIn: ['10.42.0.0/16', '192.0.2.7/32'] }, 'mesh only')

test('a requirement prints a line for each item, and leads to a chain with what is behind it', () => {
  const text = (notation: typeof jinjaNotation, rules: readonly RedirectRule[]) =>
    printIptables(rules, 'ipv4', notation)
      .split('\n')
      .filter((line) => /^(-A|:|{)/.test(line))
  assert.equal(text(jinjaNotation, [served4, mesh4, declared]), [
    ':MESHJOIN_INBOUND - [0:0]',
    ':MESHJOIN_INBOUND_OWN - [0:0]',
    ':MESHJOIN_INBOUND_MESH - [0:0]',
    ':MESHJOIN_OUTBOUND - [0:0]',
    '{% for item in own4 %}',
    '-A MESHJOIN_INBOUND -d {{ item }} -g MESHJOIN_INBOUND_OWN',
    '{% endfor %}',
    '{% if not own %}',
    '-A MESHJOIN_INBOUND -m addrtype --dst-type LOCAL -g MESHJOIN_INBOUND_OWN',
    '{% endif %}',
    '-A MESHJOIN_INBOUND_OWN -s 10.42.0.0/16 -g MESHJOIN_INBOUND_MESH',
    '-A MESHJOIN_INBOUND_OWN -s 192.0.2.7/32 -g MESHJOIN_INBOUND_MESH',
    '{% for port in ports %}',
    '-A MESHJOIN_INBOUND_MESH -p tcp --dport {{ port.port }} --syn -j REDIRECT --to-ports 4143',
    '{% endfor %}',
  ])
  // Nobody is of the mesh over this family, and no address is served: nothing leads to the next chain.
  const none = requirement('mesh', { sourceIn: [] }, 'mesh only')
  const nowhere = requirement(
    'own',
    { destinationIn: { addresses: [], all: ['2001:db8::1'] } },
    'served only',
  )
  assert.equal(
    text(literalNotation, [nowhere, none]).filter((line) => line.startsWith('-A')),
    [],
  )
})

test('a probe is repeated for the own addresses, and left out where it would be of an own address', () => {
  const served = {
    all: { variable: 'own', item: 'address' },
    ipv4: { variable: 'own4', item: 'address' },
    ipv6: { variable: 'own6', item: 'address' },
  }
  const outbound: RedirectRule[] = [
    { ...rule({ uid: 2102 }), direction: 'outbound', verdict: { kind: 'bypass' }, reason: 'own' },
    {
      ...rule({ destinationIsLocal: true }),
      direction: 'outbound',
      verdict: { kind: 'bypass' },
      reason: 'local',
    },
    {
      ...rule({ destination: '192.0.2.7/32' }),
      direction: 'outbound',
      verdict: { kind: 'redirect', port: 4140 },
    },
  ]
  assert.is(
    printProbes([served4, mesh4, declared, ...outbound], served, false, jinjaNotation),
    [
      '{% if "10.42.255.255" not in own %}',
      '{% for port in ports %}',
      '{% for address in own4 %}',
      'inbound ipv4 {{ address }} {{ port.port }} 10.42.255.255 proxied declared port {{ port.name }}',
      '{% endfor %}',
      '{% endfor %}',
      '{% endif %}',
      '{% for port in ports %}',
      '{% for address in own4 %}',
      'inbound ipv4 {{ address }} {{ port.port }} 169.254.255.250 bypassed mesh only',
      '{% endfor %}',
      '{% endfor %}',
      '{% if "10.42.255.255" not in own %}',
      '{% if own4 %}',
      '{% for port in ports %}',
      'inbound ipv4 169.254.255.249 {{ port.port }} 10.42.255.255 bypassed served only',
      '{% endfor %}',
      '{% endif %}',
      '{% endif %}',
      'outbound ipv4 192.0.2.7 9 2102 bypassed own',
      '{% if "192.0.2.7" not in own %}',
      'outbound ipv4 192.0.2.7 10 65534 proxied declared',
      '{% endif %}',
      '',
    ].join('\n'),
  )
})

test('known lists are written at once, in either notation', () => {
  for (const { each, join, none, some, without } of [jinjaNotation, literalNotation]) {
    assert.is(
      each([80, 443], (item) => `${item}\n`),
      '80\n443\n',
    )
    assert.is(join([80, 443], ','), '80,443')
    assert.is(some([], 'x'), '')
    assert.is(some([1], 'x'), 'x')
    assert.is(none([], 'x'), 'x')
    assert.is(none([1], 'x'), '')
    assert.is(without(['a'], 'a', 'x'), '')
    assert.is(without(['b'], 'a', 'x'), 'x')
  }
})

test('the literal notation refuses a variable, wherever it stands', () => {
  const refused: (() => unknown)[] = [
    () => printEnvironment([], planMachineEnvironment(symbolicMachine), literalNotation),
    () => literalNotation.scalar(variable('x')),
    () => literalNotation.join(listOf('x'), ','),
    () => literalNotation.join([80, variable('x')], ','),
    () => literalNotation.each(listOf('x'), String),
    () => literalNotation.some(listOf('x'), ''),
    () => literalNotation.without(listOf('x'), 'y', ''),
    () => printRules(inChain([declared]), literalNotation, printIptablesRule),
    () => literalNotation.none(listOf('x'), ''),
  ]
  for (const print of refused) assert.throws(print, /the literal notation has no values? for/)
})

test.run()
