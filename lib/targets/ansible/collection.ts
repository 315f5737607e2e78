import type { Artifact } from '../../artifact.ts'
import type { Collection } from '../../config/resolved.ts'
import { textArtifact } from '../shared/target.ts'
import { yamlArtifact } from '../shared/yaml.ts'
import { oldestAnsible } from './role.ts'

/** What makes a collection of the folder. */
export function collectionArtifacts(folder: string, { namespace, name, version }: Collection): Artifact[] {
  return [
    yamlArtifact(`${folder}/galaxy.yml`, {
      namespace,
      name,
      version,
      readme: 'README.md',
      authors: ['meshjoin'],
      description: 'Joins machines outside Kubernetes to a Linkerd mesh',
      license: ['Apache-2.0'],
      tags: ['linkerd', 'spire', 'networking', 'linux'],
      repository: `https://example.invalid/${namespace}/${name}`,
      build_ignore: ['inventory.yml', 'network.md', 'firewall', '.yamllint'],
    }),
    yamlArtifact(`${folder}/meta/runtime.yml`, { requires_ansible: `>=${oldestAnsible}.0` }),
    textArtifact(
      `${folder}/CHANGELOG.md`,
      `# Changes of ${namespace}.${name}\n\n## ${version}\n\nMade by meshjoin from one document; see there for what changed.\n`,
    ),
  ]
}
