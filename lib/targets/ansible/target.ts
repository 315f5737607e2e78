import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import { emitOperatorDocs } from '../shared/operator-docs.ts'
import type { Target } from '../shared/target.ts'
import { yamlArtifact } from '../shared/yaml.ts'
import { collectionArtifacts } from './collection.ts'
import { printInventory } from './inventory.ts'
import { playbooks } from './playbooks.ts'
import { emitRole } from './role.ts'
import { roleName } from './variables.ts'

/** `ansible/`: an inventory, four playbooks, and the role that they use. */
export const ansibleTarget: Target = {
  name: 'ansible',
  placesMachineFiles: true,
  check: () => {},
  emitShared: emitAnsible,
}

function emitAnsible(config: ResolvedConfig, machines: readonly ResolvedMachine[]): Artifact[] {
  const { collection } = config.ansible
  const folder = collection === undefined ? 'ansible' : 'ansible/playbooks'
  const role = collection === undefined ? roleName : `${collection.namespace}.${collection.name}.${roleName}`
  const artifacts = [
    ...emitOperatorDocs('ansible', config, machines),
    yamlArtifact('ansible/.yamllint', yamllint),
    yamlArtifact('ansible/inventory.yml', printInventory(config, machines)),
    ...Object.entries(playbooks(role)).map(([name, plays]) => yamlArtifact(`${folder}/${name}.yml`, plays)),
    ...emitRole(`ansible/roles/${roleName}`, config),
    ...(collection === undefined ? [] : collectionArtifacts('ansible', collection)),
  ]
  return artifacts.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** As ansible-lint has it: addresses, sums and expressions do not break into lines of 80. */
const yamllint = {
  extends: 'default',
  rules: {
    braces: { 'max-spaces-inside': 1 },
    comments: { 'min-spaces-from-content': 1 },
    'comments-indentation': false,
    'line-length': { max: 160, 'allow-non-breakable-inline-mappings': true },
    'octal-values': { 'forbid-explicit-octal': true, 'forbid-implicit-octal': true },
  },
}
