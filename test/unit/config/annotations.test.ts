/** Policy and opaque ports have two halves, the environment and the ExternalWorkload: whoever has one is told of the other. */
import { load } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { annotationLine, listsPort, neededAnnotations } from '../../../lib/config/annotations.ts'
import { type Diagnostic, generate, validate } from '../../../lib/index.ts'
import { type EditableDocument, minimalWith } from '../plan/document.ts'

const test = suite('annotations of the ExternalWorkload')

const policyLine = 'config.linkerd.io/default-inbound-policy: "deny"'
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
  assert.equal(
    neededAnnotations({ defaultInboundPolicy: 'all-unauthenticated', ports: [{ port: 80, opaque: false }] }),
    [],
  )
})

test('an opaque-ports annotation lists ports by number, range and name', () => {
  for (const value of ['3306', '25,3306', '3300-3310', ' mysql , x', '3306-3306'])
    assert.is(listsPort(value, 3306, 'mysql'), true, value)
  for (const value of ['', '33060', '3307-3310', 'mysq', '-3306', '3306x'])
    assert.is(listsPort(value, 3306, 'mysql'), false, value)
})

test('one warning for each setting, whatever the number of machines, with the line to copy', () => {
  const [first, ...others] = found(fleet(), 'annotation-missing')
  assert.equal(others, [])
  assert.is(first?.path, '/groups/db/ports/0/opaque')
  assert.ok(first?.help.includes(`put ${opaqueLine} under metadata.annotations`), first?.help)
  assert.match(
    first?.help ?? '',
    /of group db, and under "annotations" here; on the Namespace it does nothing/,
  )
  const all = found(
    fleet((document) => {
      document.proxy.defaultInboundPolicy = 'deny'
    }),
    'annotation-missing',
  )
  assert.equal(all.map(({ path }) => path).sort(), [
    '/groups/db/ports/0/opaque',
    '/proxy/defaultInboundPolicy',
  ])
  assert.ok(all.some(({ help }) => help.includes(`${policyLine} `) && help.includes('every machine')))
})

test('machines that confirm it are left out, by name where their group is not whole', () => {
  const annotations = { 'config.linkerd.io/opaque-ports': '3306,5432' }
  const some = fleet((document) => {
    if (document.machines[2] !== undefined) document.machines[2].annotations = annotations
  })
  assert.match(found(some, 'annotation-missing')[0]?.help ?? '', /of machine db-1, db-3, and/)
  const none = fleet((document) => {
    document.defaults = { annotations }
  })
  assert.equal(found(none, 'annotation-missing'), [])
  assert.is(found(none, 'annotation-contradicts').length, 0, 'a machine without such ports is not at odds')
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
    validate(document)
      .diagnostics.map(({ code }) => code)
      .filter((code) => code !== 'annotation-missing'),
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

test('each README lists what the objects need, by group where all of it has the same, and nothing where nothing is needed', () => {
  const pages = (document: object) =>
    (generate(document).value ?? [])
      .filter(({ path }) => /^(?!spire|kubernetes)[^/]+\/README\.md$/.test(path))
      .map(({ content }) => String(content))
  const plain = pages(minimalWith())
  assert.is(plain.length, 4)
  for (const page of plain) assert.not.match(page, /Annotations/)
  const text = `- group db:\n  - \`${opaqueLine}\`\n`
  for (const page of pages(fleet())) assert.ok(page.endsWith(text), page.slice(-300))
  const mixed = fleet((document) => {
    if (document.machines[1] !== undefined) document.machines[1].ports = [{ name: 'http', port: 80 }]
    document.proxy.defaultInboundPolicy = 'deny'
  })
  const lines = `  - \`${policyLine}\`\n  - \`${opaqueLine}\`\n`
  const expected = `- db-1:\n  - \`${policyLine}\`\n- db-2:\n${lines}- db-3:\n${lines}- legacy-app:\n  - \`${policyLine}\`\n`
  for (const page of pages(mixed)) assert.ok(page.endsWith(expected), page.slice(-500))
})

test.run()
