/** Policy and opaque ports have two halves, the environment and the ExternalWorkload, made of the same fields. */
import { load, loadAll } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { annotationLine, listsPort } from '../../../lib/config/annotations.ts'
import { type Diagnostic, generate, validate } from '../../../lib/index.ts'
import { type EditableDocument, minimalWith } from '../plan/document.ts'

const test = suite('annotations of the ExternalWorkload')

const opaqueLine = 'config.linkerd.io/opaque-ports: "3306,5432"'

/** Three servers of a group and one of none; `db` has ports that are opaque. */
function fleet(change: (document: EditableDocument) => void = () => {}): EditableDocument {
  return minimalWith((document) => {
    document.proxy.defaultInboundPolicy = 'all-unauthenticated'
    const ports = [
      { name: 'pg', port: 5432, opaque: true },
      { name: 'mysql', port: 3306, opaque: true },
      { name: 'http', port: 8080 },
    ]
    document.groups = { db: { namespace: 'db', ports } }
    for (const at of [1, 2, 3])
      document.machines.push({ name: `db-${at}`, group: 'db', addresses: [`198.51.100.${at}`] })
    change(document)
  })
}

function found(document: object, code: string): Diagnostic[] {
  return validate(document).diagnostics.filter((diagnostic) => diagnostic.code === code)
}

test('a line is YAML that means text, also for one port', () => {
  assert.equal(load(annotationLine('a.b/c', '3306')), { 'a.b/c': '3306' })
})

test('an opaque-ports annotation lists ports by number, range and name', () => {
  for (const value of ['3306', '25,3306', '3300-3310', ' mysql , x', '3306-3306'])
    assert.is(listsPort(value, 3306, 'mysql'), true, value)
  for (const value of ['', '33060', '3307-3310', 'mysq', '-3306', '3306x'])
    assert.is(listsPort(value, 3306, 'mysql'), false, value)
})

test('what contradicts is an error that names both, also where the document says nothing', () => {
  const deny = fleet((document) => {
    document.defaults = { annotations: { 'config.linkerd.io/default-inbound-policy': 'deny' } }
  })
  const [policy, ...others] = found(deny, 'annotation-contradicts')
  assert.equal(others, [])
  assert.match(policy?.message ?? '', /is "deny", but the proxy starts with all-unauthenticated$/)
  const unsaid = minimalWith((document) => {
    document.defaults = { annotations: { 'config.linkerd.io/default-inbound-policy': 'deny' } }
  })
  assert.match(found(unsaid, 'annotation-contradicts')[0]?.message ?? '', /no defaultInboundPolicy is set/)
  assert.is(generate(unsaid).ok, false)
  const opaque = fleet((document) => {
    if (document.groups?.db !== undefined)
      document.groups.db.annotations = { 'config.linkerd.io/opaque-ports': 'mysql' }
  })
  const [ports] = found(opaque, 'annotation-contradicts')
  assert.match(ports?.message ?? '', /is "mysql", but port 5432 has "opaque: true"$/)
  assert.ok(ports?.help.startsWith(`write ${opaqueLine} here`), ports?.help)
})

test('a policy that cannot be read is not called a contradiction', () => {
  const text = {
    ...fleet((document) => {
      document.machines[0] = {
        ...document.machines[0],
        annotations: { 'config.linkerd.io/default-inbound-policy': 'deny' },
      } as EditableDocument['machines'][number]
    }),
  }
  const document = { ...text, proxy: { ...text.proxy, defaultInboundPolicy: 'denied' } }
  assert.equal(
    validate(document).diagnostics.map(({ code }) => code),
    ['unknown-value'],
  )
})

test('of the usual opaque ports only those are asked about of which nothing is said', () => {
  const numbers = [25, 587, 3306, 4444, 5432, 6379, 9300, 11211, 8080]
  const document = minimalWith((minimal) => {
    const [machine] = minimal.machines
    if (machine === undefined) return
    machine.ports = numbers.map((port) => ({ name: `p${port}`, port }))
    machine.ports[2] = { name: 'mysql', port: 3306, opaque: true }
    machine.ports[3] = { name: 'galera', port: 4444, opaque: false }
  })
  assert.equal(
    found(document, 'port-usually-opaque').map(({ path }) => path),
    [0, 1, 4, 5, 6, 7].map((index) => `/machines/0/ports/${index}`),
  )
})

/** The annotations of each ExternalWorkload, by its name. */
function written(document: object): Record<string, unknown> {
  const { value = [] } = generate(document, { targets: ['kubernetes'] })
  const text = value.find(({ path }) => path === 'kubernetes/external-workloads.yaml')?.content
  const objects = loadAll(String(text)) as { metadata: { name: string; annotations?: object } }[]
  return Object.fromEntries(objects.map(({ metadata }) => [metadata.name, metadata.annotations]))
}

test('the object says what the environment says, and nothing where the document says nothing', () => {
  assert.equal(written(minimalWith()), { 'legacy-app': undefined })
  const [policy, opaque] = ['config.linkerd.io/default-inbound-policy', 'config.linkerd.io/opaque-ports']
  const both = { [policy]: 'deny', [opaque]: '3306,5432' }
  const document = fleet((fleet) => {
    if (fleet.machines[1] !== undefined) fleet.machines[1].ports = [{ name: 'http', port: 80 }]
    fleet.proxy.defaultInboundPolicy = 'deny'
  })
  assert.equal(written(document), {
    'legacy-app': { [policy]: 'deny' },
    'db-1': { [policy]: 'deny' },
    'db-2': both,
    'db-3': both,
  })
})

test("a default that is typed is written, since the cluster's own may be another", () => {
  const document = minimalWith((minimal) => {
    minimal.proxy.defaultInboundPolicy = 'all-unauthenticated'
  })
  assert.equal(written(document)['legacy-app'], {
    'config.linkerd.io/default-inbound-policy': 'all-unauthenticated',
  })
})

test('a port that is opaque by default is none where the document says so', () => {
  const ports = (opaque: boolean | undefined) =>
    minimalWith((minimal) => {
      const [machine] = minimal.machines
      const port = { name: 'redis', port: 6379 }
      if (machine !== undefined) machine.ports = [opaque === undefined ? port : { ...port, opaque }]
    })
  assert.is(written(ports(undefined))['legacy-app'], undefined)
  assert.equal(written(ports(false))['legacy-app'], { 'config.linkerd.io/opaque-ports': '' })
  assert.equal(written(ports(true))['legacy-app'], { 'config.linkerd.io/opaque-ports': '6379' })
})

test.run()
