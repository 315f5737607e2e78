import { suite } from 'uvu'
import { checkRuleComment, checkRuleWord } from '../../../lib/escape/rule.ts'
import { assertHandsOn } from './text.ts'

const test = suite('rule files')

/** Escapers that check alone: what comes out is what went in, and made of these characters. */
const checks = [
  ['rule word', checkRuleWord, /^[\w.:/,@+-]+$/],
  ['rule comment', checkRuleComment, /^[ -~]*$/],
] as const

for (const [name, check, allowed] of checks) {
  test(`a ${name} is handed on as it is, or refused`, () => assertHandsOn(check, allowed))
}

test.run()
