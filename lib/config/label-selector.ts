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
