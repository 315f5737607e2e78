/** What shows each trap of the list "Policy" in docs/traps.md to be closed. Data, as in traps-cases.ts. */
import { type Case, type Change, clone, gives, has } from './traps-evidence.ts'

const policies = 'kubernetes/policies.yaml'
const labels: Change = ['/machines/0/labels', { app: 'web' }]
const web = { machines: { app: 'web' }, port: 'http' }
const policy = (parts: object) => ({ name: 'web', namespace: 'mixed-env', target: web, allow: {}, ...parts })
const wanted = (...parts: object[]): Change => ['/policies', parts.map(policy)]
const client = { name: 'batch', namespace: 'jobs', role: 'client' }
const id = 'spiffe://root.linkerd.cluster.local/jobs/batch'
const second: Change = ['/machines/1', client]
const instances: Change = [
  '/groups',
  { many: { namespace: 'jobs', role: 'client', instances: { name: 'hostname' } } },
]
const service = (namespace = 'mixed-env'): Change => [
  '/services',
  [
    {
      name: 'web',
      namespace,
      selector: { app: 'web' },
      ports: [{ name: 'http', port: 80, targetPort: 'http' }],
    },
  ],
]
const routes = [{ path: '/orders' }]
const authenticated: Change = ['/proxy/defaultInboundPolicy', 'all-authenticated']
const readiness: Change = ['/readiness', { image: 'registry.example.internal/node:22' }]
const healthCheck = (parts: object = {}): Change => [
  '/machines/0/healthCheck',
  { path: '/healthz', port: 80, ...parts },
]
const admin: Change = ['/proxy/adminAddress', '0.0.0.0:4191']

export const policyCases: readonly Case[] = [
  gives('Policy 1', 'policy-port-unmatched', labels, wanted({ target: { ...web, port: 'https' } })),
  gives(
    'Policy 1',
    'policy-port-partial',
    labels,
    ['/machines/1', { ...clone, ports: [{ name: 'other', port: 81 }], labels: { app: 'web' } }],
    wanted({}),
  ),
  gives('Policy 1', 'policy-selects-nothing', wanted({})),
  gives('Policy 2', 'policy-port-twice', labels, wanted({}, { name: 'again', target: { ...web, port: 80 } })),
  has(
    'Policy 3',
    policies,
    [
      `    - "*"\n    - ${id}\n`,
      'name: meshjoin-80-all-authenticated',
      'inbound.meshjoin.dev/80: all-authenticated',
    ],
    [],
    authenticated,
    second,
  ),
  has(
    'Policy 3',
    policies,
    [`    - "*"\n    - ${id}\n`],
    [],
    labels,
    second,
    wanted({ allow: { authenticated: true } }),
  ),
  gives('Policy 3', 'policy-unlisted', labels, instances, wanted({ allow: { authenticated: true } })),
  has(
    'Policy 4',
    policies,
    [`    - ${id}\n`],
    [/spiffe:\/\/.*\*/],
    labels,
    second,
    wanted({ allow: { machines: ['batch'] } }),
  ),
  gives('Policy 4', 'policy-instances', labels, instances, wanted({ allow: { groups: ['many'] } })),
  has('Policy 5', policies, ['name: web-on-pods\n', 'podSelector:'], [], labels, service(), wanted({})),
  gives('Policy 5', 'policy-both-sides', labels, service(), wanted({})),
  gives(
    'Policy 5',
    'policy-side-unclear',
    ['/machines/0/labels', { app: 'web', half: 'left' }],
    ['/machines/1', { ...clone, labels: { app: 'web', half: 'right' } }],
    service(),
    wanted(
      { name: 'left', target: { machines: { half: 'left' }, port: 'http' } },
      { name: 'right', target: { machines: { half: 'right' }, port: 'http' } },
    ),
  ),
  has(
    'Policy 6',
    policies,
    ['name: web-machines\n', 'name: web-service-accounts\n', 'name: web-networks\n'],
    [],
    labels,
    second,
    wanted({
      allow: { machines: ['batch'], serviceAccounts: [{ name: 'front' }], networks: ['198.51.100.0/24'] },
    }),
  ),
  gives('Policy 7', 'policy-probes', labels, service(), wanted({ routes })),
  has(
    'Policy 7',
    policies,
    ['name: web-on-pods-probes\n', 'value: /healthz\n', 'cidr: 0.0.0.0/0'],
    [],
    labels,
    service(),
    healthCheck(),
    wanted({ routes }),
  ),
  has(
    'Policy 8',
    policies,
    ['name: meshjoin-80-deny-probes\n', 'name: meshjoin-4191-admin\n', 'cidr: 10.42.0.0/16'],
    [],
    ['/proxy/defaultInboundPolicy', 'deny'],
    admin,
    readiness,
    healthCheck(),
  ),
  gives(
    'Policy 8',
    'health-check-refused',
    labels,
    admin,
    readiness,
    healthCheck({ scheme: 'HTTPS' }),
    wanted({}),
  ),
  gives(
    'Policy 9',
    'policy-protocol',
    labels,
    ['/machines/0/ports/0/opaque', true],
    wanted({ target: { ...web, protocol: 'HTTP/1' } }),
  ),
  gives('Policy 10', 'policy-route', labels, wanted({ routes: [{ service: 'a.B' }] })),
  gives(
    'Policy 10',
    'policy-grpc-too-old',
    ['/mesh/linkerdVersion', 'edge-24.2.4'],
    labels,
    wanted({ target: { ...web, protocol: 'gRPC' }, routes: [{ service: 'a.B' }] }),
  ),
  has(
    'Policy 10',
    policies,
    ['apiVersion: policy.linkerd.io/v1beta3\nkind: HTTPRoute'],
    [],
    labels,
    wanted({ routes }),
  ),
  has(
    'Policy 11',
    'kubernetes/external-workloads.yaml',
    ['config.linkerd.io/default-inbound-policy: deny'],
    [],
    ['/proxy/defaultInboundPolicy', 'deny'],
  ),
]
