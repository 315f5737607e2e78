import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pointer, pointerTokens, readablePath } from '../../../lib/diagnostics/pointer.ts'

const test = suite('pointers')

test('pointers carry any key there and back', () => {
  const keys = ['a', '', 'a/b~c', '~1', '/', '0', '__proto__', 'é']
  assert.is(pointer('', 'a/b~c', 0), '/a~1b~0c/0')
  assert.equal(pointerTokens(pointer('', ...keys)), keys)
  assert.equal(pointerTokens(''), [])
  assert.is(pointer('/a', '~1'), '/a/~01')
})

test('pointers as people read them', () => {
  assert.is(readablePath(''), 'document')
  assert.is(readablePath('/machines/0/ports/12/name'), 'machines[0].ports[12].name')
  assert.is(readablePath('/groups/a~1b/labels'), 'groups.a/b.labels')
})

test.run()
