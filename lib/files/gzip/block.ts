import type { BitWriter } from './bits.ts'
import { assignCodes, measureCodes } from './huffman.ts'
import { distanceTable, endOfBlock, lengthTable } from './symbols.ts'
import { type Counts, countSymbols, type Tokens } from './tokens.ts'

/** Codes of a block of its own ("dynamic", RFC 1951 §3.2.7): lengths in bits by symbol. */
export interface Codes {
  readonly literals: Uint8Array
  readonly distances: Uint8Array
}

/** The order in which the lengths of the codes for lengths stand. */
const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const
/** Bits behind the symbols for runs: the same length again, few zeros, many zeros. */
const runBits: Readonly<Record<number, number>> = { 16: 2, 17: 3, 18: 7 }

export function chooseCodes({ literals, distances }: Counts): Codes {
  // Some readers want two codes for distances, whether or not there are any.
  const used = distances.filter((count) => count > 0).length
  const padded =
    used > 1 ? distances : distances.map((count, symbol) => (symbol < 2 ? Math.max(count, 1) : count))
  return { literals: measureCodes(literals, 15), distances: measureCodes(padded, 15) }
}

/** Size of a block in bits. */
export function measureBlock(counts: Counts, codes: Codes): number {
  return (
    3 +
    measureHeader(chooseHeader(codes)) +
    measureSymbols(counts.literals, codes.literals, lengthBits) +
    measureSymbols(counts.distances, codes.distances, distanceBits)
  )
}

/** About the size of a block in bits: quick, for choosing where one ends. */
export function estimateBlock({ literals, distances }: Counts): number {
  return 80 + estimateSymbols(literals, lengthBits) + estimateSymbols(distances, distanceBits)
}

/** Bits by a perfect code, and some for each symbol that has a code and for each gap between them. */
function estimateSymbols(counts: Float64Array, extraBits: (symbol: number) => number): number {
  let all = 0
  let bits = 0
  let wasUsed = true
  for (let symbol = 0; symbol < counts.length; symbol += 1) {
    const count = counts[symbol] as number
    if (count > 0) {
      all += count
      bits += count * (extraBits(symbol) - Math.log2(count)) + 3
    } else if (wasUsed) bits += 6
    wasUsed = count > 0
  }
  return all === 0 ? bits : bits + all * Math.log2(all)
}

function lengthBits(symbol: number): number {
  return symbol < 257 ? 0 : (lengthTable.extraBits[symbol - 257] ?? 0)
}

function distanceBits(symbol: number): number {
  return distanceTable.extraBits[symbol] ?? 0
}

function measureSymbols(
  counts: Float64Array,
  lengths: ArrayLike<number>,
  extraBits: (symbol: number) => number,
): number {
  let sum = 0
  for (let symbol = 0; symbol < counts.length; symbol += 1) {
    const count = counts[symbol] as number
    if (count > 0) sum += count * ((lengths[symbol] as number) + extraBits(symbol))
  }
  return sum
}

export function writeBlock(bits: BitWriter, tokens: Tokens, isLast: boolean): void {
  const lengths = chooseCodes(countSymbols(tokens))
  bits.write(isLast ? 1 : 0, 1)
  bits.write(2, 2)
  writeHeader(bits, chooseHeader(lengths))
  const codes = { literals: assignCodes(lengths.literals), distances: assignCodes(lengths.distances) }
  const writeSymbol = (kind: 'literals' | 'distances', symbol: number) =>
    bits.write(codes[kind][symbol] as number, lengths[kind][symbol] as number)
  tokens.values.forEach((value, i) => {
    const distance = tokens.distances[i] as number
    if (distance === 0) {
      writeSymbol('literals', value)
      return
    }
    const length = lengthTable.symbols[value] as number
    writeSymbol('literals', length)
    bits.write(
      value - (lengthTable.bases[length - 257] as number),
      lengthTable.extraBits[length - 257] as number,
    )
    const symbol = distanceTable.symbols[distance - 1] as number
    writeSymbol('distances', symbol)
    bits.write(
      distance - 1 - (distanceTable.bases[symbol] as number),
      distanceTable.extraBits[symbol] as number,
    )
  })
  writeSymbol('literals', endOfBlock)
}

