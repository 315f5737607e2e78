import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { measureUserData } from '../../../../lib/index.ts'
import { compressUserData, countUserData, platforms } from '../../../../lib/targets/cloud-init/platform.ts'

const test = suite('platforms')

/** Bytes that a platform takes, written down from its documentation a second time. */
const limits: Readonly<Record<string, number | undefined>> = {
  ec2: 16 * 1024,
  gce: 256 * 1024,
  azure: 64 * 1024 - 1,
  openstack: 64 * 1024 - 1,
  digitalocean: 64 * 1024,
  hetzner: 32 * 1024,
  oci: 32_000,
  vsphere: 512 * 1024,
  nocloud: undefined,
}

test('each platform has its limit', () => {
  assert.equal(
    Object.fromEntries(Object.entries(platforms).map(([name, { limit }]) => [name, limit])),
    limits,
  )
})

test('sizes are counted as each platform counts: bytes, or base64 text', () => {
  const text = `#cloud-config\n${'é'.repeat(3000)}\n`
  const bytes = Buffer.byteLength(text)
  assert.is(bytes, 6015)
  const packed = compressUserData(text, undefined)
  assert.ok(packed instanceof Uint8Array)
  const base64 = (size: number) => Math.ceil(size / 3) * 4
  for (const size of measureUserData(text)) {
    const counted = ['openstack', 'oci'].includes(size.platform)
    assert.is(size.plain, counted ? base64(bytes) : bytes, size.platform)
    const expected = {
      digitalocean: undefined,
      gce: base64(packed.length),
      hetzner: base64(packed.length),
      openstack: base64(packed.length),
      oci: base64(packed.length),
    }
    const compressed =
      size.platform in expected ? expected[size.platform as keyof typeof expected] : packed.length
    assert.is(size.compressed, compressed, size.platform)
    assert.is(size.limit, limits[size.platform])
  }
})

test('the limit itself fits, one byte more does not', () => {
  const fits = (platform: string, size: number) =>
    measureUserData('x'.repeat(size)).find((found) => found.platform === platform)?.fits
  assert.is(fits('digitalocean', 65_536), 'plain')
  assert.is(fits('digitalocean', 65_537), 'not')
  assert.is(fits('ec2', 16_384), 'plain')
  assert.is(fits('ec2', 16_385), 'compressed')
  // 24,000 bytes are 32,000 of base64.
  assert.is(fits('oci', 24_000), 'plain')
  assert.is(fits('oci', 24_001), 'compressed')
  assert.is(fits('nocloud', 2_000_000), 'plain')
  assert.is(countUserData('oci', new Uint8Array(24_001)), 32_004)
})

test.run()
