import { dump } from 'js-yaml'
import type { Artifact } from '../../artifact.ts'
import { textArtifact } from './target.ts'

/** The first line of every YAML file of the output. */
export const madeByMeshjoin = '# Made by meshjoin. Generate again rather than edit.\n'

/** One YAML file of the role. Long texts are folded, which yamllint asks for and Ansible reads as one line. */
export function yamlArtifact(path: string, value: object): Artifact {
  const text = dump(value, { lineWidth: 120, noRefs: true, quoteStyle: 'double' })
  return textArtifact(path, `${madeByMeshjoin}---\n${text}`)
}
