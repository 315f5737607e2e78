import { loadAll } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { minimalWith } from '../../plan/document.ts'
import { made } from '../output.ts'

const test = suite('target kubernetes: policies')

interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace: string }
  // biome-ignore lint/suspicious/noExplicitAny: what is read of it is what each test asks for
  readonly spec: any
}

/** What the tests change of a document. */
interface Wanted {
  readonly policies?: readonly object[]
  readonly services?: readonly object[]
  readonly readiness?: object
  readonly groups?: object
  readonly machines?: readonly object[]
  readonly version?: string
  readonly proxy?: object
}

const labels = { app: 'web' }
const ports = [
  { name: 'http', port: 8080 },
  { name: 'grpc', port: 9090 },
  { name: 'mysql', port: 3306, opaque: true },
]
const web = { name: 'web-1', namespace: 'shop', addresses: ['203.0.113.42'], ports, labels }
const batch = { name: 'batch-1', namespace: 'jobs', role: 'client' }

function documentOf({ proxy, version, ...parts }: Wanted): object {
  const document = minimalWith((one) => {
    one.proxy = { ...one.proxy, ...proxy }
    if (version !== undefined) one.mesh.linkerdVersion = version
  })
  return { ...document, machines: [web, batch], ...parts }
}

function objectsOf(wanted: Wanted): KubernetesObject[] {
  const files = made(documentOf(wanted), { targets: ['kubernetes'] })
  const text = files.find(({ path }) => path === 'kubernetes/policies.yaml')?.content
  return text === undefined ? [] : (loadAll(String(text)) as KubernetesObject[])
}

function find(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const found = objects.filter((one) => one.kind === kind && one.metadata.name === name)
  assert.is(found.length, 1, `${kind} ${name} among ${objects.map(keyOf).join(', ')}`)
  return found[0] as KubernetesObject
}

const keyOf = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.namespace}/${metadata.name}`
const policy = (parts: object) => ({
  name: 'web',
  namespace: 'shop',
  target: { machines: labels, port: 'http' },
  allow: {},
  ...parts,
})
const refsOf = (object: KubernetesObject) =>
  object.spec.requiredAuthenticationRefs.map(
    ({ kind, name }: { kind: string; name: string }) => `${kind} ${name}`,
  )
const spiffe = (path: string) => `spiffe://root.linkerd.cluster.local/${path}`

test('each kind of client has an AuthorizationPolicy of its own, since one asks for all that it lists', () => {
  const allow = {
    machines: ['batch-1'],
    groups: [],
    serviceAccounts: [{ name: 'front' }, { name: 'ledger', namespace: 'ledger' }],
    networks: ['198.51.100.0/24'],
  }
  const objects = objectsOf({ policies: [policy({ allow })] })
  assert.equal(objects.map(keyOf), [
    'MeshTLSAuthentication shop/web-machines',
    'MeshTLSAuthentication shop/web-service-accounts',
    'NetworkAuthentication shop/web-networks',
    'AuthorizationPolicy shop/web-machines',
    'AuthorizationPolicy shop/web-service-accounts',
    'AuthorizationPolicy shop/web-networks',
    'Server shop/web',
  ])
  const server = find(objects, 'Server', 'web')
  assert.is(server.apiVersion, 'policy.linkerd.io/v1beta3')
  assert.equal(server.spec, {
    externalWorkloadSelector: { matchLabels: labels },
    port: 'http',
    proxyProtocol: 'unknown',
    accessPolicy: 'deny',
  })
  const machines = find(objects, 'MeshTLSAuthentication', 'web-machines')
  assert.equal(machines.spec, { identities: [spiffe('jobs/batch-1')] })
  const accounts = find(objects, 'MeshTLSAuthentication', 'web-service-accounts')
  assert.equal(accounts.spec, {
    identityRefs: [
      { kind: 'ServiceAccount', namespace: 'shop', name: 'front' },
      { kind: 'ServiceAccount', namespace: 'ledger', name: 'ledger' },
    ],
  })
  for (const way of ['machines', 'service-accounts', 'networks']) {
    const { spec } = find(objects, 'AuthorizationPolicy', `web-${way}`)
    assert.equal(spec.targetRef, { group: 'policy.linkerd.io', kind: 'Server', name: 'web' })
    assert.is(spec.requiredAuthenticationRefs.length, 1)
  }
})

test('nobody is let in by an empty list, and everybody by all addresses', () => {
  assert.equal(objectsOf({ policies: [policy({})] }).map(keyOf), ['Server shop/web'])
  const objects = objectsOf({ policies: [policy({ allow: { unauthenticated: true } })] })
  assert.equal(find(objects, 'NetworkAuthentication', 'meshjoin-everywhere').spec, {
    networks: [{ cidr: '0.0.0.0/0' }, { cidr: '::/0' }],
  })
  assert.equal(refsOf(find(objects, 'AuthorizationPolicy', 'web-everybody')), [
    'NetworkAuthentication meshjoin-everywhere',
  ])
})

