import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { escapeMarkdown, escapeMarkdownCode } from '../../../lib/escape/markdown.ts'
import { isRefusal, options, text } from './text.ts'

const test = suite('Markdown')

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
