import type { ResolverProvider } from '../config/resolved.ts'
import { resolvers } from '../kinds/resolvers/index.ts'
import type { TemplateFile } from '../kinds/unit.ts'
import { units } from './units.ts'

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
  /** True for a SPIRE agent of ours; false where the machine has one already. */
  readonly managedAgent: boolean
  /** User and group of the managed agent; `''` without one. */
  readonly agentUser: string
  /** Their number; 0 without a managed agent. */
  readonly agentUid: number
  /** `/opt/spire/current/bin/spire-agent`, or the path of a preinstalled agent; `''` without a managed agent. */
  readonly agentBinary: string
  /** True where selectors by path or checksum make the agent read other users' `/proc/<pid>/exe`. */
  readonly agentReadsExecutables: boolean
  /** Files of the node attestor that reach the agent as credentials. */
  readonly credentials: readonly UnitCredential[]
  /** `redirect.onProxyFailure`: true for `closed`, false for `open`. */
  readonly failsClosed: boolean
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

/** One file of the mesh layer that is rendered from a template. */
export interface MeshTemplate extends TemplateFile {
  /** Whether a machine with this view has the file. */
  readonly when: (view: UnitView) => boolean
}

const always = () => true

/** What the DNS providers bring beside their units. */
const resolverFiles = (Object.keys(resolvers) as ResolverProvider[]).flatMap((provider) => {
  const resolver = resolvers[provider]
  if (!resolver.available) return []
  return resolver.files.map(
    (file): MeshTemplate => ({ ...file, when: (view: UnitView) => view.resolver === provider }),
  )
})

/** Every templated file of the mesh layer. `mesh-machine.sh` is text without mustaches, the same everywhere. */
export const meshTemplates: readonly MeshTemplate[] = [
  { path: '/etc/sysusers.d/linkerd-mesh.conf', template: 'sysusers.conf.hbs', mode: 0o644, when: always },
  { path: '/etc/sysctl.d/00-linkerd-mesh.conf', template: 'sysctl.conf.hbs', mode: 0o644, when: always },
  ...resolverFiles,
  ...units.map(
    ({ name, when = always }): MeshTemplate => ({
      path: `/etc/systemd/system/${name}`,
      template: `systemd/${name}.hbs`,
      mode: 0o644,
      when,
    }),
  ),
]

/** The command on the machine. */
export const machineCommand = {
  path: '/usr/local/sbin/mesh-machine',
  template: 'mesh-machine.sh',
  mode: 0o755,
} as const

/** What looks for faults there: it takes the functions of the command, and nothing that joins or leaves calls it. */
export const doctorCommand = {
  path: '/usr/local/sbin/mesh-machine-doctor',
  template: 'mesh-machine-doctor.sh',
  mode: 0o755,
} as const

/** What takes new files into use: whoever upgrades has brought it with them. */
export const upgradeCommand = {
  path: '/usr/local/sbin/mesh-machine-upgrade',
  template: 'mesh-machine-upgrade.sh',
  mode: 0o755,
} as const

/** What the doctor tries. */
export const probesPath = '/etc/linkerd/redirect.probes'
