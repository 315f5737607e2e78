import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  brokenLinkerd,
  brokenProxies,
  compareNumbers,
  isSupportedSpire,
  linkerdHas,
  linkerdSince,
  newestKnown,
  parseLinkerdVersion,
  parseNumbers,
  proxyHas,
  proxySince,
  proxyUrl,
  spireHas,
  spireSince,
  spireUrl,
} from '../../../lib/config/versions.ts'

const test = suite('versions')

function linkerd(text: string) {
  const version = parseLinkerdVersion(text)
  if (version === undefined) throw new Error(text)
  return version
}

test("every row of Linkerd's version map: stable, enterprise and edge name the same release and proxy", () => {
  const rows = [
    ['2.15', 'edge-24.2.4', [24, 2, 4], 'v2.221.0'],
    ['2.16', 'edge-24.8.2', [24, 8, 2], 'v2.246.0'],
    ['2.17', 'edge-24.11.8', [24, 11, 8], 'v2.268.0'],
    ['2.18', 'edge-25.4.4', [25, 4, 4], 'v2.294.0'],
    ['2.19', 'edge-25.10.7', [25, 10, 7], 'v2.326.0'],
  ] as const
  for (const [stable, edge, numbers, proxy] of rows) {
    for (const text of [stable, `${stable}.3`, `enterprise-${stable}.0`, `enterprise-${stable}.1-2`, edge]) {
      const version = linkerd(text)
      assert.equal(version.edge, numbers, text)
      assert.is(version.proxy, proxy, text)
      assert.is(version.newerThanKnown, false, text)
      assert.is(version.text, text)
    }
  }
  assert.is(linkerd('2.20').proxy, 'v2.359.0')
  assert.is(linkerd('edge-26.8.3').proxy, 'v2.366.0')
  assert.is(linkerd('edge-26.9.1').proxy, 'v2.368.0')
})

test('an edge release between the known ones has its place, and no proxy that we know of', () => {
  const version = linkerd('edge-25.6.1')
  assert.equal(version.edge, [25, 6, 1])
  assert.is(version.proxy, undefined)
  assert.is(version.newerThanKnown, false)
})

test('what is newer than known counts as the newest known', () => {
  for (const text of ['edge-26.10.2', 'edge-26.11.1', 'edge-27.1.1', '2.21', '2.21.5', 'enterprise-2.30.0']) {
    const version = linkerd(text)
    assert.is(version.newerThanKnown, true, text)
    assert.equal(version.edge, [26, 10, 1], text)
    assert.is(version.proxy, undefined, text)
  }
  assert.is(linkerd(newestKnown.edge).newerThanKnown, false)
  assert.is(linkerd(newestKnown.stable).newerThanKnown, false)
})

test('what is older than external workloads lacks them', () => {
  for (const text of ['2.14', '2.14.10', '2.9', 'edge-24.2.3', 'edge-23.12.1'])
    assert.is(linkerdHas(linkerd(text), 'externalWorkload'), false, text)
})

test('a stable version is the same with what people write before it', () => {
  for (const text of ['stable-2.18.0', 'v2.18.0', 'v2.18']) {
    assert.equal(linkerd(text).edge, linkerd('2.18.0').edge, text)
    assert.is(linkerd(text).proxy, 'v2.294.0', text)
  }
  assert.is(linkerdHas(linkerd('stable-2.14.10'), 'externalWorkload'), false)
})

test('other texts are no versions', () => {
  for (const text of [
    '',
    '3.1',
    '1.2',
    'stable-edge',
    'edge-25.10',
    'edge-a.b.c',
    'version 2.18',
    'Edge-25.1.1',
  ])
    assert.is(parseLinkerdVersion(text), undefined, text)
})

