import { isLoopback, joinHostPort, parseAddress } from '../../config/network.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'

/** The job of the proxies, by which rules and dashboard know their metrics. */
export const proxyJob = 'linkerd-machines'

/** The job of their node_exporters, where machines tell those how they are. */
export const nodeJob = 'linkerd-machines-node'

/** One entry of what Prometheus calls a target group, in files and in ScrapeConfigs alike. */
export interface TargetGroup {
  readonly targets: readonly [string]
  readonly labels: Readonly<Record<string, string>>
}

/** False where the admin port is on loopback: then nobody but the machine itself can ask the proxy. */
export function isScrapable({ proxy }: ResolvedConfig): boolean {
  return !isLoopback(proxy.adminAddress.host)
}

/**
 * A machine whose address the document has, as Prometheus scrapes it at this port; undefined for one that finds its address at
 * boot, and for a client without any.
 */
export function targetOf(machine: ResolvedMachine, listens: string, port: number): TargetGroup | undefined {
  const address = scrapedAddress(machine, listens)
  if (address === undefined) return undefined
  const { name, namespace, group, zone, role, identity } = machine
  return {
    targets: [joinHostPort(address, port)],
    labels: {
      machine: name,
      namespace,
      role,
      ...(group === undefined ? {} : { group }),
      ...(zone === undefined ? {} : { zone }),
      linkerd_identity: identity.spiffeId,
    },
  }
}

/** The first address of the family that the port is open on; `[::]` takes both. */
function scrapedAddress({ addresses }: ResolvedMachine, listens: string): string | undefined {
  const family = parseAddress(listens)?.family
  return (addresses.find((address) => address.family === family) ?? addresses[0])?.text
}
