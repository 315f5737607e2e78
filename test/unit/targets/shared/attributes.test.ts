import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { minimalWith } from '../../plan/document.ts'
import { made } from '../output.ts'

const test = suite('.gitattributes')

test('the output tells git to leave line ends alone, once and whatever the targets', () => {
  for (const targets of [['ansible', 'cloud-init', 'systemd'], ['systemd']]) {
    const [first, ...others] = made(minimalWith(), { targets })
    assert.is(first?.path, '.gitattributes')
    assert.match(String(first?.content), /^\* -text$/m)
    assert.not.ok(others.some(({ path }) => path.endsWith('.gitattributes')))
  }
  assert.equal(made(minimalWith(), { targets: [] }), [])
})

test.run()
