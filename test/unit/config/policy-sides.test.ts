import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type ClusterLike, findOtherSides, type PolicyLike } from '../../../lib/config/policy-sides.ts'

const test = suite('the other side of a policy')

const machine = (labels: Record<string, string> = {}) => ({
  namespace: 'shop',
  labels: { app: 'web', ...labels },
  ports: [
    { name: 'http', port: 8080 },
    { name: 'grpc', port: 9090 },
  ],
})
const service = (targetPort: number | string, selector: Record<string, string> = { app: 'web' }) => ({
  name: 'web',
  namespace: 'shop',
  selector,
  ports: [{ targetPort }],
})
const policy = (target: Partial<PolicyLike['target']>, name = 'only'): PolicyLike => ({
  name,
  namespace: 'shop',
  target: { machines: undefined, pods: undefined, port: 'http', ...target },
})
const onMachines = policy({ machines: { app: 'web' } })
const onPods = policy({ pods: { app: 'web' } })

function sidesOf(given: Partial<ClusterLike<PolicyLike>>): string[] {
  const cluster = { policies: [], services: [], migration: [], machines: [machine()], ...given }
  return findOtherSides(cluster).sides.map(
    ({ policy, side, service, selector, port }) =>
      `${policy.name} ${side} ${service} ${JSON.stringify(selector)} ${port}`,
  )
}

test('pods of a Service have the policy of its machines, on the port by the name that the Service has for it', () => {
  assert.equal(sidesOf({ policies: [onMachines], services: [service('http')] }), [
    'only pods web {"app":"web"} http',
  ])
  assert.equal(sidesOf({ policies: [onMachines], services: [service(8080)] }), [
    'only pods web {"app":"web"} 8080',
  ])
})

test('another port, another namespace, other machines and no Service are none of it', () => {
  assert.equal(sidesOf({ policies: [onMachines], services: [service('grpc')] }), [])
  assert.equal(sidesOf({ policies: [onMachines], services: [service('http', { app: 'db' })] }), [])
  assert.equal(
    sidesOf({ policies: [onMachines], services: [{ ...service('http'), namespace: 'other' }] }),
    [],
  )
  assert.equal(sidesOf({ policies: [onMachines] }), [])
})

test('machines of a Service have the policy of its pods, where they have that port', () => {
  assert.equal(sidesOf({ policies: [onPods], services: [service('http')] }), [
    'only machines web {"app":"web"} http',
  ])
  const elsewhere = policy({ pods: { app: 'web' }, port: 'https' })
  assert.equal(sidesOf({ policies: [elsewhere], services: [service('https')] }), [])
  assert.equal(
    sidesOf({ policies: [onPods], services: [service(8080)] }),
    [],
    'of pods nobody knows the name',
  )
})

test("a migration's own selectors count where they are not within the Service's", () => {
  const migration = {
    service: 'web',
    namespace: 'shop',
    targetPort: 'http',
    machines: { app: 'web' },
    pods: { app: 'web', on: 'cluster' },
  }
  const given = { policies: [onMachines], services: [service('http')] }
  assert.equal(sidesOf({ ...given, migration: [migration] }), ['only pods web {"app":"web"} http'])
  assert.equal(sidesOf({ ...given, migration: [{ ...migration, pods: { app: 'new' } }] }), [
    'only pods web {"app":"web"} http',
    'only pods web {"app":"new"} http',
  ])
  assert.equal(sidesOf({ policies: [policy({ pods: { app: 'other' } })], migration: [migration] }), [])
  assert.equal(
    sidesOf({ policies: [policy({ pods: { app: 'web', on: 'cluster' } })], migration: [migration] }),
    ['only machines web {"app":"web"} http'],
  )
})

test('a policy of the document for the other side counts alone', () => {
  const services = [service('http')]
  assert.equal(
    sidesOf({ policies: [onMachines, policy({ pods: { app: 'web' } }, 'own')], services }),
    [],
    'both are there',
  )
  const part = policy({ pods: { app: 'web', tier: 'front' } }, 'part')
  assert.equal(
    sidesOf({ policies: [onMachines, part], services }),
    [],
    'a part of the pods is not to have two',
  )
})

test('of several that would fit none is taken', () => {
  const left = policy({ machines: { half: 'left' } }, 'left')
  const right = policy({ machines: { half: 'right' } }, 'right')
  const machines = [machine({ half: 'left' }), machine({ half: 'right' })]
  const cluster = { policies: [left, right], services: [service('http')], migration: [], machines }
  const { sides, unclear } = findOtherSides(cluster)
  assert.equal(sides, [])
  assert.equal(
    unclear.map(({ policy, other }) => `${policy.name} ${other.name}`),
    ['left right', 'right left'],
  )
})

test.run()
