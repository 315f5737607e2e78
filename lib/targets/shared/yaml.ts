import { dump } from 'js-yaml'
import type { Artifact } from '../../artifact.ts'
import { textArtifact } from './target.ts'

/** The tasks are the same for every document, and printing them takes longer than all that is a document's own. */
const printed = new WeakMap<object, string>()

/** One YAML file of the role. Long texts are folded, which yamllint asks for and Ansible reads as one line. */
export function yamlArtifact(path: string, value: object): Artifact {
  const text = printed.get(value) ?? dump(value, { lineWidth: 120, noRefs: true, quoteStyle: 'double' })
  printed.set(value, text)
  return textArtifact(path, `# Made by meshjoin. Generate again rather than edit.\n---\n${text}`)
}
