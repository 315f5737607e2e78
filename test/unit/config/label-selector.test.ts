import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isNested, selects } from '../../../lib/config/label-selector.ts'

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

test.run()
