import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig } from '../../config/resolved.ts'
import { renderTemplate } from '../../files/template.ts'
import { textArtifact } from '../shared/target.ts'
import { yamlArtifact } from '../shared/yaml.ts'
import { packageVars } from './packages.ts'
import { collectRoleFiles } from './role-files.ts'
import { roleVars } from './role-vars.ts'
import { emitRoleTexts } from './static-files.ts'
import { type Option, optionName, roleDefaults, roleOptions } from './variables.ts'

/** The oldest ansible-core that the role is tried with. */
export const oldestAnsible = '2.16'

/** Everything below `roles/linkerd_machine/`, in a folder. */
export function emitRole(folder: string, config: ResolvedConfig): Artifact[] {
  const files = collectRoleFiles(config)
  const options = roleOptions(config)
  const yaml = (path: string, value: object) => yamlArtifact(`${folder}/${path}`, value)
  return [
    textArtifact(
      `${folder}/README.md`,
      renderTemplate('readme/ansible-role.md.hbs', viewReadme(config, options)),
    ),
    yaml('defaults/main.yml', roleDefaults(config, options)),
    yaml('meta/argument_specs.yml', argumentSpecs(options)),
    yaml('vars/main.yml', roleVars(config, files)),
    ...Object.entries(packageVars(config)).map(([family, vars]) => yaml(`vars/${family}.yml`, vars)),
    ...emitRoleTexts(folder),
    ...files.artifacts.map((artifact) => ({ ...artifact, path: `${folder}/${artifact.path}` })),
  ]
}

function argumentSpecs(options: Record<string, Option>): object {
  const group = optionName('group')
  return {
    argument_specs: {
      main: {
        short_description: 'Joins a machine to a Linkerd mesh, upgrades it, or removes it from the mesh.',
        options,
      },
      check: {
        short_description: 'Checks a machine of the mesh, and changes nothing.',
        options: { [group]: options[group] },
      },
    },
  }
}

function viewReadme(config: ResolvedConfig, options: Record<string, Option>): object {
  const rows = Object.entries(options).map(([name, option]) => {
    const { default: fallback, choices, type, description, required } = option
    const kind = Array.isArray(choices)
      ? choices.map((choice) => (choice === '' ? 'empty' : String(choice))).join(', ')
      : String(type)
    const value =
      required === true ? 'required' : fallback === undefined ? 'see below' : JSON.stringify(fallback)
    return { name, kind, value, description: String(description) }
  })
  return { linkerdVersion: config.mesh.linkerd.text, rows }
}
