/**
 * Bytes that are limited somewhere, at their real values: EC2 refuses a machine over its limit, and a web page loads the whole
 * library. Bytes are no clock, so a test may judge them; `npm run bench` compares the same figures with the design's budgets, and
 * measures what needs a clock. Whoever wins bytes lowers the figure here.
 */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { measureBundle, measureMinimal } from '../../bench/bytes.ts'

const test = suite('budgets of bytes')

/** What EC2 takes, counted before base64. */
const ec2 = 16_384

for (const backend of ['iptables', 'nftables'] as const) {
  test(`user-data of minimal.yaml fits EC2, with ${backend}`, () => {
    const bytes = measureMinimal(`redirect: {backend: ${backend}}\n`)
    assert.ok(bytes > 1000 && bytes <= ec2, `${bytes} bytes`)
  })
}

test('the library is no larger than it was', async () => {
  const { bytes } = await measureBundle()
  assert.ok(bytes > 1000 && bytes <= 155_500, `${bytes} bytes`)
})

test('the bundle that is published is the same library, not minified further', () => {
  const bytes = gzipSync(readFileSync('dist/lib/index.js'), { level: 9 }).length
  assert.ok(bytes > 1000 && bytes <= 175_000, `${bytes} bytes`)
})

test.run()
