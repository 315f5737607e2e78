import type { Need } from '../packages.ts'
import type { TemplateFile, Unit } from '../unit.ts'

/** What is known of a way to tell a machine's resolver where the cluster's names are. */
interface ResolverFacts {
  /** Whether it is told DNS servers: a document with it must have some. */
  readonly needsServers: boolean
}

/** A way that no target can place on a machine yet. */
interface UnavailableResolver extends ResolverFacts {
  readonly available: false
}

/** What a machine gets, where the document has DNS servers. Templates are rendered with the data of all units. */
export interface AvailableResolver extends ResolverFacts {
  readonly available: true
  readonly files: readonly TemplateFile[]
  readonly units: readonly Unit[]
  /** Packages that the machine needs for it. */
  readonly needs: readonly Need[]
}

export type Resolver = AvailableResolver | UnavailableResolver
