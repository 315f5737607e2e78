import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { printProbes } from '../../../lib/files/redirect-probes.ts'
import { printIptables } from '../../../lib/kinds/backends/iptables.ts'
import { printNftables } from '../../../lib/kinds/backends/nftables.ts'
import type { RedirectRule } from '../../../lib/plan/rule.ts'
import { servedAddresses } from '../../../lib/plan/served.ts'
import { literalNotation } from '../../../lib/plan/value.ts'
import { type EditableDocument, firstMachine, firstPlan, minimalWith } from './document.ts'

const test = suite('scopes and exemptions')

const everything = minimalWith((document) => {
  firstMachine(document).addresses = ['203.0.113.42', '2001:db8::42']
  document.redirect = {
    backend: 'nftables',
    inbound: {
      scope: 'all',
      exemptPorts: [9100, '4567-4568'],
      exemptNetworks: ['10.9.0.0/24', 'fd00:9::/64', '192.0.2.7'],
      exemptInterfaces: ['wg0'],
    },
    outbound: {
      scope: 'all',
      exemptPorts: [25, '8000-8100'],
      exemptNetworks: ['198.51.100.0/24', 'fd00:8::1'],
      exemptUsers: ['backup', 0],
      exemptInterfaces: ['docker0'],
      onlyUsers: ['shop', 1500],
    },
  }
})

/** What the document exempts and redirects: everything behind what is always there. */
function ownRules(rules: readonly RedirectRule[], direction: RedirectRule['direction']): string[] {
  return rules
    .filter((rule) => rule.direction === direction && rule.origin.startsWith('/redirect/'))
    .map(
      ({ origin, reason, match, verdict }) =>
        `${origin}: ${reason}: ${JSON.stringify(match)} ${verdict.kind}`,
    )
}

test('inbound: each exemption is a rule with the field that it comes from, and all the rest is proxied', () => {
  assert.equal(ownRules(firstPlan(everything).rules, 'inbound'), [
    '/redirect/inbound/exemptInterfaces/0: exempt interface wg0: {"inInterface":"wg0"} bypass',
    '/redirect/inbound/exemptPorts/0: exempt port 9100: {"destinationPort":9100} bypass',
    '/redirect/inbound/exemptPorts/1: exempt port 4567-4568: {"destinationPort":{"first":4567,"last":4568}} bypass',
    '/redirect/inbound/exemptNetworks/0: exempt network 10.9.0.0/24: {"source":"10.9.0.0/24"} bypass',
    '/redirect/inbound/exemptNetworks/1: exempt network fd00:9::/64: {"source":"fd00:9::/64"} bypass',
    '/redirect/inbound/exemptNetworks/2: exempt network 192.0.2.7: {"source":"192.0.2.7/32"} bypass',
    '/redirect/inbound/scope: every port that is not exempt: {} redirect',
  ])
})

test('outbound: the same, and a rule for each user where only some are meant', () => {
  assert.equal(ownRules(firstPlan(everything).rules, 'outbound'), [
    '/redirect/outbound/exemptInterfaces/0: exempt interface docker0: {"outInterface":"docker0"} bypass',
    '/redirect/outbound/exemptUsers/0: exempt user backup: {"uid":"backup"} bypass',
    '/redirect/outbound/exemptUsers/1: exempt user 0: {"uid":0} bypass',
    '/redirect/outbound/exemptPorts/0: exempt port 25: {"destinationPort":25} bypass',
    '/redirect/outbound/exemptPorts/1: exempt port 8000-8100: {"destinationPort":{"first":8000,"last":8100}} bypass',
    '/redirect/outbound/exemptNetworks/0: exempt network 198.51.100.0/24: {"destination":"198.51.100.0/24"} bypass',
    '/redirect/outbound/exemptNetworks/1: exempt network fd00:8::1: {"destination":"fd00:8::1/128"} bypass',
    '/redirect/outbound/scope: every connection that is not exempt, for user shop: {"uid":"shop"} redirect',
    '/redirect/outbound/scope: every connection that is not exempt, for user 1500: {"uid":1500} redirect',
  ])
})

