import { suite } from 'uvu'
import * as assert from 'uvu/assert'

import { type ApiObject, judgeFor } from './schemas.ts'

const test = suite('the closed schemas of custom resources, and what older releases have otherwise')

const workload: ApiObject = {
  apiVersion: 'workload.linkerd.io/v1beta1',
  kind: 'ExternalWorkload',
  metadata: { name: 'legacy-app', namespace: 'mixed-env' },
  spec: {
    meshTLS: { identity: 'spiffe://example.org/app', serverName: 'app.mixed-env.cluster.local' },
    workloadIPs: [{ ip: '192.0.2.10' }],
  },
}
const ready: ApiObject = { ...workload, status: { conditions: [{ type: 'Ready', status: 'True' }] } }
const dual: ApiObject = {
  ...workload,
  spec: { ...(workload.spec as object), workloadIPs: [{ ip: '192.0.2.10' }, { ip: '2001:db8::10' }] },
}

function of(kind: string, apiVersion: string, spec: object): ApiObject {
  return { apiVersion, kind, metadata: { name: 'some', namespace: 'mixed-env' }, spec }
}
const server = { externalWorkloadSelector: { matchLabels: { app: 'legacy' } }, port: 'http' }
const route = { parentRefs: [{ name: 'some' }] }

/** Whether releases take an object: 2.15, 2.16, 2.17, 2.18 and the newest. */
const table: readonly (readonly [what: string, object: ApiObject, taken: readonly boolean[]])[] = [
  ['an ExternalWorkload', workload, [true, true, true, true, true]],
  ['with its status', ready, [true, false, false, false, false]],
  ['with two addresses', dual, [false, false, true, true, true]],
  ['with an unknown field', { ...workload, note: 'x' }, [false, false, false, false, false]],
  [
    'Server v1beta2',
    of('Server', 'policy.linkerd.io/v1beta2', { ...server, proxyProtocol: 'gRPC' }),
    [true, true, true, true, true],
  ],
  [
    'Server v1beta3',
    of('Server', 'policy.linkerd.io/v1beta3', { ...server, accessPolicy: 'deny' }),
    [false, true, true, true, true],
  ],
  [
    "Linkerd's HTTPRoute",
    of('HTTPRoute', 'policy.linkerd.io/v1beta3', route),
    [true, true, true, true, true],
  ],
  ['HTTPRoute v1', of('HTTPRoute', 'gateway.networking.k8s.io/v1', route), [false, false, false, true, true]],
  [
    'HTTPRoute v1beta1',
    of('HTTPRoute', 'gateway.networking.k8s.io/v1beta1', route),
    [true, true, true, false, false],
  ],
  ['GRPCRoute v1', of('GRPCRoute', 'gateway.networking.k8s.io/v1', route), [false, false, false, true, true]],
  [
    'GRPCRoute v1alpha2',
    of('GRPCRoute', 'gateway.networking.k8s.io/v1alpha2', route),
    [false, true, true, false, false],
  ],
]

for (const [what, object, taken] of table) {
  test(what, () => {
    const judged = ['2.15', '2.16', '2.17', '2.18', 'edge-26.8.3'].map(
      (version) => judgeFor(version)(object) === undefined,
    )
    assert.equal(judged, taken)
  })
}

test('what is no custom resource is left to the API server', () => {
  assert.is(judgeFor('2.20')({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'x' } }), undefined)
  assert.match(judgeFor('2.20')(of('Server', 'policy.linkerd.org/v1', {})) ?? '', /is not served/)
})

test.run()
