import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readCases } from './support/cases.ts'

const test = suite('what the readers are asked about')

test('every document is generated, the golden cases minimal and four more among them', () => {
  const { documents, refused } = readCases()
  assert.is(refused.join('\n'), '')
  assert.ok(documents.includes('golden/minimal'), documents.join(' '))
  const golden = documents.filter((name) => name.startsWith('golden/'))
  assert.ok(golden.length >= 5, `only ${golden.join(' ')}`)
})

test.run()