test('a group is its machines, and an identity that it shares stands there once', () => {
  const groups = {
    own: { namespace: 'jobs', role: 'client' },
    shared: {
      namespace: 'jobs',
      role: 'client',
      identity: { spiffeId: spiffe('jobs/worker'), serverName: 'worker.jobs.cluster.local' },
    },
    found: {
      namespace: 'jobs',
      role: 'client',
      instances: { name: 'hostname' },
      identity: { spiffeId: spiffe('jobs/found'), serverName: 'found.jobs.cluster.local' },
    },
  }
  const machines = [
    web,
    { name: 'b', group: 'own' },
    { name: 'a', group: 'own' },
    { name: 'c', group: 'shared' },
    { name: 'd', group: 'shared' },
  ]
  const allow = { groups: ['own', 'shared', 'found'], machines: ['c'] }
  const objects = objectsOf({ groups, machines, policies: [policy({ allow })] })
  assert.equal(find(objects, 'MeshTLSAuthentication', 'web-machines').spec.identities, [
    spiffe('jobs/a'),
    spiffe('jobs/b'),
    spiffe('jobs/found'),
    spiffe('jobs/worker'),
  ])
})

test('whoever has an identity is * and every machine of the document', () => {
  const objects = objectsOf({ policies: [policy({ allow: { authenticated: true } })] })
  assert.equal(find(objects, 'MeshTLSAuthentication', 'meshjoin-authenticated').spec.identities, [
    '*',
    spiffe('jobs/batch-1'),
    spiffe('shop/web-1'),
  ])
})

test('many identities are several lists, each with an AuthorizationPolicy', () => {
  const groups = { many: { namespace: 'jobs', role: 'client' } }
  const machines = [web, ...Array.from({ length: 501 }, (_, index) => ({ name: `m${index}`, group: 'many' }))]
  const objects = objectsOf({ groups, machines, policies: [policy({ allow: { groups: ['many'] } })] })
  const lists = ['web-machines', 'web-machines-2'].map(
    (name) => find(objects, 'MeshTLSAuthentication', name).spec.identities.length as number,
  )
  assert.equal(lists, [500, 1])
  assert.equal(refsOf(find(objects, 'AuthorizationPolicy', 'web-machines-2')), [
    'MeshTLSAuthentication web-machines-2',
  ])
})

test('HTTP routes are the ones that Linkerd brings, and who may make them is asked of the route', () => {
  const routes = [
    { path: '/orders', methods: ['GET', 'POST'] },
    { path: '/a', match: 'exact' },
    { path: '/b[0-9]+', match: 'regex' },
    { methods: ['PUT'] },
  ]
  const objects = objectsOf({
    policies: [
      policy({
        routes,
        allow: { machines: ['batch-1'] },
        target: { machines: labels, port: 8080, protocol: 'HTTP/1' },
      }),
    ],
  })
  const route = find(objects, 'HTTPRoute', 'web')
  assert.is(route.apiVersion, 'policy.linkerd.io/v1beta3')
  assert.equal(route.spec, {
    parentRefs: [{ group: 'policy.linkerd.io', kind: 'Server', name: 'web' }],
    rules: [
      {
        matches: [
          { path: { type: 'PathPrefix', value: '/orders' }, method: 'GET' },
          { path: { type: 'PathPrefix', value: '/orders' }, method: 'POST' },
          { path: { type: 'Exact', value: '/a' } },
          { path: { type: 'RegularExpression', value: '/b[0-9]+' } },
          { path: { type: 'PathPrefix', value: '/' }, method: 'PUT' },
        ],
      },
    ],
  })
  const { spec } = find(objects, 'AuthorizationPolicy', 'web-machines')
  assert.equal(spec.targetRef, { group: 'policy.linkerd.io', kind: 'HTTPRoute', name: 'web' })
})

test('gRPC methods are GRPCRoutes, of the version that the Gateway API has with that Linkerd', () => {
  const target = { machines: labels, port: 'grpc', protocol: 'gRPC' }
  const routes = [{ service: 'a.B', method: 'C' }, { service: 'd.E' }, { method: 'F' }]
  const wanted = { policies: [policy({ target, routes, allow: { machines: ['batch-1'] } })] }
  const objects = objectsOf(wanted)
  const route = find(objects, 'GRPCRoute', 'web')
  assert.is(route.apiVersion, 'gateway.networking.k8s.io/v1')
  assert.equal(route.spec.rules, [
    {
      matches: [
        { method: { type: 'Exact', service: 'a.B', method: 'C' } },
        { method: { type: 'Exact', service: 'd.E' } },
        { method: { type: 'Exact', method: 'F' } },
      ],
    },
  ])
  assert.is(
    find(objects, 'AuthorizationPolicy', 'web-machines').spec.targetRef.group,
    'gateway.networking.k8s.io',
  )
  const old = objectsOf({ ...wanted, version: 'edge-24.11.8', proxy: { version: 'v2.268.0' } })
  assert.is(find(old, 'GRPCRoute', 'web').apiVersion, 'gateway.networking.k8s.io/v1alpha2')
})

