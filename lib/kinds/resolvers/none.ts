import type { Resolver } from './resolver.ts'

/** Names of the cluster are resolved already, by whatever the site has arranged. */
export const none: Resolver = { needsServers: false, files: [], units: [], needs: [] }
