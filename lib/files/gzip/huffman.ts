/**
 * Lengths in bits of the codes of symbols that occur so often, none longer than `limit`, together as short as can be: package
 * merge (Larmore and Hirschberg 1990). A symbol that does not occur has no code, length 0; a single one has one bit.
 */
export function measureCodes(counts: ArrayLike<number>, limit: number): Uint8Array {
  const lengths = new Uint8Array(counts.length)
  const leaves: Coin[] = []
  for (let symbol = 0; symbol < counts.length; symbol += 1) {
    const weight = counts[symbol] ?? 0
    if (weight > 0) leaves.push({ weight, symbols: [symbol] })
  }
  leaves.sort((a, b) => a.weight - b.weight || (a.symbols[0] ?? 0) - (b.symbols[0] ?? 0))
  if (leaves.length === 1) for (const { symbols } of leaves) for (const symbol of symbols) lengths[symbol] = 1
  if (leaves.length < 2) return lengths
  let packages: Coin[] = []
  for (let level = 0; level < limit; level += 1) {
    const row = mergeCoins(leaves, packages)
    packages = []
    for (let i = 0; i + 1 < row.length; i += 2) packages.push(join(row[i] as Coin, row[i + 1] as Coin))
  }
  for (const { symbols } of packages.slice(0, leaves.length - 1))
    for (const symbol of symbols) lengths[symbol] = (lengths[symbol] ?? 0) + 1
  return lengths
}

interface Coin {
  readonly weight: number
  readonly symbols: readonly number[]
}

function join(a: Coin, b: Coin): Coin {
  return { weight: a.weight + b.weight, symbols: [...a.symbols, ...b.symbols] }
}

function mergeCoins(a: readonly Coin[], b: readonly Coin[]): Coin[] {
  const row: Coin[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const left = a[i]
    const right = b[j]
    const takesLeft = right === undefined || (left !== undefined && left.weight <= right.weight)
    row.push((takesLeft ? left : right) as Coin)
    if (takesLeft) i += 1
    else j += 1
  }
  return row
}

/** The codes of such lengths, as RFC 1951 §3.2.2 orders them, with their bits reversed: so they are written. */
export function assignCodes(lengths: ArrayLike<number>): Uint16Array {
  const counts = new Uint16Array(17)
  for (let i = 0; i < lengths.length; i += 1) {
    const bits = lengths[i] ?? 0
    if (bits > 0) counts[bits] = (counts[bits] ?? 0) + 1
  }
  const next = new Uint16Array(17)
  for (let bits = 1; bits < next.length; bits += 1)
    next[bits] = ((next[bits - 1] ?? 0) + (counts[bits - 1] ?? 0)) << 1
  const codes = new Uint16Array(lengths.length)
  for (let i = 0; i < lengths.length; i += 1) {
    const bits = lengths[i] ?? 0
    if (bits === 0) continue
    const code = next[bits] ?? 0
    codes[i] = reverseBits(code, bits)
    next[bits] = code + 1
  }
  return codes
}

function reverseBits(code: number, bits: number): number {
  let reversed = 0
  for (let i = 0; i < bits; i += 1) reversed |= ((code >> i) & 1) << (bits - 1 - i)
  return reversed
}
