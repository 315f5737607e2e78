import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  defaultParentId,
  defaultServerName,
  defaultSpiffeId,
  serverNameFault,
  spiffeIdFault,
  trustDomainOf,
} from '../../../lib/config/identity.ts'

const test = suite('identities')

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

test.run()
