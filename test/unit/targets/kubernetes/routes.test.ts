import { loadAll } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type EditableDocument, minimalWith } from '../../plan/document.ts'
import { made } from '../output.ts'

const test = suite('migration routes and Services')

interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: Readonly<Record<string, unknown>>
}

function read(document: object, name: string): KubernetesObject[] {
  const found = made(document, { targets: ['kubernetes'] }).find(({ path }) => path === `kubernetes/${name}`)
  return loadAll(String(found?.content ?? '')) as KubernetesObject[]
}

/** A Service of two ports over a machine and pods, of which both ports migrate. */
function migrating(change: (document: EditableDocument) => void = () => {}): EditableDocument {
  return minimalWith((document) => {
    document.mesh.linkerdVersion = 'edge-26.9.1'
    const [machine] = document.machines
    if (machine === undefined) return
    machine.labels = { app: 'web', side: 'machine' }
    machine.ports = [
      { name: 'http', port: 8080 },
      { name: 'grpc', port: 9090 },
      { name: 'db', port: 9999, opaque: true },
    ]
    const ports = [
      { name: 'http', port: 80, targetPort: 'http' },
      { name: 'grpc', port: 9090 },
    ]
    document.services = [{ name: 'web', namespace: 'mixed-env', selector: { app: 'web' }, ports }]
    const item = {
      service: 'web',
      namespace: 'mixed-env',
      machines: { selector: { side: 'machine' } },
      pods: { selector: { side: 'pod' } },
    }
    document.migration = [
      { ...item, port: 80, weights: { machines: 90, pods: 10 } },
      { ...item, port: 9090, protocol: 'gRPC', weights: { machines: 0, pods: 1 } },
    ]
    change(document)
  })
}

test('each side is a Service with the ports that migrate, and each port a route with the weights', () => {
  const objects = read(migrating(), 'routes.yaml')
  assert.equal(
    objects.map(({ apiVersion, kind, metadata }) => `${apiVersion} ${kind} ${metadata.name}`),
    [
      'v1 Service web-machines',
      'v1 Service web-pods',
      'policy.linkerd.io/v1beta3 HTTPRoute web-80',
      'gateway.networking.k8s.io/v1 GRPCRoute web-9090',
    ],
  )
  const [machines, , http, grpc] = objects
  assert.equal(machines?.spec, {
    selector: { side: 'machine' },
    ports: [
      { name: 'http', port: 80, targetPort: 'http' },
      { name: 'grpc', port: 9090, targetPort: 9090 },
    ],
  })
  const backends = (port: number, weights: readonly [number, number]) => [
    { group: '', kind: 'Service', name: 'web-machines', port, weight: weights[0] },
    { group: '', kind: 'Service', name: 'web-pods', port, weight: weights[1] },
  ]
  const parent = (port: number) => [{ group: 'core', kind: 'Service', name: 'web', port }]
  const matches = [{ path: { type: 'PathPrefix', value: '/' } }]
  assert.equal(http?.spec, {
    parentRefs: parent(80),
    rules: [{ matches, backendRefs: backends(80, [90, 10]) }],
  })
  assert.equal(grpc?.spec, { parentRefs: parent(9090), rules: [{ backendRefs: backends(9090, [0, 1]) }] })
})

test('a GRPCRoute is of the version that the cluster has; before there was one, an HTTPRoute shares its requests', () => {
  const kindAt = (version: string, proxy: string) => {
    const document = migrating((document) => {
      document.mesh.linkerdVersion = version
      document.proxy.version = proxy
    })
    const route = read(document, 'routes.yaml').at(-1)
    return `${route?.apiVersion} ${route?.kind}`
  }
  assert.is(kindAt('2.17', 'v2.268.0'), 'gateway.networking.k8s.io/v1alpha2 GRPCRoute')
  assert.is(kindAt('2.15', 'v2.221.0'), 'policy.linkerd.io/v1beta3 HTTPRoute')
})

test('a Service with machines that have IPv6 has both families, and others are as they are', () => {
  const policyOf = (addresses: string[]) => {
    const document = migrating((document) => {
      if (document.machines[0] !== undefined) document.machines[0].addresses = addresses
    })
    return [...read(document, 'services.yaml'), ...read(document, 'routes.yaml').slice(0, 2)].map(
      ({ spec }) => spec.ipFamilyPolicy,
    )
  }
  assert.equal(policyOf(['203.0.113.42']), [undefined, undefined, undefined])
  assert.equal(policyOf(['203.0.113.42', '2001:db8::42']), ['PreferDualStack', 'PreferDualStack', undefined])
})

test('a Service says which of its ports are opaque; what nobody here has stays as Linkerd has it', () => {
  const annotationsOf = (ports: { name: string; port: number; targetPort?: string }[], own?: string) => {
    const document = migrating((document) => {
      delete document.migration
      const [service] = document.services ?? []
      if (service === undefined) return
      service.ports = ports
      if (own !== undefined) service.annotations = { 'config.linkerd.io/opaque-ports': own }
      const other = { name: 'other', namespace: 'mixed-env', addresses: ['203.0.113.43'] }
      document.machines.push({ ...other, labels: { app: 'web' }, ports: [{ name: 'redis', port: 6379 }] })
    })
    return read(document, 'services.yaml')[0]?.metadata.annotations
  }
  const http = { name: 'http', port: 80, targetPort: 'http' }
  const db = { name: 'db', port: 3000, targetPort: 'db' }
  assert.is(annotationsOf([http]), undefined)
  assert.equal(annotationsOf([http, db]), { 'config.linkerd.io/opaque-ports': '3000' })
  assert.equal(annotationsOf([http, db], '80'), { 'config.linkerd.io/opaque-ports': '80' })
})

test.run()
