import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { wrapMultipart } from '../../../../lib/targets/cloud-init/multipart.ts'
import { userData } from '../output.ts'

const test = suite('multi-part messages')

test('multi-part: one part, its content untouched', () => {
  const message = String(userData({ multipart: true }))
  const boundary =
    /^Content-Type: multipart\/mixed; boundary="([^"]+)"\nMIME-Version: 1\.0\n\n/.exec(message)?.[1] ?? ''
  const [preamble = '', part = '', end = ''] = message.split(`--${boundary}`)
  assert.is(message.split(`--${boundary}`).length, 3)
  assert.ok(preamble.endsWith('\n\n'))
  assert.is(end, '--\n')
  const split = part.indexOf('\n\n')
  const headers = part.slice(1, split).split('\n')
  assert.ok(headers.includes('Content-Type: text/cloud-config; charset="us-ascii"'))
  assert.ok(headers.includes('Content-Transfer-Encoding: 7bit'))
  // The line feed before a boundary belongs to the boundary (RFC 2046, 5.1.1).
  assert.is(part.slice(split + 2).replace(/\n$/, ''), userData(undefined))
})

test('a boundary that the text contains is not used', () => {
  const inside = wrapMultipart('a\n--meshjoin-boundary\nb\n--meshjoin-boundary-1--\n')
  assert.match(inside, /^Content-Type: multipart\/mixed; boundary="meshjoin-boundary-2"\n/)
})

test('7bit and us-ascii are true of every part', () => {
  assert.match(String(userData({ multipart: true })), /^[\n -~]*$/)
})

test.run()