/** The codes of a block, as they stand before it. */
interface Header {
  readonly literalCount: number
  readonly distanceCount: number
  /** Symbol, and for a run how long it is beyond the shortest. */
  readonly runs: readonly (readonly [symbol: number, extra: number])[]
  readonly lengths: Uint8Array
}

/** The shortest of those with and without each kind of run: a kind costs a code that may not pay. */
function chooseHeader(codes: Codes): Header {
  const headers = [0, 1, 2, 3, 4, 5, 6, 7].map((kinds) => createHeader(codes, kinds))
  return headers.reduce((best, header) => (measureHeader(header) < measureHeader(best) ? header : best))
}

/** `kinds`: a bit for each kind of run that it may use. */
function createHeader(codes: Codes, kinds: number): Header {
  const literalCount = Math.max(countUsed(codes.literals), 257)
  const distanceCount = Math.max(countUsed(codes.distances), 1)
  const all = [...codes.literals.subarray(0, literalCount), ...codes.distances.subarray(0, distanceCount)]
  const runs = listRuns(all, (kinds & 1) > 0, (kinds & 2) > 0, (kinds & 4) > 0)
  const counts = new Float64Array(19)
  for (const [symbol] of runs) counts[symbol] = (counts[symbol] ?? 0) + 1
  return { literalCount, distanceCount, runs, lengths: measureCodes(counts, 7) }
}

function countUsed(lengths: Uint8Array): number {
  let count = lengths.length
  while (count > 0 && lengths[count - 1] === 0) count -= 1
  return count
}

function listRuns(
  all: readonly number[],
  repeats: boolean,
  fewZeros: boolean,
  manyZeros: boolean,
): (readonly [number, number])[] {
  const runs: (readonly [number, number])[] = []
  for (let i = 0; i < all.length; ) {
    const length = all[i] as number
    let count = 1
    while (all[i + count] === length) count += 1
    i += count
    while (length === 0 && manyZeros && count >= 11) {
      const taken = Math.min(count, 138)
      runs.push([18, taken - 11])
      count -= taken
    }
    while (length === 0 && fewZeros && count >= 3) {
      const taken = Math.min(count, 10)
      runs.push([17, taken - 3])
      count -= taken
    }
    if (repeats && count >= 4) {
      runs.push([length, 0])
      count -= 1
      while (count >= 3) {
        const taken = Math.min(count, 6)
        runs.push([16, taken - 3])
        count -= taken
      }
    }
    for (; count > 0; count -= 1) runs.push([length, 0])
  }
  return runs
}

function countOrdered({ lengths }: Header): number {
  let count = order.length
  while (count > 4 && lengths[order[count - 1] as number] === 0) count -= 1
  return count
}

function measureHeader(header: Header): number {
  const { runs, lengths } = header
  return runs.reduce(
    (sum, [symbol]) => sum + (lengths[symbol] ?? 0) + (runBits[symbol] ?? 0),
    14 + 3 * countOrdered(header),
  )
}

function writeHeader(bits: BitWriter, header: Header): void {
  const { literalCount, distanceCount, runs, lengths } = header
  const count = countOrdered(header)
  bits.write(literalCount - 257, 5)
  bits.write(distanceCount - 1, 5)
  bits.write(count - 4, 4)
  for (const symbol of order.slice(0, count)) bits.write(lengths[symbol] as number, 3)
  const codes = assignCodes(lengths)
  for (const [symbol, extra] of runs) {
    bits.write(codes[symbol] as number, lengths[symbol] as number)
    bits.write(extra, runBits[symbol] ?? 0)
  }
}
