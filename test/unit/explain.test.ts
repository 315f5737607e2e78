import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Explanation, explain, parse, plan, type Question } from '../../lib/index.ts'
import { exampleText, firstMachine, minimalWith } from './plan/document.ts'

const test = suite('explain')

const document = minimalWith((d) => {
  d.mesh.clusterNetworks.push('fd00:10:42::/56')
  firstMachine(d).addresses = ['203.0.113.42']
  firstMachine(d).localAddresses = ['10.0.0.5']
  d.redirect = {
    inbound: { exemptNetworks: ['192.0.2.0/24'], exemptInterfaces: ['wg0'] },
    outbound: { exemptPorts: ['5000-5010'], exemptUsers: ['backup', 7], exemptNetworks: ['10.42.9.0/24'] },
  }
})

function ask(question: Question, input: string | object = document): Explanation {
  const result = explain(input, question)
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics))
  return result.value
}

const out = (address: string, port: number, more: Partial<Question> = {}) =>
  ask({ direction: 'outbound', address, port, ...more })
const into = (port: number, more: Partial<Question> = {}) => ask({ direction: 'inbound', port, ...more })
const pod = { from: '10.42.3.7' } as const
const served = 'only to addresses that the proxy serves'

/** Question and answer, in short. */
const answers: readonly (readonly [
  what: string,
  found: () => Explanation,
  fate: Explanation['fate'],
  reason: string | undefined,
])[] = [
  ['a pod on a declared port', () => into(80, pod), 'proxied', 'declared port http'],
  ['a pod on another port', () => into(81, pod), 'bypassed', undefined],
  ['a stranger on a declared port', () => into(80), 'bypassed', 'only from the mesh'],
  ['a stranger by address', () => into(80, { from: '192.0.3.9' }), 'bypassed', 'only from the mesh'],
  ['a meshed machine', () => into(80, { from: '203.0.113.42' }), 'proxied', 'declared port http'],
  ['SSH', () => into(22), 'bypassed', 'SSH'],
  ['the port of the proxy', () => into(4143), 'bypassed', "the proxy's own ports"],
  ['an exempt source', () => into(80, { from: '192.0.2.9' }), 'bypassed', 'exempt network 192.0.2.0/24'],
  ['an exempt interface', () => into(80, { ...pod, interface: 'wg0' }), 'bypassed', 'exempt interface wg0'],
  ['UDP', () => into(80, { ...pod, protocol: 'udp' }), 'bypassed', undefined],
  ['what is forwarded', () => into(80, { ...pod, address: '172.17.0.2' }), 'bypassed', served],
  [
    'the address in front of NAT',
    () => into(80, { ...pod, address: '203.0.113.42' }),
    'proxied',
    'declared port http',
  ],
  [
    'the address behind NAT',
    () => into(80, { ...pod, address: '10.0.0.5' }),
    'proxied',
    'declared port http',
  ],
  ['a second address', () => into(80, { ...pod, address: '10.0.1.5' }), 'bypassed', served],
  [
    'a family without an address',
    () => into(80, { from: 'fd00:10:42::7', address: 'fd00::5' }),
    'bypassed',
    served,
  ],
  ['a pod', () => out('10.42.0.7', 80), 'proxied', 'cluster network'],
  ['an IPv6 pod', () => out('fd00:10:42::7', 80), 'proxied', 'cluster network'],
  ['somewhere else', () => out('8.8.8.8', 443), 'bypassed', undefined],
  ['an exempt port', () => out('10.42.0.7', 5010), 'bypassed', 'exempt port 5000-5010'],
  ['the port behind the range', () => out('10.42.0.7', 5011), 'proxied', 'cluster network'],
  ['an exempt network', () => out('10.42.9.7', 80), 'bypassed', 'exempt network 10.42.9.0/24'],
  ['an exempt user by name', () => out('10.42.0.7', 80, { uid: 'backup' }), 'bypassed', 'exempt user backup'],
  ['an exempt user by number', () => out('10.42.0.7', 80, { uid: 7 }), 'bypassed', 'exempt user 7'],
  ['the proxy', () => out('10.42.0.7', 80, { uid: 2102 }), 'bypassed', "the proxy's own connections"],
  ['the agent', () => out('10.42.0.7', 80, { uid: 2103 }), 'bypassed', "the SPIRE agent's own connections"],
  ['loopback', () => out('127.0.0.1', 80), 'bypassed', 'loopback'],
  ['an own address', () => out('10.0.0.5', 80), 'bypassed', 'loopback'],
  ['metadata', () => out('169.254.169.254', 80), 'bypassed', 'link-local and metadata'],
  ['DNS', () => out('10.43.0.10', 53), 'bypassed', 'DNS over TCP'],
]
for (const [what, found, fate, reason] of answers) {
  test(`${what}: ${fate}`, () => {
    const answer = found()
    assert.is(answer.fate, fate)
    assert.is(answer.rule?.reason, reason)
    assert.is(answer.whileProxyIsDown, fate === 'proxied' ? 'refused' : 'bypassed')
  })
}

