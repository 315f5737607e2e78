/** Deflate's symbols: a literal or the end of a block, a length, a distance (RFC 1951 §3.2.5). */
export const endOfBlock = 256
export const literalCount = 286
export const distanceCount = 30

/** For each length (index) or distance: its symbol, how many bits follow, and the least value that the symbol stands for. */
interface Table {
  readonly symbols: Uint16Array
  readonly extraBits: Uint8Array
  readonly bases: Uint16Array
}

/** `lengthTable.symbols[length]`; `extraBits` and `bases` by `symbol - 257`. */
export const lengthTable: Table = createLengths()
/** `distanceTable.symbols[distance - 1]`; the others by symbol. */
export const distanceTable: Table = createDistances()

function createLengths(): Table {
  const extraBits = Uint8Array.from({ length: 29 }, (_, i) => (i < 8 || i === 28 ? 0 : (i - 4) >> 2))
  const table = createTable(extraBits, 3, 259, 257)
  // The longest has a symbol of its own, although the one before could say it.
  table.symbols[258] = 285
  table.bases[28] = 258
  return table
}

function createDistances(): Table {
  const extraBits = Uint8Array.from({ length: 30 }, (_, i) => (i < 2 ? 0 : (i - 2) >> 1))
  const table = createTable(extraBits, 0, 32_768, 0)
  return table
}

function createTable(extraBits: Uint8Array, first: number, end: number, firstSymbol: number): Table {
  const symbols = new Uint16Array(end)
  const bases = new Uint16Array(extraBits.length)
  let value = first
  extraBits.forEach((bits, index) => {
    bases[index] = value
    for (const next = value + 2 ** bits; value < next && value < end; value += 1)
      symbols[value] = firstSymbol + index
  })
  return { symbols, extraBits, bases }
}
