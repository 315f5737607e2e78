/** Labels that an object must have, all of them; of a document that is being checked some values are missing. */
type Labels = Readonly<Record<string, string | undefined>>

/** Whether the selector selects an object of these labels. One without labels selects nothing: no document has it. */
export function selects(selector: Labels, labels: Labels = {}): boolean {
  let isSome = false
  for (const key in selector) {
    if (!Object.hasOwn(labels, key) || labels[key] !== selector[key]) return false
    isSome = true
  }
  return isSome
}

/** Whether everything that one of the two selects is selected by the other as well. */
export function isNested(one: Labels, other: Labels): boolean {
  return selects(one, other) || selects(other, one)
}

/** What a selector of a namespace selects; `all` is looked through once, and not for each selector. */
export function createSelection<T extends { readonly namespace: string; readonly labels: Labels }>(
  all: readonly T[],
): (namespace: string, selector: Labels) => readonly T[] {
  const index = new Map<string, T[]>()
  const keyOf = (...words: readonly (string | undefined)[]) => words.join('\n')
  for (const one of all)
    for (const [key, value] of Object.entries(one.labels)) {
      const place = keyOf(one.namespace, key, value)
      const known = index.get(place)
      if (known === undefined) index.set(place, [one])
      else known.push(one)
    }
  return (namespace, selector) => {
    const lists = Object.entries(selector).map(
      ([key, value]) => index.get(keyOf(namespace, key, value)) ?? [],
    )
    const [shortest = []] = lists.sort((a, b) => a.length - b.length)
    return shortest.filter(({ labels }) => selects(selector, labels))
  }
}
