import type { Need } from '../packages.ts'
import type { TemplateFile, Unit } from '../unit.ts'

/** A way to tell a machine's resolver where the cluster's names are: what a machine gets where the document has DNS servers. */
export interface Resolver {
  /** Whether it is told DNS servers: a document with it must have some. */
  readonly needsServers: boolean
  /** Rendered with the data of all units. */
  readonly files: readonly TemplateFile[]
  readonly units: readonly Unit[]
  /** Packages that the machine needs for it. Not the resolver: the machine has it already, or has another. */
  readonly needs: readonly Need[]
}

/** What `mesh-machine-resolver` puts where the machine's own resolver reads it. */
export const resolverPath = '/etc/linkerd/resolver.conf'

/** A provider whose one file, rendered from a template, that program hands to the resolver. */
export function handedOver(
  template: string,
  more: Partial<Pick<Resolver, 'units' | 'needs'>> = {},
): Resolver {
  const { units = [], needs = [] } = more
  const file: TemplateFile = { path: resolverPath, template: `resolvers/${template}.hbs`, mode: 0o644 }
  return { needsServers: true, files: [file], units, needs }
}
