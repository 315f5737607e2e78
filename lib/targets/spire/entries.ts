import { dump } from 'js-yaml'
import type { RegistrationEntry } from '../../plan/registration.ts'
import { madeByMeshjoin } from '../shared/yaml.ts'

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

/**
 * What `spire-server entry show` prints of these entries, in its own words, sorted: an ID, a label and a value in each line, with
 * tabs between them. What the server has besides, such as a DNS name, is a difference.
 */
export function printShown(entries: readonly RegistrationEntry[]): string {
  const lines = entries.flatMap(({ id, spiffeId, parentId, selectors, x509SvidTtl, hint }) =>
    [
      ['SPIFFE ID', spiffeId],
      ['Parent ID', parentId],
      ['X509-SVID TTL', x509SvidTtl === undefined ? 'default' : String(x509SvidTtl)],
      ['JWT-SVID TTL', 'default'],
      ...selectors.map((selector) => ['Selector', selector]),
      ...(hint === '' ? [] : [['Hint', hint]]),
    ].map((words) => `${[id, ...words].join('\t')}\n`),
  )
  return lines.sort().join('')
}

/** For the SPIRE Controller Manager. */
export function printManifests(entries: readonly RegistrationEntry[]): string {
  const documents = entries.map(({ id, spiffeId, parentId, selectors, x509SvidTtl, hint }) =>
    dump(
      {
        apiVersion: 'spire.spiffe.io/v1alpha1',
        kind: 'ClusterStaticEntry',
        metadata: { name: id },
        spec: {
          spiffeID: spiffeId,
          parentID: parentId,
          selectors,
          ...(x509SvidTtl === undefined ? {} : { x509SVIDTTL: `${x509SvidTtl}s` }),
          ...(hint === '' ? {} : { hint }),
        },
      },
      { lineWidth: -1, noRefs: true, quoteStyle: 'double' },
    ),
  )
  return `${madeByMeshjoin}${documents.map((document) => `---\n${document}`).join('')}`
}
