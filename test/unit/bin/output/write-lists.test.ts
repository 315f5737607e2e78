import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as assert from 'uvu/assert'
import { writeArtifacts } from '../../../../bin/output/write.ts'
import type { Artifact } from '../../../../lib/artifact.ts'

import { out, put, write, writerSuite } from './writer.ts'

const test = writerSuite('write: names and sizes')

test('names of every kind survive', () => {
  const files = {
    'a b/ü😀': '1',
    'quote"\n/x': '2',
    '-rf': '3',
    '…': '4',
    '.hidden/.x': '5',
    'a:b@c.service': '6',
  }
  assert.ok(write(files).ok)
  assert.ok(write(files, { check: true }).ok)
  assert.ok(write({}).ok)
  assert.equal(readdirSync(out), ['.meshjoin.json'])
})

test('lists are cut, counts are not', () => {
  const names = Array.from({ length: 300 }, (_, index) => `f${String(index).padStart(3, '0')}`)
  for (const name of names) put(name, 'mine')
  const { conflicts } = write(Object.fromEntries(names.map((name) => [name, 'x'])))
  assert.is(conflicts.count, 300)
  assert.is(conflicts.first.length, 200)
})

test('large contents are compared and written whole', () => {
  const large = Buffer.alloc(3_000_000, 'abcdefg')
  assert.ok(write({ a: { content: large }, b: 'x' }).ok)
  assert.ok(readFileSync(join(out, 'a')).equals(large))
  assert.is(write({ a: { content: large }, b: 'x' }).unchanged.count, 2)
  for (const size of [65_535, 65_536, 65_537, 131_072]) {
    const part = large.subarray(0, size)
    assert.ok(write({ a: { content: part } }).ok)
    assert.ok(write({ a: { content: part } }, { check: true }).ok, String(size))
  }
})

test('memory does not grow with the number of artifacts', () => {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('no garbage collector')
  const used = () => {
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const samples: number[] = []
  const total = 50_000
  const many = function* (): Generator<Artifact> {
    for (let index = 0; index < total; index++) {
      if (index === 5_000 || index === total - 1) samples.push(used())
      const name = String(index).padStart(6, '0')
      yield {
        path: `machines/m${name.slice(0, 4)}/a-rather-long-file-name-${name}`,
        mode: 0o644,
        content: name,
        sensitive: false,
      }
    }
  }
  // New, unchanged, and everything stale: the last reads 50,000 entries for each artifact.
  assert.is(writeArtifacts(out, many, { version: '1' }).written.count, total)
  assert.is(writeArtifacts(out, many, { version: '1' }).unchanged.count, total)
  assert.ok(writeArtifacts(out, many, { version: '2' }).ok)
  assert.is(samples.length, 10)
  for (let index = 0; index < samples.length; index += 2) {
    const growth = (samples[index + 1] ?? 0) - (samples[index] ?? 0)
    // 45,000 paths alone would be more than 4 MB.
    assert.ok(growth < 1_500_000, `pass ${index / 2}: ${growth} bytes`)
  }
  assert.is(write({}).removed.count, total)
  assert.equal(readdirSync(out), ['.meshjoin.json'])
})

test.run()
