import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readText, renderTemplate } from '../../../lib/files/template.ts'

const test = suite('templates')

test('a template gets whole data or throws; a name that is none throws', () => {
  assert.throws(() => renderTemplate('sysusers.conf.hbs', {}))
  assert.throws(() => renderTemplate('toString', {}), /there is no template/)
  assert.throws(() => renderTemplate('mesh-machine.sh', {}), /there is no template/)
  assert.throws(() => readText('sysusers.conf.hbs'), /there is no text/)
  assert.match(readText('mesh-machine.sh'), /^#!\/bin\/sh\n/)
})

test.run()
