import leven from 'leven'

/** The candidate that a mistyped word most likely meant, if one is close enough to be worth saying. */
export function suggestWord(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > 64) return undefined
  const typed = word.toLowerCase()
  let best: string | undefined
  let distance = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const current = leven(typed, candidate.toLowerCase())
    if (current < distance) {
      best = candidate
      distance = current
    }
  }
  return best
}
