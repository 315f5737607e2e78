import { selects } from './label-selector.ts'

type Labels = Readonly<Record<string, string | undefined>>

/** Which of a machine's labels the destination controller takes as its zone. */
export const zoneLabel = 'topology.kubernetes.io/zone'

/** The labels of a machine's object, as far as the document decides about them. */
export function objectLabels<V>(machine: {
  readonly labels?: Readonly<Record<string, V>> | undefined
  readonly zone?: V | undefined
}): Record<string, V> {
  const { labels = {}, zone } = machine
  return { ...(zone === undefined ? {} : { [zoneLabel]: zone }), ...labels }
}

interface Labelled<T> {
  readonly item: T
  readonly labels: Labels
}

/** Finds what a selector selects, among many, without asking each of them. Most documents never ask, so nothing is made before. */
export function createSelection<T>(
  items: Iterable<T>,
  labelsOf: (item: T) => Labels,
): (selector: Labels) => readonly T[] {
  let index: ReadonlyMap<string, readonly Labelled<T>[]> | undefined
  return (selector) => {
    index ??= indexByLabel(items, labelsOf)
    const byLabel = index
    const lists = Object.entries(selector).map(([key, value]) => byLabel.get(`${key}=${value}`) ?? [])
    const [shortest = []] = lists.sort((a, b) => a.length - b.length)
    return shortest.filter(({ labels }) => selects(selector, labels)).map(({ item }) => item)
  }
}

function indexByLabel<T>(items: Iterable<T>, labelsOf: (item: T) => Labels): Map<string, Labelled<T>[]> {
  const byLabel = new Map<string, Labelled<T>[]>()
  for (const item of items) {
    const labels = labelsOf(item)
    for (const [key, value] of Object.entries(labels)) {
      const known = byLabel.get(`${key}=${value}`)
      if (known === undefined) byLabel.set(`${key}=${value}`, [{ item, labels }])
      else known.push({ item, labels })
    }
  }
  return byLabel
}

/** No label has such a name. */
const namespaceKey = ' namespace'

/** The same, of what is in a namespace. */
export function createNamespacedSelection<T extends { readonly namespace: string; readonly labels: Labels }>(
  items: Iterable<T>,
): (namespace: string, selector: Labels) => readonly T[] {
  const select = createSelection(items, ({ namespace, labels }) => ({ ...labels, [namespaceKey]: namespace }))
  return (namespace, selector) =>
    Object.keys(selector).length === 0 ? [] : select({ ...selector, [namespaceKey]: namespace })
}
