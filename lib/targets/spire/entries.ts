import { dump } from 'js-yaml'
import type { RegistrationEntry } from '../../plan/registration.ts'
import { madeByMeshjoin } from '../shared/yaml.ts'

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
