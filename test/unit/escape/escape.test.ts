import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkEnvironmentName, escapeEnvironmentValue } from '../../../lib/escape/environment-file.ts'
import { escapeMarkdown, escapeMarkdownCode } from '../../../lib/escape/markdown.ts'
import { EscapeError } from '../../../lib/escape/refusal.ts'
import { checkRuleComment, checkRuleWord } from '../../../lib/escape/rule.ts'
import { escapeShellWord } from '../../../lib/escape/shell.ts'
import {
  checkResolvedValue,
  checkSysusersField,
  checkUnitName,
  checkUnitNumber,
  escapeExecArgument,
  escapeUnitText,
  escapeUnitWord,
} from '../../../lib/escape/unit.ts'
import { factor, fragments, hostileText, seed } from '../../property/hostile.ts'
import { readAssignments, readEnvironment, readUnitWord, readWord } from '../../property/readers.ts'

const options = { seed, numRuns: Math.ceil(1000 * factor) }
const text = hostileText('value')

const test = suite('escapers')

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
  ['unit number', checkUnitNumber, /^\d+$/],
  ['sysusers field', checkSysusersField, /^[\w./:-]+$/],
  ['resolved.conf value', checkResolvedValue, /^~?[\w.:-]+$/],
  ['rule word', checkRuleWord, /^[\w.:/,@+-]+$/],
  ['rule comment', checkRuleComment, /^[ -~]*$/],
] as const

for (const [name, check, allowed] of checks) {
  test(`a ${name} is handed on as it is, or refused`, () => {
    let taken = 0
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: fc.constantFrom(...'a0.:/,@+-~_ %$\n') })), (value) => {
        try {
          assert.is(check(value), value)
        } catch (error) {
          return assert.ok(
            isRefusal(error) && !(allowed.test(value) && name !== 'unit number' && !value.includes('\n')),
          )
        }
        taken++
        assert.match(value, allowed)
        assert.not.match(value, /[\n\r]/)
      }),
      options,
    )
    assert.ok(taken > 0)
  })
}

test('Markdown shows text as it is, and code as it is', () => {
  fc.assert(
    fc.property(text, (value) => {
      const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/.test(value)
      if (controls) {
        assert.throws(() => escapeMarkdown(value), isRefusal)
        assert.throws(() => escapeMarkdownCode(value), isRefusal)
        return
      }
      const shown = escapeMarkdown(value)
      assert.is(shown.replace(/\\([!-/:-@[-`{-~])/g, '$1'), value)
      assert.not.match(shown.replace(/\\./g, ''), /[`*_[\]<>|{}]/)
      const [, fence = '', inner = ''] = /^(`+)(.*)\1$/s.exec(escapeMarkdownCode(value)) ?? []
      const unpadded = /^ `|` $/.test(inner) ? inner.slice(1, -1) : inner
      assert.is(unpadded.split('\\|').join('|'), value)
      assert.not.ok(inner.match(/`+/g)?.some((run) => run.length === fence.length))
    }),
    options,
  )
})

test.run()

function isRefusal(error: unknown): boolean {
  return error instanceof EscapeError
}
