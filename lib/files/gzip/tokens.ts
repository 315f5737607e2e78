import type { Matches } from './matches.ts'
import { distanceCount, distanceTable, endOfBlock, lengthTable, literalCount } from './symbols.ts'

/** What a stream says, step by step: `values[i]` a byte where `distances[i]` is 0, else the length of a copy from there. */
export interface Tokens {
  readonly values: Uint16Array
  readonly distances: Uint16Array
}

/** How often each symbol occurs. */
export interface Counts {
  readonly literals: Float64Array
  readonly distances: Float64Array
}

/** Bits that each symbol costs; those behind it are counted apart. */
export interface Costs {
  readonly literals: ArrayLike<number>
  readonly distances: ArrayLike<number>
}

/** Counts the symbols of some steps, as a block with these alone has them. */
export function countSymbols(tokens: Tokens): Counts {
  const counts = new Float64Array(symbolCount)
  addSymbols(counts, tokens, 0, tokens.values.length, 1)
  return splitCounts(counts)
}

/** Those of a range of steps, again and again: each is the difference of two sums that are kept, and a few steps. */
export function createCounter(tokens: Tokens): (from: number, to: number) => Counts {
  const size = tokens.values.length
  const sums = [new Float64Array(symbolCount)]
  for (let at = 0; at < size; at += sumEvery) {
    const next = Float64Array.from(sums[sums.length - 1] as Float64Array)
    addSymbols(next, tokens, at, Math.min(at + sumEvery, size), 1)
    sums.push(next)
  }
  const countTo = (counts: Float64Array, to: number, sign: 1 | -1) => {
    const place = Math.floor(to / sumEvery)
    const sum = sums[place] as Float64Array
    for (let i = 0; i < symbolCount; i += 1) counts[i] = (counts[i] as number) + sign * (sum[i] as number)
    addSymbols(counts, tokens, place * sumEvery, to, sign)
  }
  return (from, to) => {
    const counts = new Float64Array(symbolCount)
    countTo(counts, to, 1)
    countTo(counts, from, -1)
    return splitCounts(counts)
  }
}

const symbolCount = literalCount + distanceCount
const sumEvery = 128

function addSymbols(counts: Float64Array, tokens: Tokens, from: number, to: number, sign: 1 | -1): void {
  const { values, distances } = tokens
  for (let i = from; i < to; i += 1) {
    const value = values[i] as number
    const distance = distances[i] as number
    const symbol = distance === 0 ? value : (lengthTable.symbols[value] as number)
    counts[symbol] = (counts[symbol] as number) + sign
    if (distance === 0) continue
    const copy = literalCount + (distanceTable.symbols[distance - 1] as number)
    counts[copy] = (counts[copy] as number) + sign
  }
}

function splitCounts(counts: Float64Array): Counts {
  counts[endOfBlock] = 1
  return { literals: counts.subarray(0, literalCount), distances: counts.subarray(literalCount) }
}

/** The bits that a perfect code would need; a symbol that does not occur costs as much as one that occurs once. */
export function estimateCosts({ literals, distances }: Counts): Costs {
  return { literals: estimate(literals), distances: estimate(distances) }
}

function estimate(counts: Float64Array): Float64Array {
  const all = counts.reduce((sum, count) => sum + count, 0)
  const most = Math.log2(Math.max(all, 1))
  return counts.map((count) => (count === 0 ? most : Math.max(most - Math.log2(count), 0)))
}

/** A quick way to say all bytes: the longest copy wherever there is one. */
export function parseGreedily(data: Uint8Array, matches: Matches): Tokens {
  const lengths = new Uint16Array(data.length + 1)
  const distances = new Uint16Array(data.length + 1)
  for (let i = 0; i < data.length; ) {
    const last = (matches.starts[i + 1] as number) - 1
    const hasCopy = last >= (matches.starts[i] as number)
    const length = hasCopy ? (matches.lengths[last] as number) : 1
    i += length
    lengths[i] = length
    distances[i] = hasCopy ? (matches.distances[last] as number) : 0
  }
  return traceBack(data, 0, lengths, distances)
}

/** From this length on only the last lengths of a copy are tried, and so many below the whole. */
const longCopy = 64
const shortOf = 8

/** The cheapest way to say the bytes from `from` to before `to`, if symbols cost so much. */
export function parseCheapest(
  data: Uint8Array,
  matches: Matches,
  costs: Costs,
  from: number,
  to: number,
): Tokens {
  const size = to - from
  const lengthCosts = listLengthCosts(costs)
  const distanceCosts = listDistanceCosts(costs)
  const total = new Float64Array(size + 1).fill(Number.POSITIVE_INFINITY)
  const lengths = new Uint16Array(size + 1)
  const distances = new Uint16Array(size + 1)
  total[0] = 0
  for (let i = 0; i < size; i += 1) {
    const here = total[i] as number
    const literal = here + (costs.literals[data[from + i] as number] as number)
    if (literal < (total[i + 1] as number)) {
      total[i + 1] = literal
      lengths[i + 1] = 1
      distances[i + 1] = 0
    }
    const end = matches.starts[from + i + 1] as number
    for (let k = matches.starts[from + i] as number, length = 3; k < end; k += 1) {
      const distance = matches.distances[k] as number
      const both = here + (distanceCosts[distanceTable.symbols[distance - 1] as number] as number)
      const longest = Math.min(matches.lengths[k] as number, size - i)
      // Of a long copy hardly anything but the whole is worth a try.
      if (longest > longCopy && length < longest - shortOf) length = Math.max(length, longest - shortOf)
      for (; length <= longest; length += 1) {
        const copied = both + (lengthCosts[length] as number)
        if (copied < (total[i + length] as number)) {
          total[i + length] = copied
          lengths[i + length] = length
          distances[i + length] = distance
        }
      }
    }
  }
  return traceBack(data, from, lengths, distances)
}

function traceBack(data: Uint8Array, from: number, lengths: Uint16Array, distances: Uint16Array): Tokens {
  let count = 0
  for (let i = lengths.length - 1; i > 0; i -= lengths[i] as number) count += 1
  const tokens = { values: new Uint16Array(count), distances: new Uint16Array(count) }
  for (let i = lengths.length - 1; i > 0; i -= lengths[i] as number) {
    const distance = distances[i] as number
    count -= 1
    tokens.values[count] = distance === 0 ? (data[from + i - 1] as number) : (lengths[i] as number)
    tokens.distances[count] = distance
  }
  return tokens
}

function listLengthCosts({ literals }: Costs): Float64Array {
  return Float64Array.from(lengthTable.symbols, (symbol) =>
    symbol === 0 ? 0 : (literals[symbol] as number) + (lengthTable.extraBits[symbol - 257] as number),
  )
}

function listDistanceCosts({ distances }: Costs): Float64Array {
  return Float64Array.from(distanceTable.extraBits, (bits, symbol) => (distances[symbol] as number) + bits)
}
