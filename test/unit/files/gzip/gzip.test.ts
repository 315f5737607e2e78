import { readFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compress, estimateCompressed } from '../../../../lib/files/gzip/gzip.ts'

const test = suite('gzip')

/** Numbers without chance, from 0 to 2^32. */
function createNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state
  }
}

function bytes(size: number, make: (index: number) => number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => make(index))
}

const next = createNumbers(7)
const words = ['[Service]\n', 'ProtectSystem=strict\n', 'a', '\n', ' ', 'LINKERD2_PROXY_']
const inputs: readonly (readonly [title: string, data: Uint8Array])[] = [
  ['nothing', bytes(0, () => 0)],
  ['one byte', bytes(1, () => 65)],
  ['two bytes', bytes(2, (i) => i)],
  ['three that are alike', bytes(3, () => 65)],
  ['every byte once', bytes(256, (i) => i)],
  ['chance', bytes(5_000, () => next() >>> 24)],
  ['one byte again and again, over many of the longest copies', bytes(20_000, () => 10)],
  [
    'a copy from as far as a copy can be',
    Uint8Array.of(...bytes(300, (i) => i % 251), ...bytes(32_468, () => 0), ...bytes(300, (i) => i % 251)),
  ],
  [
    'a copy from further away',
    Uint8Array.of(...bytes(300, (i) => i % 251), ...bytes(32_469, () => 0), ...bytes(300, (i) => i % 251)),
  ],
  [
    'words',
    new TextEncoder().encode(
      Array.from({ length: 9_000 }, () => words[(next() >>> 16) % words.length]).join(''),
    ),
  ],
  [
    'text, then something else',
    Uint8Array.of(
      ...new TextEncoder().encode('mesh '.repeat(900)),
      ...bytes(3_000, () => 128 + (next() >>> 25)),
    ),
  ],
]

for (const [title, data] of inputs)
  test(`reads back: ${title}`, () => {
    assert.ok(Buffer.from(data).equals(gunzipSync(compress(data))))
  })

test('the estimate is no less than what it comes to, and for text not much more', () => {
  for (const [title, data] of inputs)
    if (/chance|words|text/.test(title)) assert.ok(estimateCompressed(data) >= compress(data).length, title)
  const text = readFileSync(new URL('../../../../templates/mesh-machine/download.sh', import.meta.url))
  assert.ok(estimateCompressed(text) < 1.25 * compress(text).length)
})

test('has no name and no time', () => {
  const file = compress(bytes(3, () => 65))
  assert.equal([...file.slice(0, 10)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3])
})

test('text of ours comes out at least 3 % smaller than by zlib, and the same each time', () => {
  const folder = new URL('../../../../templates/', import.meta.url)
  const files = [
    'systemd/linkerd-proxy.service.hbs',
    'mesh-machine/install.sh',
    'mesh-machine/download.sh',
    'mesh-machine/gate.sh',
    'mesh-machine/failures.yaml',
  ]
  const data = Buffer.concat(files.map((file) => readFileSync(new URL(file, folder))))
  const made = compress(data)
  assert.ok(made.length < 0.97 * gzipSync(data, { level: 9 }).length, `${made.length}`)
  assert.ok(Buffer.from(compress(data)).equals(Buffer.from(made)))
})

test.run()