test('Linkerd 2.15 has no access policy', () => {
  const server = find(
    objectsOf({ policies: [policy({})], version: 'edge-24.2.4', proxy: { version: 'v2.221.0' } }),
    'Server',
    'web',
  )
  assert.is(server.apiVersion, 'policy.linkerd.io/v1beta2')
  assert.not.ok('accessPolicy' in server.spec)
})

test('routes that are too many for one object are several', () => {
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH']
  const routes = Array.from({ length: 20 }, (_, index) => ({ path: `/p${index}`, methods }))
  const objects = objectsOf({ policies: [policy({ routes, allow: { machines: ['batch-1'] } })] })
  const rules = ['web', 'web-routes-2'].map((name) => find(objects, 'HTTPRoute', name).spec.rules)
  assert.equal(
    rules.map((all) => all.length),
    [16, 4],
  )
  for (const { matches } of rules.flat()) assert.is(matches.length, 8)
  assert.is(find(objects, 'AuthorizationPolicy', 'web-routes-2-machines').spec.targetRef.name, 'web-routes-2')
})

const service = {
  name: 'web',
  namespace: 'shop',
  selector: labels,
  ports: [{ name: 'http', port: 80, targetPort: 'http' }],
}

test('a policy on the machines of a Service is written for its pods as well, with the same clients and routes', () => {
  const routes = [{ path: '/orders' }]
  const objects = objectsOf({
    services: [service],
    policies: [policy({ routes, probes: ['/ready'], allow: { machines: ['batch-1'] } })],
  })
  const twin = find(objects, 'Server', 'web-on-pods')
  assert.equal(twin.spec.podSelector, { matchLabels: labels })
  assert.is(twin.spec.port, 'http')
  assert.equal(
    find(objects, 'HTTPRoute', 'web-on-pods').spec.rules,
    find(objects, 'HTTPRoute', 'web').spec.rules,
  )
  assert.equal(refsOf(find(objects, 'AuthorizationPolicy', 'web-on-pods-machines')), [
    'MeshTLSAuthentication web-machines',
  ])
  assert.equal(refsOf(find(objects, 'AuthorizationPolicy', 'web-on-pods-probes')), [
    'NetworkAuthentication meshjoin-everywhere',
  ])
  assert.equal(refsOf(find(objects, 'AuthorizationPolicy', 'web-probes')), [
    'NetworkAuthentication meshjoin-cluster-networks',
  ])
})

test('and the other way round', () => {
  const objects = objectsOf({
    services: [service],
    policies: [policy({ target: { pods: labels, port: 'http' }, allow: { machines: ['batch-1'] } })],
  })
  assert.equal(find(objects, 'Server', 'web-on-machines').spec.externalWorkloadSelector, {
    matchLabels: labels,
  })
})

const healthy = { ...web, healthCheck: { path: '/healthz?full=1', port: 8080 } }
const readiness = { image: 'registry.example.internal/node:22' }
const open = { adminAddress: '0.0.0.0:4191' }

test('the health check of a machine is let in where a policy would refuse it, and everything else stays as the policy says', () => {
  const wanted = { machines: [healthy, batch], policies: [policy({ allow: { machines: ['batch-1'] } })] }
  assert.not.ok(
    objectsOf(wanted).some(({ kind }) => kind === 'HTTPRoute'),
    'nobody asks for it',
  )
  const objects = objectsOf({ ...wanted, readiness, proxy: open })
  assert.equal(find(objects, 'HTTPRoute', 'web-probes').spec.rules, [
    { matches: [{ path: { type: 'Exact', value: '/healthz' }, method: 'GET' }] },
  ])
  assert.equal(find(objects, 'HTTPRoute', 'web-rest').spec.rules, [
    { matches: [{ path: { type: 'PathPrefix', value: '/' } }] },
  ])
  assert.equal(find(objects, 'NetworkAuthentication', 'meshjoin-cluster-networks').spec, {
    networks: [{ cidr: '10.42.0.0/16' }, { cidr: '10.43.0.0/16' }],
  })
  assert.is(find(objects, 'AuthorizationPolicy', 'web-machines').spec.targetRef.kind, 'Server')
})

