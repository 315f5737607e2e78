import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  coverAddresses,
  isNetwork,
  joinHostPort,
  mappedIpv4,
  networkContains,
  networkCovers,
  parseAddress,
  parseNetwork,
  parseNetworkOrAddress,
  splitHostPort,
} from '../../../lib/config/network.ts'

const test = suite('addresses and networks')

function network(text: string) {
  const outcome = parseNetworkOrAddress(text)
  if (!isNetwork(outcome)) throw new Error(`${text}: ${outcome.reason}`)
  return outcome
}

function address(text: string) {
  const outcome = parseAddress(text)
  if (outcome === undefined) throw new Error(text)
  return outcome
}

test('addresses have one text, whatever they were typed as', () => {
  const rows = [
    ['192.0.2.10', 'ipv4', '192.0.2.10'],
    ['0.0.0.0', 'ipv4', '0.0.0.0'],
    ['2001:DB8:0:0:0:0:0:10', 'ipv6', '2001:db8::10'],
    ['2001:0db8::0010', 'ipv6', '2001:db8::10'],
    ['::', 'ipv6', '::'],
    ['1:0:0:2:0:0:0:3', 'ipv6', '1:0:0:2::3'],
  ] as const
  for (const [typed, family, text] of rows) {
    const parsed = address(typed)
    assert.is(parsed.family, family)
    assert.is(parsed.text, text)
  }
})

test('IPv4 in IPv6 notation is no address, and has a form to write instead', () => {
  for (const text of [
    '::ffff:203.0.113.42',
    '::FFFF:cb00:712a',
    '0:0:0:0:0:ffff:203.0.113.42',
    '::203.0.113.42',
  ]) {
    assert.is(parseAddress(text), undefined)
    assert.is(mappedIpv4(text), '203.0.113.42')
    assert.equal(parseNetworkOrAddress(text), {
      reason: 'it is IPv4 in IPv6 notation; write 203.0.113.42',
    })
  }
  assert.equal(parseNetwork('::ffff:10.0.0.0/104'), {
    reason: 'it is IPv4 in IPv6 notation; write 10.0.0.0/8',
  })
  for (const text of ['203.0.113.42', '2001:db8::1', '64:ff9b::203.0.113.42', 'ffff::1', '::'])
    assert.is(mappedIpv4(text), undefined)
})

test('what readers disagree about is no address: octal, hex, short and zoned forms', () => {
  const wrong = [
    '',
    'a',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '010.0.0.1',
    '0x7f.0.0.1',
    '2130706433',
    ' 1.2.3.4',
  ]
  for (const text of [...wrong, 'fe80::1%eth0', '1:2:3', ':::', '12345::', '10.0.0.1/8', '1.2.3.4\n'])
    assert.is(parseAddress(text), undefined, text)
})

test('networks, with the reason where they are none', () => {
  assert.is(network('10.42.0.0/16').text, '10.42.0.0/16')
  assert.is(network('10.42.0.0/16').prefix, 16)
  assert.is(network('FD00:10:42::/56').text, 'fd00:10:42::/56')
  assert.is(network('0.0.0.0/0').prefix, 0)
  assert.is(network('192.0.2.1/32').text, '192.0.2.1/32')
  const wrong = [
    ['10.42.0.0', /prefix length is missing/],
    ['10.42.0.1/16', /the network is 10\.42\.0\.0\/16$/],
    ['10.42.0.0/15', undefined],
    ['10.43.0.0/15', /the network is 10\.42\.0\.0\/15$/],
    ['2001:db8::1/64', /the network is 2001:db8::\/64$/],
    ['2001:db8:ff::/47', /the network is 2001:db8:fe::\/47$/],
    ['10.42.0.0/33', /0 to 32/],
    ['::/129', /0 to 128/],
    ['10.42.0.0/', /0 to 32/],
    ['10.42.0.0/016', /0 to 32/],
    ['10.42.0.0/-1', /0 to 32/],
    ['x/8', /no IP address/],
    ['/8', /no IP address/],
  ] as const
  for (const [text, reason] of wrong) {
    const outcome = parseNetwork(text)
    if (reason === undefined) assert.ok(isNetwork(outcome), text)
    else assert.match(isNetwork(outcome) ? 'a network' : outcome.reason, reason)
  }
})

test('a single address is the network of itself', () => {
  assert.is(network('192.0.2.10').text, '192.0.2.10/32')
  assert.is(network('2001:db8::10').text, '2001:db8::10/128')
})

test('containment, within one family only', () => {
  assert.ok(networkContains(network('10.42.0.0/16'), address('10.42.255.255')))
  assert.not.ok(networkContains(network('10.42.0.0/16'), address('10.43.0.0')))
  assert.ok(networkContains(network('2001:db8::/33'), address('2001:db8:7fff::1')))
  assert.not.ok(networkContains(network('2001:db8::/33'), address('2001:db8:8000::1')))
  assert.not.ok(networkContains(network('0.0.0.0/0'), address('::1')))
  assert.ok(networkCovers(network('10.0.0.0/8'), network('10.42.0.0/16')))
  assert.ok(networkCovers(network('10.0.0.0/8'), network('10.0.0.0/8')))
  assert.not.ok(networkCovers(network('10.42.0.0/16'), network('10.0.0.0/8')))
  assert.not.ok(networkCovers(network('10.0.0.0/16'), network('10.0.0.0/8')))
  assert.not.ok(networkCovers(network('::/0'), network('10.0.0.0/8')))
})

test('the fewest networks that cover exactly some addresses', () => {
  const cover = (list: string[]) => coverAddresses(list.map(address)).map(({ text }) => text)
  assert.equal(cover([]), [])
  assert.equal(cover(['192.0.2.3', '192.0.2.2']), ['192.0.2.2/31'])
  assert.equal(cover(['192.0.2.1', '192.0.2.2']), ['192.0.2.1/32', '192.0.2.2/32'])
  assert.equal(cover(['192.0.2.1', '192.0.2.1']), ['192.0.2.1/32'])
  assert.equal(cover(['2001:db8::1', '192.0.2.1', '2001:db8::']), ['192.0.2.1/32', '2001:db8::/127'])
})

test('host and port', () => {
  assert.equal(splitHostPort('127.0.0.1:4191'), { host: '127.0.0.1', port: 4191 })
  assert.equal(splitHostPort('[::1]:1'), { host: '::1', port: 1 })
  assert.equal(splitHostPort('name.example.:65535'), { host: 'name.example.', port: 65535 })
  for (const text of [
    '',
    ':80',
    'a',
    'a:',
    'a:0',
    'a:65536',
    'a:080',
    '::1:80',
    '[::1]',
    '[::1]80',
    'a:80:80',
    'a:1e3',
  ])
    assert.is(splitHostPort(text), undefined, text)
  assert.is(joinHostPort('192.0.2.1', 80), '192.0.2.1:80')
  assert.is(joinHostPort('2001:db8::1', 80), '[2001:db8::1]:80')
})

test.run()
