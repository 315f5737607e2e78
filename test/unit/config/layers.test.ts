import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Draft } from '../../../lib/config/draft.ts'
import { layerMachine } from '../../../lib/config/layers.ts'

const test = suite('document < defaults < group < machine')

const draft: Draft = {
  proxy: { defaultInboundPolicy: 'deny' },
  redirect: { backend: 'nftables', inbound: { scope: 'all', exemptPorts: [1, 2] } },
  defaults: {
    namespace: 'defaults',
    labels: { a: 'defaults', b: 'defaults', c: 'defaults' },
    ports: [
      { name: 'one', port: 1 },
      { name: 'two', port: 2 },
    ],
    redirect: { inbound: { exemptPorts: [3] }, onProxyFailure: 'open' },
  },
  groups: {
    web: {
      namespace: 'web',
      labels: { b: 'group', c: 'group' },
      ports: [{ name: 'three', port: 3 }],
      proxy: { defaultInboundPolicy: 'audit' },
      redirect: { inbound: { scope: 'declared' } },
    },
  },
  machines: [{ name: 'm', group: 'web', namespace: 'own', labels: { c: 'machine' } }, { name: 'plain' }],
}

const layer = (index: number) => layerMachine(draft, draft.machines?.[index] ?? {}, `/machines/${index}`)

test('scalars and lists replace, maps merge key by key at every depth', () => {
  const { settings } = layer(0)
  assert.is(settings.namespace, 'own')
  assert.equal(settings.labels, { a: 'defaults', b: 'group', c: 'machine' })
  assert.equal(settings.ports, [{ name: 'three', port: 3 }])
  assert.equal(settings.proxy, { defaultInboundPolicy: 'audit' })
  assert.equal(settings.redirect, {
    backend: 'nftables',
    inbound: { scope: 'declared', exemptPorts: [3] },
    onProxyFailure: 'open',
  })
})

test('without a group, defaults and the document remain', () => {
  const { settings } = layer(1)
  assert.is(settings.namespace, 'defaults')
  assert.equal(settings.proxy, { defaultInboundPolicy: 'deny' })
  assert.equal(settings.redirect?.inbound, { scope: 'all', exemptPorts: [3] })
})

test('every setting knows the field that it comes from', () => {
  const { originOf } = layer(0)
  const rows: [keys: (string | number)[], origin: string][] = [
    [['namespace'], '/machines/0/namespace'],
    [['labels', 'a'], '/defaults/labels/a'],
    [['labels', 'b'], '/groups/web/labels/b'],
    [['labels', 'c'], '/machines/0/labels/c'],
    [['ports', 0], '/groups/web/ports/0'],
    [['proxy', 'defaultInboundPolicy'], '/groups/web/proxy/defaultInboundPolicy'],
    [['redirect', 'backend'], '/redirect/backend'],
    [['redirect', 'inbound', 'scope'], '/groups/web/redirect/inbound/scope'],
    [['redirect', 'inbound', 'exemptPorts'], '/defaults/redirect/inbound/exemptPorts'],
    [['redirect', 'onProxyFailure'], '/defaults/redirect/onProxyFailure'],
    [['redirect', 'ipv6'], ''],
    [['zone'], ''],
  ]
  for (const [keys, origin] of rows) assert.is(originOf(...keys), origin, keys.join())
  assert.is(layer(1).originOf('proxy', 'defaultInboundPolicy'), '/proxy/defaultInboundPolicy')
})

test('a group that is not there, and one that is named like a part of every object, are no groups', () => {
  for (const group of ['missing', 'constructor', 'toString']) {
    const { settings } = layerMachine({ groups: {} }, { name: 'm', group }, '/machines/0')
    assert.equal(settings, { name: 'm', group })
  }
})

test('a group and a label may be named like a part of every object', () => {
  const odd: Draft = {
    defaults: { labels: { constructor: 'a', toString: 'b' } },
    groups: { constructor: { zone: 'z', labels: { constructor: 'c' } } },
  }
  const { settings, originOf } = layerMachine(odd, { name: 'm', group: 'constructor' }, '/machines/0')
  assert.is(settings.zone, 'z')
  assert.equal({ ...settings.labels }, { constructor: 'c', toString: 'b' })
  assert.is(originOf('zone'), '/groups/constructor/zone')
})

test('nothing of the document is changed', () => {
  const before = JSON.stringify(draft)
  layer(0)
  assert.is(JSON.stringify(draft), before)
})

test.run()
