import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  checkResolvedValue,
  checkSysusersField,
  checkUnitName,
  checkUnitNumber,
  escapeExecArgument,
  escapeUnitText,
  escapeUnitWord,
} from '../../../lib/escape/unit.ts'
import { readUnitWord } from '../../property/readers.ts'
import { assertHandsOn, isRefusal, options, text } from './text.ts'

const test = suite('unit files')

test('a quoted word of a unit is read back, or refused', () => {
  fc.assert(
    fc.property(text, (value) => {
      if (value.includes('\0')) return assert.throws(() => escapeUnitWord(value), isRefusal)
      const word = escapeUnitWord(value)
      assert.not.match(word, /[\n\r\0]/)
      assert.is(readUnitWord(word), value)
    }),
    options,
  )
})

test('an argument of ExecStart= doubles dollars and is a quoted word otherwise', () => {
  fc.assert(
    fc.property(text, (value) => {
      if (value.includes('\0')) return assert.throws(() => escapeExecArgument(value), isRefusal)
      const word = escapeExecArgument(value)
      assert.is((word.match(/\$/g) ?? []).length, 2 * (value.match(/\$/g) ?? []).length)
      assert.is(readUnitWord(word).split('$$').join('$'), value)
    }),
    options,
  )
})

test('text of a unit is one line, with its percent signs doubled', () => {
  fc.assert(
    fc.property(text, (value) => {
      let line: string
      try {
        line = escapeUnitText(value)
      } catch (error) {
        assert.ok(isRefusal(error))
        assert.ok(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/.test(value) || /^ |[\\ ]$/.test(value))
        return
      }
      assert.not.match(line, /[\n\r\0]/)
      assert.not.match(line, /\\$/)
      assert.is(line.split('%%').join('%'), value)
    }),
    options,
  )
})

/** Escapers that check alone: what comes out is what went in, and made of these characters. */
const checks = [
  ['unit name', checkUnitName, /^[\w./@:+-]+$/],
  ['unit number', checkUnitNumber, /^(0|[1-9]\d{0,15})$/],
  ['sysusers field', checkSysusersField, /^[\w./:-]+$/],
  ['resolved.conf value', checkResolvedValue, /^~?[\w.:-]+$/],
] as const

for (const [name, check, allowed] of checks) {
  test(`a ${name} is handed on as it is, or refused`, () => assertHandsOn(check, allowed))
}

test.run()
