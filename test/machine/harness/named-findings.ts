/** Ids that a story gives to finds(), findsBeside(), broken(), brokenBefore() and brokenBy() of doctor.ts, sorted: what it raises. */
export function namedFindings(source: string): string[] {
  const calls = source.matchAll(
    /\b(?:finds|findsBeside|broken|brokenBefore|brokenBy)\(\s*story,\s*'([a-z-]+)'/g,
  )
  return [...new Set([...calls].map(([, id = '']) => id))].sort()
}
