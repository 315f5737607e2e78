import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import { attestationSecrets } from '../../kinds/attestors/index.ts'
import { emitOperatorDocs } from '../shared/operator-docs.ts'
import type { Target } from '../shared/target.ts'
import { yamlArtifact } from '../shared/yaml.ts'
import { collectionArtifacts } from './collection.ts'
import { printInventory } from './inventory.ts'
import { emitRole } from './role.ts'
import { emitLintRules, emitPlaybooks } from './static-files.ts'
import { roleName } from './variables.ts'

/** `ansible/`: an inventory, four playbooks, and the role that they use. */
export const ansibleTarget: Target = {
  name: 'ansible',
  purpose: 'inventory, playbooks and a role for machines that are already there',
  placesMachineFiles: true,
  check: (config, report) => {
    const machines = config.machines.filter(({ boot }) => boot !== undefined).map(({ name }) => name)
    if (machines.length > 0) report('inventory-without', '', { machines })
    const { agent } = config.spire
    if (agent.from === 'managed' && attestationSecrets(agent.attestation).length > 0)
      report('token-left-out', '/spire/agent/attestation/insecureToken', {}, 'key')
  },
  emitShared: emitAnsible,
}

function emitAnsible(config: ResolvedConfig, chosen: readonly ResolvedMachine[]): Artifact[] {
  const machines = chosen.filter(({ boot }) => boot === undefined)
  const { collection } = config.ansible
  const folder = collection === undefined ? 'ansible' : 'ansible/playbooks'
  const role = collection === undefined ? roleName : `${collection.namespace}.${collection.name}.${roleName}`
  const artifacts = [
    ...emitOperatorDocs('ansible', config, machines),
    emitLintRules('ansible'),
    yamlArtifact('ansible/inventory.yml', printInventory(config, machines)),
    ...emitPlaybooks(folder, role),
    ...emitRole(`ansible/roles/${roleName}`, config),
    ...(collection === undefined ? [] : collectionArtifacts('ansible', collection)),
  ]
  return artifacts.sort((a, b) => (a.path < b.path ? -1 : 1))
}