test('under deny only what probes and scrapes ask for is opened', () => {
  const proxy = { defaultInboundPolicy: 'deny', ...open }
  const objects = objectsOf({ proxy, readiness, machines: [healthy, batch] })
  assert.equal(
    objects.map(keyOf).filter((key) => !key.includes('Authentication')),
    [
      'AuthorizationPolicy shop/meshjoin-4191-admin-probes',
      'Server shop/meshjoin-4191-admin',
      'AuthorizationPolicy shop/meshjoin-8080-deny-probes',
      'HTTPRoute shop/meshjoin-8080-deny-probes',
      'HTTPRoute shop/meshjoin-8080-deny-rest',
      'Server shop/meshjoin-8080-deny',
    ],
  )
  assert.equal(find(objects, 'Server', 'meshjoin-4191-admin').spec.externalWorkloadSelector, {
    matchLabels: { 'inbound.meshjoin.dev/4191': 'admin' },
  })
  assert.equal(objectsOf({ proxy: { defaultInboundPolicy: 'deny' } }), [], 'on loopback it always answers')
  assert.equal(objectsOf({ proxy: open }), [], 'the default lets everybody in')
})

test('a policy for the admin port takes the place of ours', () => {
  const target = { machines: labels, port: 4191 }
  const objects = objectsOf({
    proxy: { defaultInboundPolicy: 'deny', ...open },
    policies: [policy({ target, allow: { networks: ['198.51.100.0/24'] } })],
  })
  assert.equal(objects.filter(({ kind }) => kind === 'Server').map(keyOf), ['Server shop/web'])
})

test('all-authenticated lets machines in on each port that no policy guards, and the ExternalWorkload is found by a label', () => {
  const proxy = { defaultInboundPolicy: 'all-authenticated' }
  const wanted = { proxy, policies: [policy({})] }
  const objects = objectsOf(wanted)
  assert.equal(objects.filter(({ kind }) => kind === 'Server').map(keyOf), [
    'Server shop/web',
    'Server shop/meshjoin-3306-all-authenticated',
    'Server shop/meshjoin-9090-all-authenticated',
  ])
  assert.is(find(objects, 'Server', 'meshjoin-3306-all-authenticated').spec.proxyProtocol, 'opaque')
  assert.equal(
    refsOf(find(objects, 'AuthorizationPolicy', 'meshjoin-9090-all-authenticated-authenticated')),
    ['MeshTLSAuthentication meshjoin-authenticated'],
  )
  const files = made(documentOf(wanted), { targets: ['kubernetes'] })
  const text = files.find(({ path }) => path === 'kubernetes/external-workloads.yaml')?.content
  const [workload] = loadAll(String(text)) as { metadata: { labels: Record<string, string> } }[]
  const own = Object.entries(workload?.metadata.labels ?? {}).filter(([key]) => key.startsWith('inbound.'))
  assert.equal(own, [
    ['inbound.meshjoin.dev/9090', 'all-authenticated'],
    ['inbound.meshjoin.dev/3306', 'all-authenticated'],
  ])
})

test('cluster-authenticated asks for the networks of the mesh as well', () => {
  const objects = objectsOf({ proxy: { defaultInboundPolicy: 'cluster-authenticated' } })
  assert.equal(
    refsOf(find(objects, 'AuthorizationPolicy', 'meshjoin-8080-cluster-authenticated-authenticated')),
    ['MeshTLSAuthentication meshjoin-authenticated', 'NetworkAuthentication meshjoin-mesh-networks'],
  )
  assert.equal(find(objects, 'NetworkAuthentication', 'meshjoin-mesh-networks').spec.networks, [
    { cidr: '10.42.0.0/16' },
    { cidr: '10.43.0.0/16' },
    { cidr: '203.0.113.42/32' },
  ])
})

test('one port with several needs has several Servers, and no machine two for one port', () => {
  const proxy = { defaultInboundPolicy: 'all-authenticated', ...open }
  const other = { ...healthy, name: 'web-2', addresses: ['203.0.113.43'] }
  const objects = objectsOf({ proxy, readiness, machines: [web, other] })
  const servers = objects.filter(({ kind, spec }) => kind === 'Server' && spec.port === 8080)
  assert.equal(
    servers.map(({ spec }) => spec.externalWorkloadSelector.matchLabels['inbound.meshjoin.dev/8080']),
    ['all-authenticated', 'all-authenticated-2'],
  )
})

test('one machine alone has nobody to let in, and of too many nobody is listed', () => {
  const proxy = { defaultInboundPolicy: 'all-authenticated' }
  assert.equal(objectsOf({ proxy, machines: [web] }), [])
  const many = Array.from({ length: 1000 }, (_, index) => ({ ...batch, name: `m${index}` }))
  assert.equal(objectsOf({ proxy, machines: [web, ...many] }), [])
})

test.run()
