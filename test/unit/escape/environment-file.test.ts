import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkEnvironmentName, escapeEnvironmentValue } from '../../../lib/escape/environment-file.ts'
import { readEnvironment } from '../../property/readers.ts'
import { isRefusal, options, text } from './text.ts'

const test = suite('environment files')

test('a value of an environment file is read back, or refused', () => {
  fc.assert(
    fc.property(text, (value) => {
      const taken = /^[ -~]*$/.test(value) && !/['\\]/.test(value)
      if (!taken) return assert.throws(() => escapeEnvironmentValue(value), isRefusal)
      assert.is(readEnvironment(`X=${escapeEnvironmentValue(value)}\n`).get('X'), value)
    }),
    options,
  )
})

test('PEM may have line feeds in an environment file, and nothing else more', () => {
  const pem = '-----BEGIN CERTIFICATE-----\nMIIB+/=\n-----END CERTIFICATE-----\n'
  assert.is(readEnvironment(`X=${escapeEnvironmentValue(pem, true)}\n`).get('X'), pem)
  assert.throws(() => escapeEnvironmentValue(pem), isRefusal)
  for (const bad of ["a\n'b", 'a\rb', 'a\\\nb', 'a\0b', 'é\n'])
    assert.throws(() => escapeEnvironmentValue(bad, true), isRefusal)
})

test('a name of an environment file is one that systemd takes', () => {
  for (const name of ['A', '_A', 'LINKERD2_PROXY_LOG', 'A0']) assert.is(checkEnvironmentName(name), name)
  for (const name of ['', 'a', '0A', 'A-B', 'A B', 'A=', 'A\n', 'Ä'])
    assert.throws(() => checkEnvironmentName(name), isRefusal)
})

test.run()