test('the rule is named as it stands in its file, with the place of the field that it comes from', () => {
  const answer = ask({ direction: 'outbound', address: '10.43.0.7', port: 80 }, exampleText('minimal'))
  assert.equal(answer, {
    machine: 'legacy-app',
    connection: { direction: 'outbound', protocol: 'tcp', to: '10.43.0.7:80' },
    fate: 'proxied',
    proxyPort: 4140,
    rule: {
      reason: 'cluster network',
      text: '-A MESHJOIN_OUTBOUND -d 10.43.0.0/16 -p tcp --syn -j REDIRECT --to-ports 4140',
      file: '/etc/linkerd/redirect.v4',
      origin: '/mesh/clusterNetworks/1',
      location: { line: 5, column: 35 },
    },
    whileProxyIsDown: 'refused',
    onProxyFailure: 'closed',
    notes: ['Only new connections are proxied: what was open before the rules came stays as it was.'],
  })
})

test('open: what would be proxied is bypassed while the proxy is down', () => {
  const open = minimalWith((d) => {
    d.redirect = { onProxyFailure: 'open', backend: 'nftables' }
  })
  const answer = ask({ direction: 'inbound', port: 80, ...pod }, open)
  assert.is(answer.whileProxyIsDown, 'bypassed')
  assert.is(answer.rule?.file, '/etc/linkerd/redirect.nft')
  assert.match(answer.rule?.text ?? '', /^meta nfproto ipv4 tcp dport 80 tcp flags .* redirect to :4143$/)
})

test('notes say what an answer does not', () => {
  assert.match(into(80, { protocol: 'udp' }).notes.join(), /QUIC/)
  assert.match(into(80, pod).notes.join(), /127\.0\.0\.1/)
  assert.match(into(80, { address: '172.17.0.2' }).notes.join(), /containers/)
  assert.match(out('10.42.0.7', 80, { uid: 'shop' }).notes.join(), /by number/)
})

test('a stranger is told from where it would be proxied, and who decides about him', () => {
  const mesh = 'From 10.42.0.0/16, 10.43.0.0/16, fd00:10:42::/56, 203.0.113.42/32'
  for (const [question, note] of [
    [
      {},
      /^Without "from" it is about a stranger\. From 10\.42\.0\.0\/16, 10\.43\.0\.0\/16, 203\.0\.113\.42\/32 it would be proxied; whoever else connects is bypassed: the machine's firewall decides about them, and the proxy's policy does not see them/,
    ],
    [{ from: '192.0.3.9' }, /^From 10\.42\.0\.0\/16/],
  ] as const)
    assert.match(into(80, question).notes[0] ?? mesh, note)
  // Where it would not be, the port is the reason.
  assert.equal(into(81).notes, ['Only the declared ports are proxied (redirect.inbound.scope).'])
  const wide = minimalWith((d) => {
    d.redirect = { inbound: { scope: 'all', fromNetworks: ['192.0.3.0/24'] } }
  })
  const question = { direction: 'inbound', port: 4711 } as const
  assert.is(ask({ ...question, from: '192.0.3.9' }, wide).fate, 'proxied')
  assert.is(ask({ ...question, from: '192.0.4.9' }, wide).rule?.origin, '/redirect/inbound/fromNetworks')
})

test('a requirement is shown with all of its lines', () => {
  assert.equal(into(80).rule?.text.split('\n'), [
    '-A MESHJOIN_INBOUND_OWN -s 10.42.0.0/16 -g MESHJOIN_INBOUND_MESH',
    '-A MESHJOIN_INBOUND_OWN -s 10.43.0.0/16 -g MESHJOIN_INBOUND_MESH',
    '-A MESHJOIN_INBOUND_OWN -s 203.0.113.42/32 -g MESHJOIN_INBOUND_MESH',
  ])
})

test('a client without addresses can be asked about any of its own', () => {
  const client = minimalWith((d) => {
    const machine = firstMachine(d)
    d.redirect = { inbound: { scope: 'all' } }
    machine.role = 'client'
    delete machine.addresses
    delete machine.ports
  })
  const answer = ask({ direction: 'inbound', address: '198.51.100.7', port: 8080, ...pod }, client)
  assert.is(answer.fate, 'proxied')
  assert.is(ask({ direction: 'inbound', port: 8080, ...pod }, client).fate, 'proxied', 'and about whichever')
})

test('with scope: all a control plane out of reach is named', () => {
  const everything = minimalWith((d) => {
    d.redirect = { outbound: { scope: 'all' } }
  })
  const question = { direction: 'outbound', address: '198.51.100.7', port: 443 } as const
  assert.match(
    ask(question, everything).notes.join(),
    /a control plane out of reach makes every new connection hang/,
  )
  assert.not.match(out('10.42.0.7', 80).notes.join(), /hang/)
})

