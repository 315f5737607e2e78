import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { suggestWord } from '../../../lib/diagnostics/suggestion.ts'

const test = suite('suggestions')

test('the nearest word, if it is near enough', () => {
  const words = ['iptables', 'nftables', 'machines', 'uid']
  assert.is(suggestWord('iptable', words), 'iptables')
  assert.is(suggestWord('NFTABLES', words), 'nftables')
  assert.is(suggestWord('machnies', words), 'machines')
  assert.is(suggestWord('gid', words), 'uid')
  assert.is(suggestWord('firewalld', words), undefined)
  assert.is(suggestWord('', []), undefined)
  assert.is(suggestWord('iptables'.repeat(10_000), words), undefined)
})

test.run()
