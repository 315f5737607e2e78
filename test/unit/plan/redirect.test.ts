import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { printIptables } from '../../../lib/kinds/backends/iptables.ts'
import type { RedirectRule } from '../../../lib/plan/rule.ts'
import { literalNotation } from '../../../lib/plan/value.ts'
import { type EditableDocument, firstMachine, firstPlan, minimalWith } from './document.ts'

const test = suite('redirect rules')

/** The rules of one family and direction, short: what is matched, and what is done. */
function rulesOf(
  rules: readonly RedirectRule[],
  family: 'ipv4' | 'ipv6',
  direction: 'INBOUND' | 'OUTBOUND',
): string[] {
  return printIptables(rules, family, literalNotation)
    .split('\n')
    .filter((line) => line.startsWith(`-A MESHJOIN_${direction}`))
    .map((line) => line.replace(`-A MESHJOIN_${direction} `, '').replace('-A MESHJOIN_', ''))
}

const dualStack = minimalWith((document) => {
  document.mesh.clusterNetworks = ['10.42.0.0/16', 'fd00:10:42::/56']
  document.mesh.dns = { servers: ['10.43.0.10', 'fd00:10:43::a'] }
  document.proxy.user = { uid: 3000 }
  document.spire.agent.user = { uid: 3001 }
  document.proxy.adminAddress = '127.0.0.1:9999'
  const machine = firstMachine(document)
  machine.addresses = ['203.0.113.42', '2001:db8::42']
  machine.ports = [
    { name: 'http', port: 80 },
    { name: 'mysql', port: 3306, opaque: true },
  ]
})

test('inbound: own addresses, what is bypassed, who is of the mesh, and then each declared port', () => {
  const expected = (address: string, sources: readonly string[]) => [
    `-d ${address} -g MESHJOIN_INBOUND_OWN`,
    'INBOUND_OWN -i lo -j RETURN',
    'INBOUND_OWN -p tcp --dport 22 -j RETURN',
    'INBOUND_OWN -p tcp --dport 4140 -j RETURN',
    'INBOUND_OWN -p tcp --dport 4143 -j RETURN',
    'INBOUND_OWN -p tcp --dport 4190 -j RETURN',
    'INBOUND_OWN -p tcp --dport 4191 -j RETURN',
    'INBOUND_OWN -p tcp --dport 9999 -j RETURN',
    ...sources.map((source) => `INBOUND_OWN -s ${source} -g MESHJOIN_INBOUND_MESH`),
    'INBOUND_MESH -p tcp --dport 80 --syn -j REDIRECT --to-ports 4143',
    'INBOUND_MESH -p tcp --dport 3306 --syn -j REDIRECT --to-ports 4143',
  ]
  const { rules } = firstPlan(dualStack)
  assert.equal(
    rulesOf(rules, 'ipv4', 'INBOUND'),
    expected('203.0.113.42', ['10.42.0.0/16', '203.0.113.42/32']),
  )
  assert.equal(
    rulesOf(rules, 'ipv6', 'INBOUND'),
    expected('2001:db8::42', ['fd00:10:42::/56', '2001:db8::42/128']),
  )
})

/** The lines of the first two chains that lead on. */
function requirements(
  edit: (document: EditableDocument) => void,
  family: 'ipv4' | 'ipv6' = 'ipv4',
): string[] {
  return rulesOf(firstPlan(minimalWith(edit)).rules, family, 'INBOUND').filter((rule) =>
    rule.includes(' -g '),
  )
}

test('whoever else is meant is said in redirect.inbound.fromNetworks, each once', () => {
  const from = (...fromNetworks: string[]) =>
    requirements((document) => {
      document.redirect = { inbound: { fromNetworks } }
    }).map((rule) => rule.replace(/^.*-[sd] (.*) -g .*/, '$1'))
  const mesh = ['203.0.113.42', '10.42.0.0/16', '10.43.0.0/16', '203.0.113.42/32']
  assert.equal(from(), mesh)
  assert.equal(from('192.0.2.7', '192.0.2.7/32', '10.42.0.0/16'), [...mesh, '192.0.2.7/32'])
  assert.equal(from('0.0.0.0/0', '::/0'), [...mesh, '0.0.0.0/0'])
})