test('each milestone of the control plane, at its release and not the one before', () => {
  const rows = [
    ['externalWorkload', 'edge-24.2.3', 'edge-24.2.4'],
    ['statusSubresource', 'edge-24.3.4', 'edge-24.3.5'],
    ['statusSubresource', '2.15', '2.16'],
    ['grpcRoute', 'edge-24.6.4', 'edge-24.7.1'],
    ['grpcRoute', '2.15', '2.16'],
    ['serverAccessPolicy', 'edge-24.7.3', 'edge-24.7.4'],
    ['serverAccessPolicy', '2.15', '2.16'],
    ['dualStack', 'edge-24.8.3', 'edge-24.9.1'],
    ['dualStack', '2.16', '2.17'],
    ['gatewayV1', 'edge-25.2.2', 'edge-25.2.3'],
    ['gatewayV1', '2.17', '2.18'],
    ['transportHeader', 'edge-25.3.1', 'edge-25.3.2'],
    ['transportHeader', '2.17', '2.18'],
    ['namespacedSelectors', 'edge-26.6.1', 'edge-26.6.2'],
    ['namespacedSelectors', '2.19', '2.20'],
    ['namespacedServers', 'edge-26.5.1', 'edge-26.5.2'],
    ['namespacedServers', '2.19', '2.20'],
    ['undefinedPortsRefused', 'edge-26.6.4', 'edge-26.7.1'],
    ['safeDeletion', 'edge-26.8.3', 'edge-26.8.4'],
  ] as const
  for (const [feature, before, first] of rows) {
    assert.is(linkerdHas(linkerd(before), feature), false, before)
    assert.is(linkerdHas(linkerd(first), feature), true, first)
  }
  assert.equal([...new Set(rows.map(([feature]) => feature))].sort(), Object.keys(linkerdSince).sort())
})

test('each milestone of the proxy, at its version and not the one before', () => {
  const rows = [
    ['externalWorkload', 'v2.220.0', 'v2.221.0'],
    ['outboundListenAddresses', 'v2.227.0', 'v2.228.0'],
    ['http2KeepAlive', 'v2.245.0', 'v2.246.0'],
    ['userTimeouts', 'v2.252.0', 'v2.253.0'],
    ['platformInAssetName', 'v2.286.0', 'v2.287.0'],
    ['coresMinMax', 'v2.293.0', 'v2.294.0'],
    ['workloadApiAddress', 'v2.303.0', 'v2.304.0'],
    ['emptyDnsAnswer', 'v2.342.0', 'v2.343.0'],
  ] as const
  for (const [feature, before, first] of rows) {
    assert.is(proxyHas(before, feature), false, `${feature} ${before}`)
    assert.is(proxyHas(first, feature), true, `${feature} ${first}`)
    assert.is(proxyHas('v2.9999.0', feature), true)
  }
  assert.equal(rows.map(([feature]) => feature).sort(), Object.keys(proxySince).sort())
})

test('the releases that cannot work', () => {
  assert.equal(Object.keys(brokenLinkerd).sort(), ['edge-25.11.2', 'edge-25.3.2', 'edge-25.3.3'])
  assert.equal(Object.keys(brokenProxies).sort(), ['v2.329.0', 'v2.330.0'])
  for (const { use } of Object.values(brokenLinkerd)) assert.is(use in brokenLinkerd, false)
  for (const { use } of Object.values(brokenProxies)) assert.is(use in brokenProxies, false)
})

test('SPIRE agents and their settings', () => {
  assert.is(isSupportedSpire('1.13.2'), false)
  assert.is(isSupportedSpire('1.13.3'), true)
  assert.is(isSupportedSpire('2.0.0'), true)
  for (const first of Object.values(spireSince)) assert.ok(isSupportedSpire(first), first)
  assert.is(spireHas('1.13.3', 'azureImds'), false)
  assert.is(spireHas('1.14.0', 'azureImds'), true)
  assert.is(spireHas('1.15.2', 'disableSds'), false)
  assert.is(spireHas('1.15.3', 'disableSds'), true)
  assert.is(spireHas('2.0.0', 'disableSds'), true)
})

test('versions compare as numbers, part by part', () => {
  const sorted = ['v2.9.0', 'v2.10.0', 'v2.10.1', 'v2.100.0']
  for (const [index, text] of sorted.entries())
    for (const [other, second] of sorted.entries())
      assert.is(Math.sign(compareNumbers(parseNumbers(text), parseNumbers(second))), Math.sign(index - other))
  assert.is(compareNumbers([2, 18], [2, 18, 0]), 0)
  assert.equal(parseNumbers('v2.326.0-rc.1'), [2, 326, 0])
  assert.equal(parseNumbers('none'), [0])
})

test('release addresses: the tag is one path segment, and the name changed once', () => {
  const base = 'https://github.com/linkerd/linkerd2-proxy/releases/download/release%2F{version}'
  assert.is(proxyUrl('v2.286.0'), `${base}/linkerd2-proxy-{version}-{arch}.tar.gz`)
  assert.is(proxyUrl('v2.287.0'), `${base}/linkerd2-proxy-{version}-linux-{arch}.tar.gz`)
  assert.match(spireUrl, /\/v\{version\}\/spire-\{version\}-linux-\{arch\}-musl\.tar\.gz$/)
})

test.run()
