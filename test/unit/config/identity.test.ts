import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  defaultParentId,
  defaultServerName,
  defaultSpiffeId,
  isAgentId,
  isReservedId,
  serverNameFault,
  spiffeIdFault,
  trustDomainOf,
} from '../../../lib/config/identity.ts'

const test = suite('identities')

test('default identities', () => {
  assert.is(defaultSpiffeId('td.example', 'shop', 'app-1'), 'spiffe://td.example/shop/app-1')
  assert.is(defaultServerName('cluster.local', 'shop', 'app-1'), 'app-1.shop.cluster.local')
  const alias = { by: 'selectors', selectors: ['x509pop:subject:cn:app-1'] } as const
  const agent = { by: 'agent', path: 'sshpop/0123' } as const
  for (const node of [undefined, alias])
    assert.is(defaultParentId('td.example', 'app-1', node), 'spiffe://td.example/meshjoin/node/app-1')
  assert.is(defaultParentId('td.example', 'app-1', agent), 'spiffe://td.example/spire/agent/sshpop/0123')
})

test('IDs that SPIRE keeps for itself', () => {
  for (const id of ['spiffe://td/spire', 'spiffe://td/spire/server', 'spiffe://td/spire/agent/x509pop/1'])
    assert.ok(isReservedId(id), id)
  for (const id of ['spiffe://td/spires', 'spiffe://spire/a', 'spiffe://td/a/spire/b'])
    assert.not.ok(isReservedId(id), id)
  assert.ok(isAgentId('spiffe://td/spire/agent/x509pop/1'))
  for (const id of ['spiffe://td/spire/agent', 'spiffe://td/spire/server', 'spiffe://td/meshjoin/node/a'])
    assert.not.ok(isAgentId(id), id)
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
