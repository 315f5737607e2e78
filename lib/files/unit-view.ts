import type { ResolverProvider } from '../config/resolved.ts'

/** One `LoadCredential=` of the agent's unit: a file that only root can read, handed to the agent by systemd. */
export interface UnitCredential {
  /** Name of the credential, and of its file below `/run/credentials/spire-agent.service/`. */
  readonly id: string
  /** Path of the file on the machine. */
  readonly source: string
  /** Whether the agent starts with `fallback` where the file is missing; else its start fails with 243. */
  readonly hasFallback: boolean
  /** What stands in for a missing file. Everyone on the machine can read it: never a secret. `''` without one. */
  readonly fallback: string
}

/** What the templates below `templates/` are filled with: all of the mesh layer that is not data in a file. */
export interface UnitView {
  /** User and group that the proxy runs as. */
  readonly proxyUser: string
  /** Their number. The redirect exempts the proxy by it. */
  readonly proxyUid: number
  /** `/opt/linkerd/current/linkerd2-proxy`, or the path of a preinstalled proxy. */
  readonly proxyBinary: string
  /** Ports of the proxy as the kernel lists them: `4140,4143,4190-4191`. */
  readonly reservedPorts: string
  /** Seconds that systemd waits for the proxy to drain: more than its shutdown grace period. */
  readonly proxyStopSeconds: number
  /** True for a managed SPIRE agent; false where the machine has one already. */
  readonly managedAgent: boolean
  /** User and group of the managed agent; `''` without one. */
  readonly agentUser: string
  /** Their number; 0 without a managed agent. */
  readonly agentUid: number
  /** `/opt/spire/current/bin/spire-agent`, or the path of a preinstalled agent; `''` without a managed agent. */
  readonly agentBinary: string
  /**
   * Capabilities of the agent, with blanks between them; `''` for none. `CAP_SYS_PTRACE` where selectors by path or checksum make it
   * read other users' `/proc/<pid>/exe`, `CAP_NET_BIND_SERVICE` where it answers a challenge on a port below 1024.
   */
  readonly agentCapabilities: string
  /** What root runs before the agent starts; `''` for nothing. */
  readonly agentBefore: string
  /** The device of the machine that the agent opens; `''` for none. */
  readonly agentDevice: string
  /** The group of the machine that the device belongs to; `''` for none. */
  readonly agentDeviceGroup: string
  /** Files of the node attestor that reach the agent as credentials. */
  readonly credentials: readonly UnitCredential[]
  /** The file with the CAs that the server of the trust bundle is checked against; `''` for those of the system. */
  readonly bundleAuthority: string
  /** True for a SPIRE server on the machine. */
  readonly colocated: boolean
  /** Its program; `''` without one. */
  readonly serverBinary: string
  /** The CA and whatever else of root's files it gets; all of them have to be there. */
  readonly serverCredentials: readonly UnitCredential[]
  /** True where machines of the document find their addresses when they boot. */
  readonly finds: boolean
  /** `redirect.onProxyFailure`: true for `closed`, false for `open`. */
  readonly failsClosed: boolean
  /** Where the machine tells node_exporter how it is; `''` for nowhere. */
  readonly textfileDirectory: string
  /** True where `routes` has any. */
  readonly hasRoutes: boolean
  /** `mesh.routes`: a network of the cluster, and the gateway to it. */
  readonly routes: readonly { readonly to: string; readonly via: string }[]
  /** What tells the machine where the cluster's names are; undefined without DNS servers. */
  readonly resolver: ResolverProvider | undefined
  /** Addresses of the cluster's DNS servers. */
  readonly resolverServers: readonly string[]
  /** Domains to ask them for, without the `~`. */
  readonly resolverDomains: readonly string[]
}
