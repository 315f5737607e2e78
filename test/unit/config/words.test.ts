/** The small modules that read and make texts: identities, durations, pointers, suggestions. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { goDuration, goSeconds, proxySeconds } from '../../../lib/config/duration.ts'
import {
  defaultParentId,
  defaultServerName,
  defaultSpiffeId,
  serverNameFault,
  spiffeIdFault,
  trustDomainOf,
} from '../../../lib/config/identity.ts'
import { pointer, pointerTokens, readablePath } from '../../../lib/diagnostics/pointer.ts'
import { suggestWord } from '../../../lib/diagnostics/suggestion.ts'

const test = suite('identities, durations, pointers and suggestions')

test('default identities', () => {
  assert.is(defaultSpiffeId('td.example', 'shop', 'app-1'), 'spiffe://td.example/shop/app-1')
  assert.is(defaultServerName('cluster.local', 'shop', 'app-1'), 'app-1.shop.cluster.local')
  assert.is(defaultParentId('td.example', 'app-1'), 'spiffe://td.example/meshjoin/node/app-1')
})

test('SPIFFE IDs that Linkerd and SPIRE both take, and why others are not', () => {
  for (const id of ['spiffe://td/a', 'spiffe://t-d_1.x/a/B.c-_/9', `spiffe://td/${'a'.repeat(241)}`])
    assert.is(spiffeIdFault(id), undefined, id)
  const wrong = [
    ['', /no trust domain or no path/],
    ['spiffe://td', /no path/],
    ['https://td/a', /no trust domain/],
    ['spiffe:///a', /no trust domain/],
    ['spiffe://TD/a', /no trust domain/],
    ['spiffe://td/', /empty or dots/],
    ['spiffe://td//a', /empty or dots/],
    ['spiffe://td/a/', /empty or dots/],
    ['spiffe://td/./a', /empty or dots/],
    ['spiffe://td/../a', /empty or dots/],
    ['spiffe://td/a b', /other characters/],
    ['spiffe://td/a%20', /other characters/],
    ['spiffe://td/*', /other characters/],
    [`spiffe://td/${'a'.repeat(242)}`, /longer than 253/],
  ] as const
  for (const [id, reason] of wrong) assert.match(spiffeIdFault(id) ?? 'fine', reason, id)
  assert.is(trustDomainOf('spiffe://td.example/a/b'), 'td.example')
  assert.is(trustDomainOf('nothing'), '')
})

test('server names that can be sent as SNI, and why others cannot', () => {
  for (const name of ['a', 'app-1.shop.cluster.local', '1.a', `${'a'.repeat(63)}.b`])
    assert.is(serverNameFault(name), undefined, name)
  const wrong = [
    ['a.', /ends in a dot/],
    [`${'a'.repeat(64)}.b`, /longer than 63/],
    [`${'a.'.repeat(127)}b`.slice(0, 255), /longer than 253/],
    ['10.0.0.1', /IP address/],
    ['A.b', /not a DNS name/],
    ['a..b', /not a DNS name/],
    ['-a.b', /not a DNS name/],
    ['a-.b', /not a DNS name/],
    ['*.b', /not a DNS name/],
    ['', /not a DNS name|IP address/],
  ] as const
  for (const [name, reason] of wrong) assert.match(serverNameFault(name) ?? 'fine', reason, name)
})

test("durations of the proxy and of Go, which are not each other's", () => {
  const proxy = [
    ['250ms', 0.25],
    ['45s', 45],
    ['2m', 120],
    ['1h', 3600],
    ['1d', 86400],
    ['0s', 0],
  ] as const
  for (const [text, seconds] of proxy) assert.is(proxySeconds(text), seconds, text)
  const go = [
    ['48h', 172800],
    ['1h30m', 5400],
    ['90m', 5400],
    ['1h0m1s', 3601],
    ['10s', 10],
    ['0h', 0],
  ] as const
  for (const [text, seconds] of go) assert.is(goSeconds(text), seconds, text)
  assert.is(goDuration(172800), '48h')
  assert.is(goDuration(5400), '1h30m')
  assert.is(goDuration(2400), '40m')
})

test('pointers carry any key there and back', () => {
  const keys = ['a', '', 'a/b~c', '~1', '/', '0', '__proto__', 'é']
  assert.is(pointer('', 'a/b~c', 0), '/a~1b~0c/0')
  assert.equal(pointerTokens(pointer('', ...keys)), keys)
  assert.equal(pointerTokens(''), [])
  assert.is(pointer('/a', '~1'), '/a/~01')
})

test('pointers as people read them', () => {
  assert.is(readablePath(''), 'document')
  assert.is(readablePath('/machines/0/ports/12/name'), 'machines[0].ports[12].name')
  assert.is(readablePath('/groups/a~1b/labels'), 'groups.a/b.labels')
})

test('the nearest word, if it is near enough', () => {
  const words = ['iptables', 'nftables', 'machines', 'uid']
  assert.is(suggestWord('iptable', words), 'iptables')
  assert.is(suggestWord('NFTABLES', words), 'nftables')
  assert.is(suggestWord('machnies', words), 'machines')
  assert.is(suggestWord('gid', words), 'uid')
  assert.is(suggestWord('firewalld', words), undefined)
  assert.is(suggestWord('', []), undefined)
  assert.is(suggestWord('iptables'.repeat(10_000), words), undefined)
})

test.run()
