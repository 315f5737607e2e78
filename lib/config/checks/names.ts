import { pointer } from '../../diagnostics/pointer.ts'
import { defaultResolver, resolvers } from '../../kinds/resolvers/index.ts'
import { isAbsent } from '../draft.ts'
import { mappedIpv4, notAnAddress, parseAddress, splitHostPort } from '../network.ts'
import type { Check, CheckContext } from './context.ts'

/** The control plane's addresses, and how the machine resolves them. */
export const checkNames: Check = (context) => {
  const { draft, report } = context
  const { controlPlane, dns } = draft.mesh ?? {}
  const names: string[] = []
  for (const key of ['destination', 'policy'] as const) {
    const value = controlPlane?.[key]
    if (value === undefined) {
      names.push(
        `${draft.mesh?.controlPlaneNamespace ?? 'linkerd'}.svc.${draft.mesh?.clusterDomain ?? 'cluster.local'}`,
      )
      continue
    }
    const target = splitHostPort(value)
    const path = pointer('/mesh/controlPlane', key)
    if (target === undefined)
      report('control-plane-address', path, { value, reason: 'the port is not a number from 1 to 65535' })
    else if (parseAddress(target.host) !== undefined) continue
    else if (!target.host.endsWith('.')) {
      const ipv4 = mappedIpv4(target.host)
      const reason =
        ipv4 === undefined
          ? 'it is neither an IP address nor a name with a dot at its end'
          : `it is IPv4 in IPv6 notation; write ${ipv4}:${target.port}`
      report('control-plane-address', path, { value, reason })
    } else names.push(target.host.slice(0, -1))
  }
  checkServers(context, names)
  checkDomains(context, names, dns?.domains ?? [draft.mesh?.clusterDomain ?? 'cluster.local'])
}

function checkServers({ draft, report }: CheckContext, names: readonly string[]): void {
  const dns = draft.mesh?.dns
  for (const [index, server] of (dns?.servers ?? []).entries()) {
    if (server !== undefined && parseAddress(server) === undefined)
      report('address-invalid', pointer('/mesh/dns/servers', index), notAnAddress(server))
  }
  const provider = dns?.provider ?? defaultResolver
  const needed = dns === undefined ? names.length > 0 : resolvers[provider].needsServers
  const given = dns === undefined ? !isAbsent(draft.mesh, 'dns') : !isAbsent(dns, 'servers')
  const unreadable = given && dns?.servers === undefined
  if (!needed || unreadable || (dns?.servers ?? []).length > 0 || draft.mesh === undefined) return
  report(
    'dns-servers-missing',
    dns === undefined ? '/mesh' : '/mesh/dns',
    { provider },
    dns === undefined ? 'key' : 'value',
  )
}

function checkDomains(
  { draft, report }: CheckContext,
  names: readonly string[],
  domains: readonly (string | undefined)[],
): void {
  const known = domains.filter((domain) => domain !== undefined)
  if ((draft.mesh?.dns?.servers ?? []).length === 0 || draft.mesh?.dns?.domains === undefined) return
  for (const name of new Set(names)) {
    if (known.some((domain) => name === domain || name.endsWith(`.${domain}`))) continue
    report('dns-domain-missing', '/mesh/dns/domains', { name, domains: known.join(', ') })
  }
}
