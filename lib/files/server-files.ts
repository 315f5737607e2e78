import type { RegistrationEntry } from '../plan/registration.ts'
import type { ServerPlan } from '../plan/spire-server.ts'

/** `/etc/spire/server.json`. There is no secret in it: keys are files that the operator places. */
export function printServer({ configuration }: Pick<ServerPlan, 'configuration'>): string {
  return `${JSON.stringify(configuration, null, 2)}\n`
}

/**
 * For `spire-server entry create -data` and `entry update -data`. Each entry is one line that begins with its ID: by that
 * `register` picks those that it needs, without reading JSON.
 */
export function printEntries(entries: readonly RegistrationEntry[]): string {
  const lines = entries.map((entry) => JSON.stringify(viewEntry(entry)))
  return lines.length === 0 ? '{"entries": []}\n' : `{"entries": [\n${lines.join(',\n')}\n]}\n`
}

/** Names as in SPIRE's proto/spire/common/common.proto. */
function viewEntry({ id, spiffeId, parentId, selectors, x509SvidTtl, hint }: RegistrationEntry): object {
  return {
    entry_id: id,
    spiffe_id: spiffeId,
    parent_id: parentId,
    selectors: selectors.map((selector) => {
      const colon = selector.indexOf(':')
      return { type: selector.slice(0, colon), value: selector.slice(colon + 1) }
    }),
    ...(x509SvidTtl === undefined ? {} : { x509_svid_ttl: x509SvidTtl }),
    ...(hint === '' ? {} : { hint }),
  }
}
