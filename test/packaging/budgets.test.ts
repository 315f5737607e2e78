/**
 * Bytes that are limited somewhere, at their real values: EC2 refuses a machine over its limit, and a web page loads the whole
 * library. Bytes are no clock, so a test may judge them; `npm run bench` compares the same figures with the design's budgets, and
 * measures what needs a clock. Whoever wins bytes lowers the figure here.
 */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { measureBundle, measureMinimal, twoOfEach } from '../../bench/bytes.ts'

const test = suite('budgets of bytes')

/** User-data as EC2 counts, of 16,384 bytes: a user's own part has to fit beside it. */
for (const backend of ['iptables', 'nftables'] as const) {
  const redirect = `redirect: {backend: ${backend}}\n`
  test(`user-data of minimal.yaml leaves room on EC2, with ${backend}`, () => {
    const bytes = measureMinimal(redirect)
    assert.ok(bytes > 1000 && bytes <= 14_800, `${bytes} bytes`)
  })

  test(`so it does while anchors are exchanged, for both architectures, with ${backend}`, () => {
    const bytes = measureMinimal(redirect, twoOfEach)
    assert.ok(bytes > 1000 && bytes <= 15_700, `${bytes} bytes`)
  })
}

for (const [way, layer, budget] of [
  ['fetched', '{from: fetch, url: "https://files.example.com/{sha256}.tar.gz"}', 2560],
  ['in the image', '{from: baked}', 2048],
] as const)
  test(`user-data of minimal.yaml is small where the mesh layer is ${way}`, () => {
    const bytes = measureMinimal('', undefined, layer)
    assert.ok(bytes > 500 && bytes <= budget, `${bytes} bytes`)
  })

test('the library is no larger than it was', async () => {
  const { bytes } = await measureBundle()
  assert.ok(bytes > 1000 && bytes <= 265_500, `${bytes} bytes`)
})

test('the bundle that is published is the same library, not minified further', () => {
  const bytes = gzipSync(readFileSync('dist/lib/index.js'), { level: 9 }).length
  assert.ok(bytes > 1000 && bytes <= 288_500, `${bytes} bytes`)
})

test.run()
