import { dump } from 'js-yaml'
import type { Artifact } from '../../artifact.ts'
import { textArtifact } from '../target.ts'

/** One YAML file of the role. Long texts are folded, which yamllint asks for and Ansible reads as one line. */
export function yamlArtifact(path: string, value: unknown): Artifact {
  const text = dump(value, { lineWidth: 120, noRefs: true, quoteStyle: 'double' })
  return textArtifact(path, `# Made by meshjoin. Generate again rather than edit.\n---\n${text}`)
}
