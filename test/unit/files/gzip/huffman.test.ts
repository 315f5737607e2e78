import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { assignCodes, measureCodes } from '../../../../lib/files/gzip/huffman.ts'

const test = suite('Huffman codes')

/** 1 where every sequence of bits is a code's: nothing is wasted, and nothing is said twice. */
function addUp(lengths: Uint8Array): number {
  return lengths.reduce((sum, bits) => (bits === 0 ? sum : sum + 2 ** -bits), 0)
}

test('what occurs often is short, what does not occur has no code', () => {
  assert.equal([...measureCodes([8, 4, 0, 2, 1, 1], 15)], [1, 2, 0, 3, 4, 4])
  assert.equal([...measureCodes([0, 5, 0], 15)], [0, 1, 0])
  assert.equal([...measureCodes([0, 0], 15)], [0, 0])
})

test('no code is longer than the limit, and none is wasted', () => {
  const counts = Array.from({ length: 30 }, (_, i) => 2 ** i)
  for (const limit of [5, 7, 15]) {
    const lengths = measureCodes(counts, limit)
    assert.is(Math.max(...lengths), limit)
    assert.is(addUp(lengths), 1)
    for (let i = 1; i < lengths.length; i += 1)
      assert.ok((lengths[i] ?? 0) <= (lengths[i - 1] ?? 0), `${limit}: ${i}`)
  }
})

test('codes are those of the example in RFC 1951, with their bits reversed', () => {
  const codes = assignCodes([3, 3, 3, 3, 3, 2, 4, 4])
  const shown = [...codes].map((code, i) =>
    [...code.toString(2).padStart([3, 3, 3, 3, 3, 2, 4, 4][i] ?? 0, '0')].reverse().join(''),
  )
  assert.equal(shown, ['010', '011', '100', '101', '110', '00', '1110', '1111'])
})

test.run()
