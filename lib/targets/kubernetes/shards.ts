/**
 * Distributes machines over probers. `kubectl apply` notes what it applied in an annotation, and an object has 262,144 bytes of those;
 * one prober is measured with two thousand machines.
 */

/** Up to so many, one prober asks all. */
const mostAlone = 2000
/** With more, so many each on average: by chance some have a few more. */
const mostOnAverage = 1800
const mostBytes = 220_000

/** A machine, and the size of what its prober has to know of it. */
interface Sized {
  readonly key: string
  readonly bytes: number
}

/**
 * The items of each shard, in the order in which they come. Which shard an item belongs to follows from its key and the number
 * of shards; one shard more takes its share from each of the others, and the rest stay where they are (rendezvous hashing).
 */
export function shard<T>(items: readonly T[], size: (item: T) => Sized): T[][] {
  if (items.length === 0) return []
  const sizes = items.map(size)
  const bytes = sizes.reduce((sum, one) => sum + one.bytes, 0)
  const byNumber = items.length <= mostAlone ? 1 : Math.ceil(items.length / mostOnAverage)
  const number = Math.max(byNumber, Math.ceil(bytes / mostBytes))
  const shards = Array.from({ length: number }, (): T[] => [])
  for (const [index, item] of items.entries()) shards[choose(sizes[index]?.key ?? '', number)]?.push(item)
  return shards
}

function choose(key: string, number: number): number {
  if (number === 1) return 0
  const hash = hashText(key)
  let best = 0
  let most = -1
  for (let candidate = 0; candidate < number; candidate++) {
    const weight = mix(hash ^ mix(candidate + 1))
    if (weight <= most) continue
    best = candidate
    most = weight
  }
  return best
}

/** FNV-1a, 32 bits. */
function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

/** The finalizer of MurmurHash3: each bit of the input changes half of the bits of the output. */
function mix(value: number): number {
  let mixed = value
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
