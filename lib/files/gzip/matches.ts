/** Deflate's limits, RFC 1951 §3.2.5. */
const minLength = 3
const maxLength = 258
const windowSize = 32_768
/** Positions with the same three bytes that are looked at; text of ours has far fewer. */
const allCandidates = 512

/**
 * The copies that could stand at a position: `lengths` ascending, `distances[i]` the shortest distance that gives `lengths[i]`.
 * All positions share two arrays; those of position `p` are from `starts[p]` to before `starts[p + 1]`.
 */
export interface Matches {
  readonly starts: Uint32Array
  readonly lengths: Uint16Array
  readonly distances: Uint16Array
}

/** Finds, for each position, every copy for which no other is both longer and nearer, among so many of the nearest. */
export function findMatches(data: Uint8Array, maxChain = allCandidates): Matches {
  const starts = new Uint32Array(data.length + 1)
  const lengths: number[] = []
  const distances: number[] = []
  const head = new Map<number, number>()
  const previous = new Int32Array(data.length).fill(-1)
  for (let position = 0; position < data.length; position += 1) {
    starts[position] = lengths.length
    if (position + minLength > data.length) continue
    const key = at(data, position) | (at(data, position + 1) << 8) | (at(data, position + 2) << 16)
    previous[position] = head.get(key) ?? -1
    head.set(key, position)
    const most = Math.min(maxLength, data.length - position)
    let longest = minLength - 1
    let candidate = previous[position] ?? -1
    for (
      let tries = 0;
      candidate >= 0 && position - candidate <= windowSize && tries < maxChain;
      tries += 1
    ) {
      if (data[candidate + longest] === data[position + longest]) {
        const length = countAlike(data, candidate, position, most)
        if (length > longest) {
          longest = length
          lengths.push(length)
          distances.push(position - candidate)
          if (length === most) break
        }
      }
      candidate = previous[candidate] ?? -1
    }
  }
  starts[data.length] = lengths.length
  return { starts, lengths: Uint16Array.from(lengths), distances: Uint16Array.from(distances) }
}

function countAlike(data: Uint8Array, a: number, b: number, most: number): number {
  let length = 0
  while (length < most && data[a + length] === data[b + length]) length += 1
  return length
}

function at(data: Uint8Array, position: number): number {
  return data[position] ?? 0
}
