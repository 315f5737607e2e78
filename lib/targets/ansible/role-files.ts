import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig } from '../../config/resolved.ts'
import { checkJinjaTemplate } from '../../escape/jinja.ts'
import { bootPath } from '../../files/boot.ts'
import { type MachineFile, printMachineLayer, printMeshLayer } from '../../files/machine-files.ts'
import {
  bootCommand,
  meshTemplates,
  metricsCommand,
  registryCommand,
  tokenCommand,
} from '../../files/mesh-templates.ts'
import { backends } from '../../kinds/backends/index.ts'
import { agentUnit } from '../../kinds/unit.ts'
import { meshPlannerOf } from '../../plan/plan.ts'
import { planSymbolic, type SymbolicPlan } from '../../plan/symbolic.ts'
import { isVariable, jinjaNotation, type Notation } from '../../plan/value.ts'
import { textArtifact } from '../shared/target.ts'
import { machineVariables } from './variables.ts'

/** A file that the role puts on a machine. */
export interface PlacedFile {
  readonly path: string
  /** As Ansible takes it, such as `0644`. */
  readonly mode: string
  /** Below `files/` or `templates/`. */
  readonly src: string
}

/** What machines of one shape get. */
export interface Shape {
  readonly plan: SymbolicPlan
  readonly files: readonly PlacedFile[]
  readonly templates: readonly PlacedFile[]
}

/** What all of the role's files and templates are, and which shape gets which. */
export interface RoleFiles {
  readonly shapes: readonly Shape[]
  /** Below the role's folder. */
  readonly artifacts: readonly Artifact[]
}

/** The files of every shape of the document, each stored once: what all shapes share is in a folder of its own. */
export function collectRoleFiles(config: ResolvedConfig): RoleFiles {
  const plans = planSymbolic(config, meshPlannerOf(config), machineVariables)
  const layers = plans.map((plan) => ({
    plan,
    files: printMeshLayer(plan.mesh),
    templates: printTemplates(plan),
  }))
  const artifacts = new Map<string, Artifact>()
  const store = (kind: 'files' | 'templates', ending: string) => {
    const isShared = findShared(layers.map((layer) => layer[kind]))
    return (plan: SymbolicPlan, file: MachineFile): PlacedFile => {
      const src = `${isShared(file) ? 'common' : shapeName(plan)}${file.path}${ending}`
      const mode = kind === 'files' ? file.mode : undefined
      artifacts.set(`${kind}/${src}`, textArtifact(`${kind}/${src}`, file.content, mode))
      return { path: file.path, mode: file.mode.toString(8).padStart(4, '0'), src }
    }
  }
  const storeFile = store('files', '')
  const storeTemplate = store('templates', '.j2')
  const shapes = layers.map(({ plan, files, templates }) => ({
    plan,
    files: files.map((file) => storeFile(plan, file)),
    templates: templates.toSorted(byPath).map((file) => storeTemplate(plan, file)),
  }))
  return { shapes, artifacts: [...artifacts.values()] }
}

/** `default`, or the group; and which networks of the cluster the machines are in themselves. */
function shapeName({ group, inside }: SymbolicPlan): string {
  return [
    group.name === undefined ? 'default' : `group-${group.name}`,
    ...inside.map((index) => `in-${index}`),
  ].join('.')
}

/** Whether a file is the same in every shape that has it, and more than one has it, or there is but one. */
function findShared(layers: readonly (readonly MachineFile[])[]): (file: MachineFile) => boolean {
  const contents = new Map<string, Set<string>>()
  for (const { path, content } of layers.flat()) {
    const known = contents.get(path) ?? new Set()
    contents.set(path, known.add(content))
  }
  return ({ path }) => contents.get(path)?.size === 1
}

/** The machine layer over the role's variables. */
function printTemplates(plan: SymbolicPlan): MachineFile[] {
  const own: string[] = []
  const files = printMachineLayer(plan, recordNotation(own))
  return files.map((file) => ({ ...file, content: checkJinjaTemplate(file.content, own) }))
}

/** The Jinja notation, which notes what it writes of its own: a known value is none of that. */
function recordNotation(own: string[]): Notation {
  const note = (of: unknown, text: string) => {
    if (isVariable(of)) own.push(...(text.match(/^\{[{%][^}]*\}|\{% end[a-z]+ %\}$/gm) ?? []))
    return text
  }
  return {
    scalar: (value) => note(value, jinjaNotation.scalar(value)),
    join: (list, separator) => note(list, jinjaNotation.join(list, separator)),
    each: (list, body) => note(list, jinjaNotation.each(list, body)),
    some: (list, body) => note(list, jinjaNotation.some(list, body)),
    none: (list, body) => note(list, jinjaNotation.none(list, body)),
    without: (list, value, body) => note(list, jinjaNotation.without(list, value, body)),
  }
}

/**
 * Every file that some document may put on a machine; what this one does not is to be taken away. Not the agent's unit: that
 * of a machine with an agent of its own has the same name.
 */
export const everyPath: readonly string[] = [
  ...Object.values(backends)
    .flatMap(({ paths }) => paths)
    .sort(),
  ...meshTemplates.map(({ path }) => path).filter((path) => !path.endsWith(`/${agentUnit}`)),
  // Without the first the second finds nothing and changes no file.
  bootPath,
  bootCommand.path,
  metricsCommand.path,
  registryCommand.path,
  tokenCommand.path,
]

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : 1
}