test('each address that the proxy serves, and with no address at all any of the machine', () => {
  const own = (localAddresses: string[] | undefined, family: 'ipv4' | 'ipv6' = 'ipv4') =>
    requirements((document) => {
      document.mesh.clusterNetworks.push('fd00:10:42::/56')
      const machine = firstMachine(document)
      if (localAddresses === undefined) delete machine.addresses
      else machine.localAddresses = localAddresses
      machine.role = localAddresses === undefined ? 'client' : 'server'
      if (localAddresses === undefined) delete machine.ports
    }, family).filter((rule) => rule.includes('_OWN') && !rule.includes(' -s '))
  const to = (text: string) => `${text} -g MESHJOIN_INBOUND_OWN`
  const two = ['10.0.0.5', '10.0.1.5', 'fd00::5']
  assert.equal(own(two), [to('-d 10.0.0.5'), to('-d 10.0.1.5')])
  assert.equal(own(two, 'ipv6'), [to('-d fd00::5')])
  assert.equal(own(['10.0.0.5'], 'ipv6'), [])
  assert.equal(own(undefined), [to('-m addrtype --dst-type LOCAL')])
})

test('the addresses of the rules are those that the proxy is told to serve', () => {
  const machine = firstPlan(
    minimalWith((document) => {
      firstMachine(document).localAddresses = ['10.0.0.5', '10.0.1.5']
    }),
  )
  const served = machine.environment.find(({ name }) => name.endsWith('INBOUND_IPS'))
  const destinations = machine.rules.flatMap(({ match }) => match.destinationIn?.addresses ?? [])
  assert.equal(served?.value, [{ join: destinations, separator: ',' }])
})

test('outbound, IPv4: users, the machine itself, metadata, SSH, own ports, DNS, and then the networks', () => {
  assert.equal(rulesOf(firstPlan(dualStack).rules, 'ipv4', 'OUTBOUND'), [
    '-m owner --uid-owner 3000 -j RETURN',
    '-m owner --uid-owner 3001 -j RETURN',
    '-o lo -j RETURN',
    '-m addrtype --dst-type LOCAL -j RETURN',
    '-d 169.254.0.0/16 -j RETURN',
    '-d 168.63.129.16/32 -j RETURN',
    '-d 100.100.100.200/32 -j RETURN',
    '-p tcp --dport 22 -j RETURN',
    '-p tcp --dport 4140 -j RETURN',
    '-p tcp --dport 4143 -j RETURN',
    '-p tcp --dport 4190 -j RETURN',
    '-p tcp --dport 4191 -j RETURN',
    '-p tcp --dport 9999 -j RETURN',
    '-d 10.43.0.10/32 -p tcp --dport 53 -j RETURN',
    '-d 10.42.0.0/16 -p tcp --syn -j REDIRECT --to-ports 4140',
    '-d 203.0.113.42/32 -p tcp --syn -j REDIRECT --to-ports 4140',
  ])
})

test('outbound, IPv6: its own metadata service, name server and networks, and none of IPv4', () => {
  assert.equal(rulesOf(firstPlan(dualStack).rules, 'ipv6', 'OUTBOUND'), [
    '-m owner --uid-owner 3000 -j RETURN',
    '-m owner --uid-owner 3001 -j RETURN',
    '-o lo -j RETURN',
    '-m addrtype --dst-type LOCAL -j RETURN',
    '-d fe80::/10 -j RETURN',
    '-d fd00:ec2::254/128 -j RETURN',
    '-p tcp --dport 22 -j RETURN',
    '-p tcp --dport 4140 -j RETURN',
    '-p tcp --dport 4143 -j RETURN',
    '-p tcp --dport 4190 -j RETURN',
    '-p tcp --dport 4191 -j RETURN',
    '-p tcp --dport 9999 -j RETURN',
    '-d fd00:10:43::a/128 -p tcp --dport 53 -j RETURN',
    '-d fd00:10:42::/56 -p tcp --syn -j REDIRECT --to-ports 4140',
    '-d 2001:db8::42/128 -p tcp --syn -j REDIRECT --to-ports 4140',
  ])
})

