import type { ResolvedConfig } from '../../config/resolved.ts'
import type { Report } from '../../diagnostics/diagnostic.ts'
import { availableAttestor } from '../../kinds/attestors/index.ts'
import { resolvers } from '../../kinds/resolvers/index.ts'

/**
 * What the input language has and the machine targets cannot make yet. They refuse it; leaving it out would be a machine
 * that does not do what its document says. Each release removes some of these.
 */
export function checkUnbuilt(targets: readonly string[], config: ResolvedConfig, report: Report): void {
  const seen = new Set<string>()
  const refuse = (path: string, what: string): void => {
    if (!seen.has(path)) report('not-built-yet', path, { kind: 'choice', what, targets, built: [] })
    seen.add(path)
  }
  refuseMesh(config, refuse)
  refuseSpire(config, refuse)
}

type Refuse = (path: string, what: string) => void

function refuseMesh({ mesh }: ResolvedConfig, refuse: Refuse): void {
  if (!resolvers[mesh.dns.provider].available)
    refuse('/mesh/dns/provider', `the DNS provider ${mesh.dns.provider}`)
}

function refuseSpire({ spire }: ResolvedConfig, refuse: Refuse): void {
  const { agent } = spire
  if (agent.from === 'existing') return
  const { type, options } = agent.attestation
  const attestor = availableAttestor(agent.attestation)
  if (attestor === undefined) refuse('/spire/agent/attestation/type', `the node attestor ${type}`)
  const lacking = attestor?.lacks?.(options)
  if (lacking !== undefined) refuse('/spire/agent/attestation', lacking)
}
