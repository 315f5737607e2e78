import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { EscapeError } from '../../../lib/escape/refusal.ts'
import { factor, hostileText, seed } from '../../property/hostile.ts'

/** How often a property is tried. */
export const options = { seed, numRuns: Math.ceil(1000 * factor) }

/** Any value that somebody could type. */
export const text = hostileText('value')

export function isRefusal(error: unknown): boolean {
  return error instanceof EscapeError
}

/** Holds an escaper that checks alone to it: what comes out is what went in, on one line, and made of `allowed`. */
export function assertHandsOn(check: (value: string) => string, allowed: RegExp): void {
  let taken = 0
  const known = fc.string({ unit: fc.constantFrom(...'a0.:/,@+-~_ %$\n') })
  fc.assert(
    fc.property(fc.oneof(text, known), (value) => {
      try {
        assert.is(check(value), value)
      } catch (error) {
        return assert.ok(isRefusal(error) && (!allowed.test(value) || value.includes('\n')))
      }
      taken++
      assert.match(value, allowed)
      assert.not.match(value, /[\n\r]/)
    }),
    options,
  )
  assert.ok(taken > 0)
}
