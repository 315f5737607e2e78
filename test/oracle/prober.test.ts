/** What a prober of two thousand machines takes of memory. Of the processor only `npm run bench` tells, since that needs a clock. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { measureLoad } from '../prober/support/load.ts'

const test = suite('the prober and two thousand machines')

test('all of them become ready, and it stays under 200 MB', async () => {
  const { bytes } = await measureLoad(2000, 20)
  assert.ok(bytes > 40e6 && bytes < 200e6, `${bytes} bytes`)
})

test.run()
