import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import type { PlacedObject } from './objects.ts'

/** Why no label of ours is on a Namespace: it is somebody's who was there before, or who stays. */
export const namespaceNotes: readonly string[] = [
  'Made where they are missing; one that is there stays as it is. Nothing of ours deletes a Namespace: with it goes all',
  'that is in it, of whoever it is.',
]

/** The Namespaces of everything in the folder, sorted; each with what it comes from first. */
export function makeNamespaces(config: ResolvedConfig, machines: readonly ResolvedMachine[]): PlacedObject[] {
  const paths = new Map<string, string>()
  const owners = [
    ...machines.filter(({ role }) => role === 'server'),
    ...config.services,
    ...config.policies,
    ...config.migration,
    ...(config.readiness === undefined
      ? []
      : [{ namespace: config.readiness.namespace, path: '/readiness' }]),
  ]
  for (const { namespace, path } of owners) if (!paths.has(namespace)) paths.set(namespace, path)
  return [...paths]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, path]) => ({ path, object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } }))
}
