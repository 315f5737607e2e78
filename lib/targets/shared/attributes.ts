import type { Artifact } from '../../artifact.ts'
import { textArtifact } from './target.ts'

/**
 * At the top of the output, for whoever keeps it in git: a checkout with CRLF breaks units, scripts and environment files on
 * the machine, and the manifest's checksums. It beats what a folder above says, and `-text` beats `eol`.
 */
export function emitAttributes(): Artifact {
  const why =
    '# Made by meshjoin. Line ends stay as they are: with others nothing of this works on a machine.'
  return textArtifact('.gitattributes', `${why}\n* -text\n`)
}