test('whatever is proxied is redirected by its first packet, after everything that is bypassed', () => {
  const { rules } = firstPlan(dualStack)
  for (const direction of ['inbound', 'outbound'] as const) {
    const kinds = rules.filter((rule) => rule.direction === direction).map((rule) => rule.verdict.kind)
    assert.is(kinds.lastIndexOf('bypass') < kinds.indexOf('redirect'), true, direction)
  }
  for (const family of ['ipv4', 'ipv6'] as const)
    for (const line of printIptables(rules, family, literalNotation).split('\n'))
      if (line.includes('-j REDIRECT')) assert.match(line, / --syn /)
})

test('the frame loads our chains alone, first in their place', () => {
  const lines = printIptables(firstPlan(dualStack).rules, 'ipv4', literalNotation).split('\n')
  const frame = lines.filter((line) => !/^(#|-A )/.test(line))
  assert.equal(frame, [
    '*nat',
    ':MESHJOIN_INBOUND - [0:0]',
    ':MESHJOIN_INBOUND_OWN - [0:0]',
    ':MESHJOIN_INBOUND_MESH - [0:0]',
    ':MESHJOIN_OUTBOUND - [0:0]',
    '-I PREROUTING 1 -j MESHJOIN_INBOUND',
    '-I OUTPUT 1 -j MESHJOIN_OUTBOUND',
    'COMMIT',
    '',
  ])
})

test('each rule names the field that it comes from', () => {
  const origins = new Map(firstPlan(dualStack).rules.map((rule) => [rule.reason, rule.origin]))
  assert.is(origins.get('declared port http'), '/machines/0/ports/0/port')
  assert.is(origins.get('declared port mysql'), '/machines/0/ports/1/port')
  assert.is(origins.get('cluster network'), '/mesh/clusterNetworks/1')
  assert.is(origins.get('meshed machines'), '/machines')
  assert.is(origins.get('DNS over TCP'), '/mesh/dns/servers/1')
  assert.is(origins.get("the proxy's own connections"), '/proxy/user/uid')
  assert.is(origins.get('SSH'), '')
})

test('a network inside another one is proxied once', () => {
  const { rules } = firstPlan(
    minimalWith((document) => {
      document.mesh.clusterNetworks = ['10.42.0.0/16', '10.0.0.0/8', '10.42.7.0/24']
      document.mesh.machineNetworks = ['10.1.2.3', '192.0.2.0/25']
    }),
  )
  const networks = rules
    .filter(({ verdict }) => verdict.kind === 'redirect')
    .map(({ match }) => match.destination)
  assert.equal(networks, [undefined, '10.42.0.0/16', '10.0.0.0/8', '192.0.2.0/25'])
})

test('machines next to each other are covered by the fewest networks, and by no more than themselves', () => {
  const { rules } = firstPlan(
    minimalWith((document) => {
      const machine = firstMachine(document)
      document.machines = [8, 9, 10, 11, 13].map((last) => ({
        ...machine,
        name: `m${last}`,
        addresses: [`203.0.113.${last}`],
      }))
    }),
  )
  const networks = rules
    .filter(({ reason }) => reason === 'meshed machines')
    .map(({ match }) => match.destination)
  assert.equal(networks, ['203.0.113.8/30', '203.0.113.13/32'])
})

test('without a name server there is no rule for one', () => {
  const { rules } = firstPlan(
    minimalWith((document) => {
      document.mesh.dns = { provider: 'none' }
      document.mesh.controlPlane = { destination: '10.43.7.1:8086', policy: '10.43.7.2:8090' }
    }),
  )
  assert.not.ok(rules.some(({ reason }) => reason === 'DNS over TCP'))
})

test.run()
