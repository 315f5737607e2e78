import { resolverEntries } from '../kinds/resolvers/index.ts'
import type { TemplateFile } from '../kinds/unit.ts'
import type { UnitView } from './unit-view.ts'
import { units } from './units.ts'

/** One file of the mesh layer that is rendered from a template. */
export interface MeshTemplate extends TemplateFile {
  /** Whether a machine with this view has the file. */
  readonly when: (view: UnitView) => boolean
}

const always = () => true

/** What the DNS providers bring beside their units. */
const resolverFiles = resolverEntries.flatMap(([provider, resolver]) =>
  resolver.files.map((file): MeshTemplate => ({ ...file, when: (view) => view.resolver === provider })),
)

/** Every templated file of the mesh layer. `mesh-machine.sh` is text without mustaches, the same everywhere. */
export const meshTemplates: readonly MeshTemplate[] = [
  { path: '/etc/sysusers.d/linkerd-mesh.conf', template: 'sysusers.conf.hbs', mode: 0o644, when: always },
  { path: '/etc/sysctl.d/00-linkerd-mesh.conf', template: 'sysctl.conf.hbs', mode: 0o644, when: always },
  ...resolverFiles,
  ...units.map(
    ({ name, when = always }): MeshTemplate => ({
      path: unitPath(name),
      template: `systemd/${name}.hbs`,
      mode: 0o644,
      when,
    }),
  ),
]

/** A program of ours: text without mustaches, the same bytes on every machine that has it. */
export interface MeshCommand {
  readonly path: string
  /** Below `templates/`, once it is joined of its parts. */
  readonly template: string
  readonly mode: 0o755
}

function unitPath(name: string): string {
  return `/etc/systemd/system/${name}`
}

function commandOf(name: string): MeshCommand {
  return { path: `/usr/local/sbin/${name}`, template: `${name}.sh`, mode: 0o755 }
}

/** The command on the machine. */
export const machineCommand = commandOf('mesh-machine')

/** What tries the redirect, and looks before joining: it takes the functions of the command, which joins and leaves without. */
const checkCommand = commandOf('mesh-machine-check')

/** What says what is wrong with the machine. */
const doctorCommand = commandOf('mesh-machine-doctor')

/** It, and the units that run it at times. */
export const doctorPaths: readonly string[] = [
  doctorCommand.path,
  ...['timer', 'service'].map((type) => unitPath(`mesh-machine-doctor.${type}`)),
]

/** What says which connections are open through the proxy: before it restarts, and before the machine leaves. */
export const drainCommand = commandOf('mesh-machine-drain')

/** What tells the machine's own resolver where the cluster's names are. */
export const resolverCommand = commandOf('mesh-machine-resolver')

/** What applies new files: whoever upgrades has brought it with them. */
const upgradeCommand = commandOf('mesh-machine-upgrade')

/** What fetches the proxy from its image: only where the document wants that. */
export const registryCommand = commandOf('mesh-machine-registry')

/** What sets up the SPIRE server that is on the machine: only where the document wants one there. */
export const serverCommand = commandOf('mesh-machine-server')

/** What finds the machine's address and name. Only documents that ask for it have it. */
export const bootCommand = commandOf('mesh-machine-boot')

/** What tells node_exporter how the machine is: only where the document says where. */
export const metricsCommand = commandOf('mesh-machine-metrics')

/** What asks for a join token: only where the document has a command for that. */
export const tokenCommand = commandOf('mesh-machine-token')

/** What loads the redirect on trial. */
export const trialCommand = commandOf('mesh-machine-trial')

/** What says that the certificate is not renewed, and that the control plane does not answer. */
const certificateCommand = commandOf('mesh-machine-certificate')

/** What puts rules back at once; a timer does it as well, every half minute. */
const watchCommand = commandOf('mesh-machine-watch')

/** The programs that joining, the off switch and leaving do without. Each takes the functions of the command. */
const extraCommands = [
  certificateCommand,
  checkCommand,
  doctorCommand,
  drainCommand,
  resolverCommand,
  trialCommand,
  upgradeCommand,
  watchCommand,
] as const

/** Their files and units: what user-data for a platform with little room leaves out. */
export const extraPaths: readonly string[] = [
  ...extraCommands.map(({ path }) => path),
  ...units.flatMap(({ name, isExtra }) => (isExtra ? [unitPath(name)] : [])),
]

/** Every program of ours that any machine gets. */
export const commands = [machineCommand, ...extraCommands] as const

/** What `redirect check` tries. */
export const probesPath = '/etc/linkerd/redirect.probes'
