import type { Artifact } from '../../artifact.ts'
import { readTexts } from '../../files/template.ts'
import { textArtifact } from '../shared/target.ts'
import { madeByMeshjoin } from '../shared/yaml.ts'
import { roleName } from './variables.ts'

/** The name of the role where a playbook names it. */
const namesRole = new RegExp(`^( +(?:- role|name): )${roleName}$`, 'gm')
const rolePrefix = `roles/${roleName}/`

/** The playbooks and what else stands beside the role: the same for every document, but for the role's name in a collection. */
export function emitPlaybooks(folder: string, role: string): Artifact[] {
  return staticFiles()
    .filter(([path]) => !path.startsWith(rolePrefix) && path.endsWith('.yml'))
    .map(([path, text]) => madeText(`${folder}/${path}`, text.replace(namesRole, `$1${role}`)))
}

/** What yamllint is told. */
export function emitLintRules(folder: string): Artifact[] {
  return staticFiles()
    .filter(([path]) => path === '.yamllint')
    .map(([path, text]) => madeText(`${folder}/${path}`, text))
}

/** The tasks and the metadata of the role. */
export function emitRoleTexts(folder: string): Artifact[] {
  return staticFiles()
    .filter(([path]) => path.startsWith(rolePrefix))
    .map(([path, text]) => madeText(`${folder}/${path.slice(rolePrefix.length)}`, text))
}

function staticFiles(): [path: string, text: string][] {
  return [...readTexts('ansible')]
}

function madeText(path: string, text: string): Artifact {
  return textArtifact(path, `${madeByMeshjoin}${text}`)
}
