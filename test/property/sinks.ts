import { load, loadAll } from 'js-yaml'
import type { Artifact } from '../../lib/index.ts'
import { readAssignments, readEnvironment, readRules, readUnit } from './readers.ts'

/** Everything that was generated for one machine, read back by readers of our own. */
export interface Sinks {
  readonly machine: string
  /** The overlay: absolute path to content. */
  readonly files: ReadonlyMap<string, string>
  readonly meshEnvironment: ReadonlyMap<string, string>
  readonly machineEnvironment: ReadonlyMap<string, string>
  readonly command: ReadonlyMap<string, string>
  readonly agent: { readonly agent: Readonly<Record<string, unknown>> }
  readonly units: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>
  readonly rules: readonly (readonly string[])[]
  readonly metaData: unknown
  readonly readme: string
  readonly ansible: AnsibleSinks
  /** Every key and every text of the objects for the cluster. */
  readonly cluster: ReadonlySet<string>
}

/** The folder of Ansible, read back. */
export interface AnsibleSinks {
  readonly inventory: Inventory
  /** Every file by its path below `ansible/`, where it is YAML as data. */
  readonly yaml: ReadonlyMap<string, unknown>
  /** A file that the role puts on the machines of a group. */
  readonly fileOf: (group: string, path: string) => string
}

interface Inventory {
  readonly linkerd_machines: {
    readonly hosts: Readonly<Record<string, Readonly<Record<string, unknown>>>>
    readonly children?: Readonly<Record<string, { readonly vars: Readonly<Record<string, unknown>> }>>
  }
}

interface Shape {
  readonly group: string
  readonly files: readonly { readonly path: string; readonly src: string }[]
  readonly templates: Shape['files']
}

/** Reads back the artifacts of a document with one machine, and checks on the way that both targets say the same. */
export function readSinks(artifacts: readonly Artifact[], machine: string): Sinks {
  const texts = new Map<string, string>()
  for (const { path, content } of artifacts) {
    if (path.startsWith('/') || path.split('/').some((part) => part === '' || part === '.' || part === '..'))
      throw new Error(`a path leaves its folder: ${path}`)
    if (typeof content !== 'string') throw new Error(`${path} is compressed`)
    texts.set(path, content)
  }
  const files = new Map<string, string>()
  const folder = `systemd/${machine}/`
  for (const [path, content] of texts)
    if (path.startsWith(folder)) files.set(path.slice(folder.length - 1), content)
  compareWithUserData(textOf(texts, `cloud-init/${machine}/user-data`), files)
  const units = new Map(
    [...files]
      .filter(([path]) => /\/system\/|\/resolved\.conf$/.test(path))
      .map(([path, text]) => [path, readUnit(text)]),
  )
  return {
    machine,
    files,
    meshEnvironment: readEnvironment(textOf(files, '/etc/linkerd/mesh.env')),
    machineEnvironment: readEnvironment(textOf(files, '/etc/linkerd/machine.env')),
    command: readAssignments(textOf(files, '/etc/linkerd/mesh-machine.conf')),
    agent: JSON.parse(textOf(files, '/etc/spire/agent.json')) as Sinks['agent'],
    units,
    rules: [
      ...readRules(textOf(files, '/etc/linkerd/redirect.v4')),
      ...readRules(files.get('/etc/linkerd/redirect.v6') ?? ''),
    ],
    metaData: load(textOf(texts, `cloud-init/${machine}/meta-data`)),
    readme: textOf(texts, 'systemd/README.md'),
    ansible: readAnsible(texts),
    cluster: readCluster(texts),
  }
}

function readCluster(texts: ReadonlyMap<string, string>): ReadonlySet<string> {
  const words = new Set<string>()
  const walk = (value: unknown): void => {
    if (typeof value === 'string') words.add(value)
    if (typeof value !== 'object' || value === null) return
    for (const [key, child] of Object.entries(value)) {
      if (!Array.isArray(value)) words.add(key)
      walk(child)
    }
  }
  for (const [path, text] of texts)
    if (path.startsWith('kubernetes/') && path.endsWith('.yaml')) walk(loadAll(text))
  return words
}

/** Most files of the role are the same for all documents. */
const loaded = new Map<string, unknown>()

function loadOnce(text: string): unknown {
  if (!loaded.has(text)) loaded.set(text, load(text))
  return loaded.get(text)
}

function readAnsible(texts: ReadonlyMap<string, string>): AnsibleSinks {
  const yaml = new Map<string, unknown>()
  for (const [path, text] of texts)
    if (path.startsWith('ansible/') && path.endsWith('.yml'))
      yaml.set(path.slice('ansible/'.length), loadOnce(text))
  const role = 'ansible/roles/linkerd_machine'
  const vars = yaml.get('roles/linkerd_machine/vars/main.yml') as { __linkerd_machine_shapes: Shape[] }
  return {
    inventory: yaml.get('inventory.yml') as Inventory,
    yaml,
    fileOf: (group, path) => {
      const shape = vars.__linkerd_machine_shapes.find((one) => one.group === group)
      const src = (list: Shape['files'] = []) => list.find((file) => file.path === path)?.src
      const [file, template] = [src(shape?.files), src(shape?.templates)]
      if (file !== undefined) return textOf(texts, `${role}/files/${file}`)
      return template === undefined ? '' : textOf(texts, `${role}/templates/${template}`)
    },
  }
}

function compareWithUserData(userData: string, files: ReadonlyMap<string, string>): void {
  if (!userData.startsWith('#cloud-config\n')) throw new Error('no cloud-config')
  const config = load(userData) as { write_files: { path: string; content: string }[] }
  const keys = Object.keys(config).sort().join()
  if (keys !== 'merge_how,packages,runcmd,write_files') throw new Error(`the keys are ${keys}`)
  if (config.write_files.length !== files.size) throw new Error('other files than in the overlay')
  for (const { path, content } of config.write_files)
    if (files.get(path) !== content) throw new Error(`${path} differs from the overlay`)
}

function textOf(texts: ReadonlyMap<string, string>, path: string): string {
  const text = texts.get(path)
  if (text === undefined) throw new Error(`there is no ${path}`)
  return text
}