test('where no rule decided, it says what the rules are for', () => {
  assert.equal(into(81, pod).notes, ['Only the declared ports are proxied (redirect.inbound.scope).'])
  assert.equal(out('8.8.8.8', 443).notes, [
    'Only connections to the networks of the mesh (redirect.outbound.scope) are proxied.',
  ])
  const few = (scope: 'cluster' | 'all') =>
    minimalWith((d) => {
      d.redirect = { outbound: { scope, onlyUsers: ['shop'] } }
    })
  const question: Question = { direction: 'outbound', address: '10.42.0.7', port: 80, uid: 7 }
  assert.equal(ask(question, few('all')).notes, [
    'Only connections of the users in redirect.outbound.onlyUsers are proxied.',
  ])
  assert.equal(ask(question, few('cluster')).notes, [
    'Only connections to the networks of the mesh (redirect.outbound.scope) of the users in redirect.outbound.onlyUsers are proxied.',
  ])
  // Not where another note says why.
  assert.is(into(81, { protocol: 'udp' }).notes.length, 1)
  assert.is(out('fd00:10:42::7', 443, { protocol: 'udp' }).notes.length, 1)
})

test('a client without addresses can be asked about', () => {
  const client = minimalWith((d) => {
    const { addresses, ports, ...rest } = firstMachine(d)
    assert.ok(addresses !== undefined && ports !== undefined)
    d.machines = [{ ...rest, role: 'client' }]
  })
  const asked = ask({ direction: 'inbound', port: 80 }, client)
  assert.is(asked.fate, 'bypassed')
  assert.is(asked.connection.to, '0.0.0.0:80')
  assert.is(ask({ direction: 'inbound', port: 80, from: 'fd00::1' }, client).connection.to, '[::]:80')
  assert.is(ask({ direction: 'outbound', address: '10.43.0.7', port: 80 }, client).fate, 'proxied')
})

test('every machine of every example can be asked about, in each direction', () => {
  const names: string[] = []
  for (const example of ['minimal', 'fleet', 'walkthrough', 'autoscaling'] as const) {
    const text = exampleText(example)
    const planned = plan(text)
    if (!planned.ok) throw new Error(example)
    for (const { name } of planned.value) {
      names.push(name)
      assert.is(ask({ machine: name, direction: 'inbound', port: 22 }, text).fate, 'bypassed', name)
      const outwards = { machine: name, direction: 'outbound', address: '198.51.100.7', port: 80 } as const
      assert.match(ask(outwards, text).fate, /^(proxied|bypassed)$/, name)
    }
  }
  assert.ok(names.length > 7, names.join())
})

test('what is wrong with a question is said once', () => {
  const questions = [
    { direction: 'inbound', port: 0 },
    { direction: 'outbound', address: 'web', port: 80 },
  ]
  for (const question of questions as Question[]) {
    const errors = explain(exampleText('fleet'), question).diagnostics.filter(
      ({ severity }) => severity === 'error',
    )
    assert.equal(
      errors.map(({ code }) => code),
      ['question-unclear'],
    )
    assert.match(errors[0]?.message ?? '', /the document has 5 machines/)
  }
})

test('a question that cannot be asked is a diagnostic', () => {
  const fleet = exampleText('fleet')
  const bad: readonly [input: string | object, question: unknown, code: string][] = [
    [document, { direction: 'outbound', port: 80 }, 'question-unclear'],
    [document, { direction: 'outbound', address: 'web', port: 80 }, 'question-unclear'],
    [document, { direction: 'inbound', port: 0 }, 'question-unclear'],
    [document, { direction: 'inbound', port: 80, from: 'fd00::1' }, 'question-unclear'],
    [document, { direction: 'inbound', port: 80, from: 7 }, 'question-unclear'],
    [document, { direction: 'sideways', port: 80 }, 'question-unclear'],
    [document, undefined, 'question-unclear'],
    [document, 'inbound 80', 'question-unclear'],
    [document, { direction: 'inbound', port: 80, machine: 'legacy-ap' }, 'machine-unknown'],
    [fleet, { direction: 'inbound', port: 80 }, 'question-unclear'],
    [{}, { direction: 'inbound', port: 80 }, 'missing-key'],
  ]
  for (const [input, question, code] of bad) {
    const { ok, diagnostics } = explain(input, question as Question)
    assert.is(ok, false)
    assert.ok(
      diagnostics.some((found) => found.code === code),
      `${JSON.stringify(question)}: ${diagnostics.map((found) => found.code)}`,
    )
  }
})

test('every machine of every example can be asked, as text and as an object alike', () => {
  for (const name of ['minimal', 'walkthrough', 'fleet']) {
    const parsed = parse(exampleText(name))
    const { machines } = parsed.value as { machines: { name: string; addresses?: string[] }[] }
    for (const { name: machine, addresses } of machines) {
      const address = addresses?.[0] ?? '10.0.0.1'
      const question: Question = { direction: 'inbound', port: 22, machine, address }
      assert.is(ask(question, parsed).fate, 'bypassed')
      const { rule, ...rest } = ask(question, parsed.value as object)
      const { rule: located, ...same } = ask(question, parsed)
      assert.equal(rest, same)
      assert.is(rule?.text, located?.text)
    }
  }
})

test.run()
