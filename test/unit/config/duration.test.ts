import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { goDuration, goSeconds, proxySeconds } from '../../../lib/config/duration.ts'

const test = suite('durations')

test("durations of the proxy and of Go, which are not each other's", () => {
  const proxy = [
    ['250ms', 0.25],
    ['45s', 45],
    ['2m', 120],
    ['1h', 3600],
    ['1d', 86400],
    ['0s', 0],
  ] as const
  for (const [text, seconds] of proxy) assert.is(proxySeconds(text), seconds, text)
  const go = [
    ['48h', 172800],
    ['1h30m', 5400],
    ['90m', 5400],
    ['1h0m1s', 3601],
    ['10s', 10],
    ['0h', 0],
  ] as const
  for (const [text, seconds] of go) assert.is(goSeconds(text), seconds, text)
  assert.is(goDuration(172800), '48h')
  assert.is(goDuration(5400), '1h30m')
  assert.is(goDuration(2400), '40m')
  assert.is(goDuration(20), '20s')
})

test.run()
