import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { World } from './world.ts'

interface ShownId {
  readonly trust_domain: string
  readonly path: string
}

interface Shown {
  readonly id: string
  readonly spiffe_id: ShownId
  readonly parent_id: ShownId
  readonly selectors: readonly { readonly type: string; readonly value: string }[]
}

/** Takes the entry of an identity, or of a node alias, off the server; what it gives back puts it there again. */
export async function removeEntry({ spire, folder }: World, id: string): Promise<() => Promise<void>> {
  const printed = await spire.ask('entry', 'show', '-spiffeID', id, '-output', 'json')
  const [entry] = (JSON.parse(printed) as { entries: Shown[] }).entries
  if (entry === undefined) throw new Error(`there is no entry of ${id}`)
  await spire.ask('entry', 'delete', '-entryID', entry.id)
  const text = ({ trust_domain, path }: ShownId) => `spiffe://${trust_domain}${path}`
  const file = join(folder, 'entry.json')
  return async () => {
    const again = {
      spiffe_id: text(entry.spiffe_id),
      parent_id: text(entry.parent_id),
      selectors: entry.selectors,
    }
    writeFileSync(file, JSON.stringify({ entries: [again] }))
    await spire.ask('entry', 'create', '-data', file)
  }
}

/** Changes what the entry of an identity says besides identity, parent and selector. */
export async function updateEntry(
  { spire }: World,
  id: string,
  parent: string,
  ...options: readonly string[]
): Promise<void> {
  const printed = await spire.ask('entry', 'show', '-spiffeID', id, '-output', 'json')
  const [entry] = (JSON.parse(printed) as { entries: Shown[] }).entries
  if (entry === undefined) throw new Error(`there is no entry of ${id}`)
  const what = ['-entryID', entry.id, '-spiffeID', id, '-parentID', parent, '-selector', 'unix:uid:2102']
  await spire.ask('entry', 'update', ...what, ...options)
}
