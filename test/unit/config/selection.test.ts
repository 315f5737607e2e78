import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createNamespacedSelection, createSelection, objectLabels } from '../../../lib/config/selection.ts'

const test = suite('selection by labels')

const items = [
  { name: 'a', labels: { app: 'web', rack: 'old' }, zone: 'z1' },
  { name: 'b', labels: { app: 'web' } },
  { name: 'c', labels: { app: 'db', rack: 'old' } },
  { name: 'd', labels: {} },
]
const select = createSelection(items, objectLabels<string>)
const names = (selector: Record<string, string>) => select(selector).map(({ name }) => name)

test('all labels of the selector count, in the order of the items', () => {
  assert.equal(names({ app: 'web' }), ['a', 'b'])
  assert.equal(names({ rack: 'old', app: 'web' }), ['a'])
  assert.equal(names({ app: 'web', rack: 'new' }), [])
  assert.equal(names({ toString: 'x' }), [])
})

test('a selector without labels selects nothing', () => {
  assert.equal(names({}), [])
})

test('the zone is a label, which one that is typed replaces', () => {
  assert.equal(names({ 'topology.kubernetes.io/zone': 'z1' }), ['a'])
  assert.equal(objectLabels({ zone: 'z1', labels: { 'topology.kubernetes.io/zone': 'z2' } }), {
    'topology.kubernetes.io/zone': 'z2',
  })
})

test('a selection is of one namespace, in the order of all', () => {
  const all = [
    { name: 'a', namespace: 'n', labels: { app: 'web', tier: 'front' } },
    { name: 'b', namespace: 'n', labels: { app: 'web' } },
    { name: 'c', namespace: 'o', labels: { app: 'web' } },
    { name: 'd', namespace: 'n', labels: {} },
  ]
  const selectIn = createNamespacedSelection(all)
  const named = (namespace: string, selector: Record<string, string>) =>
    selectIn(namespace, selector).map(({ name }) => name)
  assert.equal(named('n', { app: 'web' }), ['a', 'b'])
  assert.equal(named('n', { app: 'web', tier: 'front' }), ['a'])
  assert.equal(named('o', { app: 'web' }), ['c'])
  assert.equal(named('n', { app: 'db' }), [])
  assert.equal(named('n', {}), [])
})

test.run()
