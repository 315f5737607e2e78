import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { printEnvironment } from '../../../lib/files/environment.ts'
import { literalNotation } from '../../../lib/plan/value.ts'
import { firstPlan, minimalWith } from './document.ts'

/** One release, and the proxy it ships with, as `.proxy-version` of its tag says. */
const releases = {
  'edge-24.2.4': 'v2.221.0',
  '2.18': 'v2.294.0',
  'edge-25.10.7': 'v2.326.0',
  'edge-26.9.1': 'v2.368.0',
} as const

type Release = keyof typeof releases

/** What every release gets, whatever its age, in the order of the file. */
const common: Readonly<Record<string, string>> = {
  INBOUND_LISTEN_ADDR: '0.0.0.0:4143',
  ADMIN_LISTEN_ADDR: '127.0.0.1:4191',
  DESTINATION_SVC_ADDR: 'linkerd-dst-headless.linkerd.svc.cluster.local.:8086',
  DESTINATION_SVC_NAME: 'linkerd-destination.linkerd.serviceaccount.identity.linkerd.cluster.local',
  POLICY_SVC_ADDR: 'linkerd-policy.linkerd.svc.cluster.local.:8090',
  POLICY_SVC_NAME: 'linkerd-destination.linkerd.serviceaccount.identity.linkerd.cluster.local',
  CONTROL_STREAM_INITIAL_TIMEOUT: '3s',
  CONTROL_STREAM_IDLE_TIMEOUT: '5m',
  CONTROL_STREAM_LIFETIME: '1h',
  INBOUND_DEFAULT_POLICY: 'all-unauthenticated',
  POLICY_CLUSTER_NETWORKS: '10.42.0.0/16,10.43.0.0/16,203.0.113.42/32',
  DESTINATION_PROFILE_NETWORKS: '10.42.0.0/16,10.43.0.0/16,203.0.113.42/32',
  DESTINATION_PROFILE_SUFFIXES: 'svc.cluster.local.',
  INBOUND_CONNECT_TIMEOUT: '100ms',
  OUTBOUND_CONNECT_TIMEOUT: '1000ms',
  INBOUND_ACCEPT_KEEPALIVE: '10000ms',
  OUTBOUND_CONNECT_KEEPALIVE: '10000ms',
  LOG_FORMAT: 'plain',
  SHUTDOWN_GRACE_PERIOD: '2m',
}

const socket = 'unix:///run/spire/agent/public/api.sock'

/** Since v2.246: keep-alive of HTTP/2, both or none. */
const keepAlive = {
  INBOUND_SERVER_HTTP2_KEEP_ALIVE_INTERVAL: '10s',
  INBOUND_SERVER_HTTP2_KEEP_ALIVE_TIMEOUT: '3s',
  OUTBOUND_SERVER_HTTP2_KEEP_ALIVE_INTERVAL: '10s',
  OUTBOUND_SERVER_HTTP2_KEEP_ALIVE_TIMEOUT: '3s',
}

/** Since v2.253. */
const userTimeouts = { INBOUND_ACCEPT_USER_TIMEOUT: '30s', OUTBOUND_CONNECT_USER_TIMEOUT: '30s' }

/** The whole environment of each release, without the trust anchors and the prefix. */
const expected: Readonly<Record<Release, Readonly<Record<string, string>>>> = {
  'edge-24.2.4': {
    ...common,
    OUTBOUND_LISTEN_ADDR: '127.0.0.1:4140',
    IDENTITY_SPIRE_SOCKET: socket,
    CORES: '3',
  },
  '2.18': {
    ...common,
    ...keepAlive,
    ...userTimeouts,
    OUTBOUND_LISTEN_ADDRS: '127.0.0.1:4140',
    IDENTITY_SPIRE_SOCKET: socket,
    CORES_MIN: '3',
    CORES_MAX: '3',
  },
  'edge-25.10.7': {
    ...common,
    ...keepAlive,
    ...userTimeouts,
    OUTBOUND_LISTEN_ADDRS: '127.0.0.1:4140',
    IDENTITY_SPIRE_WORKLOAD_API_ADDRESS: socket,
    CORES_MIN: '3',
    CORES_MAX: '3',
  },
  'edge-26.9.1': {
    ...common,
    ...keepAlive,
    ...userTimeouts,
    OUTBOUND_LISTEN_ADDRS: '127.0.0.1:4140',
    IDENTITY_SPIRE_WORKLOAD_API_ADDRESS: socket,
    CORES_MIN: '3',
    CORES_MAX: '3',
  },
}

