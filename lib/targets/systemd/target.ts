import { emitOperatorDocs } from '../shared/operator-docs.ts'
import { type Target, textArtifact } from '../shared/target.ts'

/** `systemd/<machine>/…`: the machine's files below the paths where they belong, and nothing else. */
export const systemdTarget: Target = {
  name: 'systemd',
  purpose: 'the files of each machine as a tree, for any other way to bring them',
  placesMachineFiles: true,
  check: () => {},
  emitMachine: ({ plan, files }) =>
    files().map(({ path, content, mode, sensitive = false }) => ({
      ...textArtifact(`systemd/${plan.name}${path}`, content, mode),
      sensitive,
    })),
  emitShared: (config, machines) => emitOperatorDocs('systemd', config, machines),
}
