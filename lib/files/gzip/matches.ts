/** Deflate's limits, RFC 1951 §3.2.5. */
const minLength = 3
const maxLength = 258
const windowSize = 32_768
/** So many of the nearest candidates are looked at, and so many beyond a copy that is long: hardly a longer one pays for the search. */
const allCandidates = 512
const beyondLong = 16
const longEnough = 32

/**
 * The copies that could stand at a position: `lengths` ascending, `distances[i]` the shortest distance that gives `lengths[i]`.
 * All positions share two arrays; those of position `p` are from `starts[p]` to before `starts[p + 1]`.
 */
export interface Matches {
  readonly starts: Uint32Array
  readonly lengths: Uint16Array
  readonly distances: Uint16Array
}

const heads = 2 ** 15

/** Finds, for each position, every copy for which no other is both longer and nearer, among so many of the nearest candidates. */
export function findMatches(data: Uint8Array): Matches {
  return find(data, allCandidates, false)
}

/** The same with fewer candidates, for `parseGreedily`: it steps over a whole copy, so nothing is looked for within one. */
export function findGreedyMatches(data: Uint8Array, candidates: number): Matches {
  return find(data, candidates, true)
}

function find(data: Uint8Array, candidates: number, isGreedy: boolean): Matches {
  const starts = new Uint32Array(data.length + 1)
  const lengths: number[] = []
  const distances: number[] = []
  const head = new Int32Array(heads).fill(-1)
  const previous = new Int32Array(data.length).fill(-1)
  const look = (position: number): void => {
    const most = Math.min(maxLength, data.length - position)
    let longest = minLength - 1
    let left = candidates
    let at = previous[position] as number
    for (; at >= 0 && position - at <= windowSize && left > 0; left -= 1) {
      const length =
        data[at + longest] === data[position + longest] ? countAlike(data, at, position, most) : 0
      if (length > longest) {
        longest = length
        lengths.push(length)
        distances.push(position - at)
        if (length === most) return
        if (length > longEnough) left = Math.min(left, beyondLong)
      }
      at = previous[at] as number
    }
  }
  let next = 0
  for (let position = 0; position < data.length; position += 1) {
    starts[position] = lengths.length
    if (position + minLength > data.length) continue
    const key = hash(data, position)
    previous[position] = head[key] as number
    head[key] = position
    if (position < next) continue
    look(position)
    if (isGreedy && lengths.length > (starts[position] as number))
      next = position + (lengths.at(-1) as number)
  }
  starts[data.length] = lengths.length
  return { starts, lengths: Uint16Array.from(lengths), distances: Uint16Array.from(distances) }
}

function countAlike(data: Uint8Array, a: number, b: number, most: number): number {
  let length = 0
  while (length < most && data[a + length] === data[b + length]) length += 1
  return length
}

/** Of three bytes. Others may have the same one: they are compared all the same. */
function hash(data: Uint8Array, position: number): number {
  const [a, b, c] = [data[position] as number, data[position + 1] as number, data[position + 2] as number]
  return ((a << 10) ^ (b << 5) ^ c) & (heads - 1)
}
