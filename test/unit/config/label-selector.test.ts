import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createSelection, isNested, selects } from '../../../lib/config/label-selector.ts'

const test = suite('label selectors')

test('all labels have to be there, with their values', () => {
  assert.ok(selects({ app: 'a' }, { app: 'a', tier: 'front' }))
  assert.not.ok(selects({ app: 'a', tier: 'back' }, { app: 'a', tier: 'front' }))
  assert.not.ok(selects({ app: 'a' }, {}))
  assert.not.ok(selects({ app: 'a' }))
})

test('a selector without labels selects nothing, and no inherited property is a label', () => {
  assert.not.ok(selects({}, { app: 'a' }))
  assert.not.ok(selects({ constructor: 'a' }, {}))
})

test('nested is what one of both selects whole', () => {
  assert.ok(isNested({ app: 'a' }, { app: 'a', tier: 'front' }))
  assert.ok(isNested({ app: 'a', tier: 'front' }, { app: 'a' }))
  assert.not.ok(isNested({ app: 'a' }, { tier: 'front' }), 'an object may have both, or not')
})

test('a selection is of one namespace, in the order of all', () => {
  const all = [
    { name: 'a', namespace: 'n', labels: { app: 'web', tier: 'front' } },
    { name: 'b', namespace: 'n', labels: { app: 'web' } },
    { name: 'c', namespace: 'o', labels: { app: 'web' } },
    { name: 'd', namespace: 'n', labels: {} },
  ]
  const select = createSelection(all)
  const names = (namespace: string, selector: Record<string, string>) =>
    select(namespace, selector).map(({ name }) => name)
  assert.equal(names('n', { app: 'web' }), ['a', 'b'])
  assert.equal(names('n', { app: 'web', tier: 'front' }), ['a'])
  assert.equal(names('o', { app: 'web' }), ['c'])
  assert.equal(names('n', { app: 'db' }), [])
  assert.equal(names('n', {}), [])
})

test.run()
