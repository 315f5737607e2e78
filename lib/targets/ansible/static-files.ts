import type { Artifact } from '../../artifact.ts'
import { readText, readTexts } from '../../files/template.ts'
import { textArtifact } from '../shared/target.ts'
import { madeByMeshjoin } from '../shared/yaml.ts'
import { roleName } from './variables.ts'

/** The name of the role where a playbook names it. */
const namesRole = new RegExp(`^( +(?:- role|name): )${roleName}$`, 'gm')

/** The playbooks: the same for every document, but for the role's name in a collection. */
export function emitPlaybooks(folder: string, role: string): Artifact[] {
  return [...readTexts('ansible')]
    .filter(([path]) => /^[a-z]+\.yml$/.test(path))
    .map(([path, text]) => madeText(`${folder}/${path}`, text.replace(namesRole, `$1${role}`)))
}

/** What yamllint is told. */
export function emitLintRules(folder: string): Artifact {
  return madeText(`${folder}/.yamllint`, readText('ansible/.yamllint'))
}

/** The tasks and the metadata of the role. */
export function emitRoleTexts(folder: string): Artifact[] {
  return [...readTexts(`ansible/roles/${roleName}`)].map(([path, text]) =>
    madeText(`${folder}/${path}`, text),
  )
}

function madeText(path: string, text: string): Artifact {
  return textArtifact(path, `${madeByMeshjoin}${text}`)
}