test('nft: names and interfaces in quotes, ranges with a hyphen, addresses with their family', () => {
  const text = printNftables(firstPlan(everything).rules, literalNotation)
  for (const line of [
    'iifname "wg0" return',
    'tcp dport 4567-4568 return',
    'ip saddr 10.9.0.0/24 return',
    'ip6 saddr fd00:9::/64 return',
    'tcp flags & (fin|syn|rst|ack) == syn redirect to :4143',
    'oifname "docker0" return',
    'meta skuid "backup" return',
    'meta skuid 0 return',
    'fib daddr type local return',
    'meta skuid "shop" tcp flags & (fin|syn|rst|ack) == syn redirect to :4140',
  ])
    assert.ok(text.includes(`    ${line}\n`), line)
  assert.match(text, /^table inet meshjoin \{\}\ndelete table inet meshjoin\ntable inet meshjoin \{$/m)
})

test('iptables: the same rules in its own words, by family', () => {
  const v4 = printIptables(firstPlan(everything).rules, 'ipv4', literalNotation)
  const v6 = printIptables(firstPlan(everything).rules, 'ipv6', literalNotation)
  for (const line of [
    '-A MESHJOIN_INBOUND_OWN -i wg0 -j RETURN',
    '-A MESHJOIN_INBOUND_OWN -p tcp --dport 4567:4568 -j RETURN',
    '-A MESHJOIN_INBOUND_MESH -p tcp --syn -j REDIRECT --to-ports 4143',
    '-A MESHJOIN_OUTBOUND -m owner --uid-owner backup -j RETURN',
    '-A MESHJOIN_OUTBOUND -p tcp --syn -m owner --uid-owner 1500 -j REDIRECT --to-ports 4140',
  ]) {
    assert.ok(v4.includes(`${line}\n`), line)
    assert.ok(v6.includes(`${line}\n`), line)
  }
  assert.ok(v4.includes('-s 10.9.0.0/24 -j RETURN'))
  assert.not.ok(v4.includes('fd00:'))
  assert.ok(v6.includes('-s fd00:9::/64 -j RETURN'))
  assert.not.ok(v6.includes('10.9.0.0'))
})

test('without IPv6 nothing of it is proxied, by either backend', () => {
  const plain = minimalWith((document) => {
    document.redirect = { inbound: { scope: 'all' } }
  })
  const { rules } = firstPlan(plain)
  const nft = printNftables(rules, literalNotation)
  assert.match(nft, /meta nfproto ipv4 tcp flags .* redirect to :4143/)
  for (const line of nft.split('\n').filter((text) => text.includes('redirect to')))
    assert.match(line, /meta nfproto ipv4|ip daddr/)
})

test('where a cluster network is the own network too, its directory and time services are bypassed', () => {
  const shared = (document: EditableDocument) => {
    document.mesh.clusterNetworks.push('203.0.113.0/24')
  }
  const { rules } = firstPlan(minimalWith(shared))
  const ports = rules.filter(
    ({ origin, verdict }) => origin === '/mesh/clusterNetworks/2' && verdict.kind === 'bypass',
  )
  assert.equal(
    ports.map(({ match }) => [match.destination, match.destinationPort]),
    [53, 88, 123, 389, 464, 636, 2049, 3268, 3269].map((port) => ['203.0.113.0/24', port]),
  )
  const apart = firstPlan(minimalWith()).rules
  assert.not.ok(apart.some(({ match }) => match.destinationPort === 389))
})

test('a group has rules of its own, and says where they come from', () => {
  const grouped = minimalWith((document) => {
    document.groups = { edge: { redirect: { outbound: { exemptPorts: [5432] } } } }
    firstMachine(document).group = 'edge'
  })
  const rule = firstPlan(grouped).rules.find(({ match }) => match.destinationPort === 5432)
  assert.is(rule?.origin, '/groups/edge/redirect/outbound/exemptPorts/0')
})

test('probes: one for each rule that can be tried, with what the rules say of it', () => {
  const machine = firstPlan(everything)
  const lines = printProbes(machine.rules, servedAddresses(machine), true, literalNotation).trim().split('\n')
  for (const line of [
    'inbound ipv4 203.0.113.42 22 10.42.255.255 bypassed SSH',
    'inbound ipv4 203.0.113.42 9100 10.42.255.255 bypassed exempt port 9100',
    'inbound ipv4 203.0.113.42 9 10.42.255.255 proxied every port that is not exempt',
    'inbound ipv4 203.0.113.42 9 169.254.255.250 bypassed only from the mesh',
    'inbound ipv4 169.254.255.249 9 10.42.255.255 bypassed only to addresses that the proxy serves',
    // Over IPv6 the machine itself is all that is of the mesh, and nobody can dial as that.
    'inbound ipv6 2001:db8::42 9 2001:db8:6d65:7368::2 bypassed only from the mesh',
    'outbound ipv4 192.0.2.1 25 shop bypassed exempt port 25',
    'outbound ipv4 198.51.100.1 9 shop bypassed exempt network 198.51.100.0/24',
    'outbound ipv6 fd00:8::1 9 shop bypassed exempt network fd00:8::1',
  ])
    assert.ok(lines.includes(line), `${line}\nis not in\n${lines.join('\n')}`)
  assert.ok(lines.some((line) => / backup bypassed exempt user backup$/.test(line)))
  assert.ok(lines.some((line) => / 1500 proxied /.test(line)))
  const targets = lines
    .filter((line) => line.startsWith('outbound'))
    .map((line) => line.split(' ').slice(2, 4).join())
  assert.is(new Set(targets).size, targets.length, 'each is told from the others by its target')
})

test.run()