const test = suite('environment of each release')

for (const release of Object.keys(releases) as Release[]) {
  test(`${release} with proxy ${releases[release]} has exactly these variables`, () => {
    assert.equal(environmentOf(release), sorted(expected[release]))
  })
}

test('2.18 differs from the first release where the table says', () => {
  assert.equal(differences('edge-24.2.4', '2.18'), [
    '+CORES_MAX=3',
    '+CORES_MIN=3',
    '+INBOUND_ACCEPT_USER_TIMEOUT=30s',
    '+INBOUND_SERVER_HTTP2_KEEP_ALIVE_INTERVAL=10s',
    '+INBOUND_SERVER_HTTP2_KEEP_ALIVE_TIMEOUT=3s',
    '+OUTBOUND_CONNECT_USER_TIMEOUT=30s',
    '+OUTBOUND_LISTEN_ADDRS=127.0.0.1:4140',
    '+OUTBOUND_SERVER_HTTP2_KEEP_ALIVE_INTERVAL=10s',
    '+OUTBOUND_SERVER_HTTP2_KEEP_ALIVE_TIMEOUT=3s',
    '-CORES=3',
    '-OUTBOUND_LISTEN_ADDR=127.0.0.1:4140',
  ])
})

test('edge-25.10.7 differs from 2.18 in the name of the socket alone', () => {
  assert.equal(differences('2.18', 'edge-25.10.7'), [
    `+IDENTITY_SPIRE_WORKLOAD_API_ADDRESS=${socket}`,
    `-IDENTITY_SPIRE_SOCKET=${socket}`,
  ])
})

test('edge-26.9.1 has what edge-25.10.7 has', () => {
  assert.equal(differences('edge-25.10.7', 'edge-26.9.1'), [])
})

/** Each variable, with the last proxy that does without it (or has the old name) and the first that has it. */
const borders = [
  ['OUTBOUND_LISTEN_ADDRS', 'v2.227.0', 'v2.228.0'],
  ['INBOUND_SERVER_HTTP2_KEEP_ALIVE_INTERVAL', 'v2.245.0', 'v2.246.0'],
  ['INBOUND_ACCEPT_USER_TIMEOUT', 'v2.252.0', 'v2.253.0'],
  ['OUTBOUND_CONNECT_USER_TIMEOUT', 'v2.252.0', 'v2.253.0'],
  ['CORES_MAX', 'v2.293.0', 'v2.294.0'],
  ['IDENTITY_SPIRE_WORKLOAD_API_ADDRESS', 'v2.303.0', 'v2.304.0'],
] as const

for (const [name, without, first] of borders) {
  test(`${name} comes with ${first}, not with ${without}`, () => {
    assert.not.ok(name in environmentOf('2.18', without))
    assert.ok(name in environmentOf('2.18', first))
  })
}

test('a proxy newer than the known ones gets what the newest known one gets', () => {
  assert.equal(environmentOf('edge-26.9.1', 'v2.999.0'), environmentOf('edge-26.9.1'))
})

test.run()

/** The variables of a release as the file says them, read by a reader of our own; without the prefix, sorted. */
function environmentOf(release: Release, proxy: string = releases[release]): Record<string, string> {
  const machine = firstPlan(
    minimalWith((document) => {
      document.mesh.linkerdVersion = release
      document.proxy.version = proxy
      document.proxy.cores = 3
    }),
  )
  const text = printEnvironment([], machine.mesh.environment, literalNotation)
  const entries = [...text.matchAll(/^LINKERD2_PROXY_([A-Z0-9_]+)='([^']*)'\n/gm)]
  const values = Object.fromEntries(entries.map((match) => [match[1] ?? '', match[2] ?? '']))
  const { IDENTITY_TRUST_ANCHORS: anchors, ...rest } = values
  assert.is(anchors, machine.mesh.trustAnchors)
  assert.is(entries.map((match) => match[0]).join(''), text, 'nothing else is in the file')
  return sorted(rest)
}

function differences(older: Release, newer: Release): string[] {
  const before = environmentOf(older)
  const after = environmentOf(newer)
  const lines: string[] = []
  for (const [name, value] of Object.entries(after))
    if (before[name] !== value) lines.push(`+${name}=${value}`)
  for (const [name, value] of Object.entries(before))
    if (after[name] !== value) lines.push(`-${name}=${value}`)
  return lines.sort()
}

function sorted(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)))
}
