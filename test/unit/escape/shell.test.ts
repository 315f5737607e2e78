import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { escapeShellWord } from '../../../lib/escape/shell.ts'
import { fragments, seed } from '../../property/hostile.ts'
import { readAssignments, readWord } from '../../property/readers.ts'
import { isRefusal, options, text } from './text.ts'

const test = suite('shell words')

test('a shell word is read back by a reader of our own', () => {
  fc.assert(
    fc.property(text, (value) => {
      if (value.includes('\0')) return assert.throws(() => escapeShellWord(value), isRefusal)
      assert.is(readWord(escapeShellWord(value)), value)
      assert.is(readAssignments(`X=${escapeShellWord(value)}\n`).get('X'), value)
    }),
    options,
  )
})

test('a shell word is read back by /bin/sh', () => {
  const values = fc
    .sample(text, { seed, numRuns: 400 })
    .concat(fragments)
    .filter((value) => !value.includes('\0') && !/\p{Surrogate}/u.test(value))
  const script = values.map((value) => `X=${escapeShellWord(value)}\nprintf '%s\\0' "$X"\n`).join('')
  const { stdout, status } = spawnSync('/bin/sh', ['-eu'], { input: script, encoding: 'utf8' })
  assert.is(status, 0)
  const back = stdout.split('\0').slice(0, -1)
  assert.is(back.length, values.length)
  for (const [index, value] of values.entries()) assert.is(back[index], value)
})

test.run()
