import type { ResolvedConfig } from '../../config/resolved.ts'
import type { Report } from '../../diagnostics/diagnostic.ts'
import { resolvers } from '../../kinds/resolvers/index.ts'

/**
 * What the input language has and the machine targets cannot make yet. They refuse it; leaving it out would be a machine
 * that does not do what its document says. Each release removes some of these.
 */
export function checkUnbuilt(targets: readonly string[], { mesh }: ResolvedConfig, report: Report): void {
  const { provider } = mesh.dns
  if (resolvers[provider].available) return
  const what = `the DNS provider ${provider}`
  report('not-built-yet', '/mesh/dns/provider', { what, targets })
}
