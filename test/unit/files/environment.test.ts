import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { printEnvironment } from '../../../lib/files/environment.ts'
import { literalNotation } from '../../../lib/plan/value.ts'

const test = suite('environment')

test('an environment entry of an impossible name or value is refused, not repaired', () => {
  const print = (name: string, value: string, kind: 'line' | 'pem' = 'line') =>
    printEnvironment([], [{ name, value: [value], kind }], literalNotation)
  assert.is(print('A', 'b c'), "A='b c'\n")
  assert.throws(() => print('a', 'b'))
  assert.throws(() => print('A', "it's"))
  assert.throws(() => print('A', 'two\nlines'))
  assert.is(print('A', 'two\nlines', 'pem'), "A='two\nlines'\n")
})

test.run()
