import type { MachineAttestation, NodeIdentity } from '../../config/resolved.ts'
import type { NodeFacts } from './attestor.ts'

/** A node that is known by several fields together; by nothing while one of them is missing. */
export function nodeOfAll(
  given: NodeFacts['given'],
  names: readonly (keyof MachineAttestation)[],
  known: (values: readonly string[]) => NodeIdentity,
): NodeIdentity {
  const missing = names.filter((name) => given[name] === undefined)
  return missing.length > 0 ? { by: 'nothing', missing } : known(names.map((name) => given[name] ?? ''))
}

/**
 * A node that is known by its certificate. The selectors have the common name, which outlives a renewal; the fingerprint of the
 * machine's own certificate is in the agent's ID alone.
 */
export function nodeOfCertificate(plugin: string, { name, given }: NodeFacts): NodeIdentity {
  const { fingerprint, commonName = name } = given
  return fingerprint === undefined
    ? { by: 'selectors', selectors: [`${plugin}:subject:cn:${commonName}`] }
    : { by: 'agent', path: `${plugin}/${fingerprint}` }
}
