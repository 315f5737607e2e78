import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Artifact,
  type CloudConfig,
  cloudConfig,
  formatDiagnostic,
  generate,
  type MachinePlan,
  plan,
} from '../../../lib/index.ts'
import { fillIn } from '../../unit/files/filling.ts'
import type { RootFile } from './root.ts'

/** One machine of a document, with all that is generated for it. */
export interface CaseMachine {
  /** `<document>/<machine>`. */
  readonly title: string
  readonly plan: MachinePlan
  /** The overlay of the target `systemd`, with paths on the machine. */
  readonly placed: readonly RootFile[]
  /** Those, and what the machine fills in of them, with some address and name. */
  readonly files: readonly RootFile[]
  /** What the platform is handed. */
  readonly userData: string | Uint8Array
  readonly cloudConfig: CloudConfig
}

const tests = join(import.meta.dirname, '../..')

/** Every document that the readers are asked about: the golden cases, the examples, and those of this tier. */
export function readDocuments(): Map<string, string> {
  const documents = new Map<string, string>()
  const golden = join(tests, 'golden')
  for (const name of existsSync(golden) ? readdirSync(golden).sort() : []) {
    const file = join(golden, name, 'input.yaml')
    if (existsSync(file)) documents.set(`golden/${name}`, readFileSync(file, 'utf8'))
  }
  for (const folder of [join(tests, '../examples'), join(tests, 'oracle/documents')]) {
    for (const name of readdirSync(folder).sort()) {
      if (!name.endsWith('.yaml')) continue
      const text = readFileSync(join(folder, name), 'utf8')
      documents.set(name.replace(/\.yaml$/, ''), text)
    }
  }
  return documents
}

/** The machines of every document that can be generated; one with a choice that is not built yet is left out. */
export function readMachines(): CaseMachine[] {
  return readCases().machines
}

/** As {@link readMachines}, with what is said about documents that are refused for any other reason. */
export function readCases(): { machines: CaseMachine[]; refused: string[]; documents: string[] } {
  const machines: CaseMachine[] = []
  const refused: string[] = []
  const documents: string[] = []
  for (const [name, text] of readDocuments()) {
    const generated = generate(text, { targets: ['ansible', 'cloud-init', 'spire', 'systemd'] })
    const planned = plan(text)
    if (!generated.ok || !planned.ok) {
      const said = generated.diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)).join('\n')
      refused.push(`${name} is refused:\n${said}`)
      continue
    }
    documents.push(name)
    for (const machine of planned.value) machines.push(collect(name, machine, generated.value))
  }
  return { machines, refused, documents }
}

function collect(document: string, machine: MachinePlan, artifacts: readonly Artifact[]): CaseMachine {
  const overlay = `systemd/${machine.name}/`
  const userData = artifacts.find(({ path }) => path === `cloud-init/${machine.name}/user-data`)
  if (userData === undefined) throw new Error(`${document}: no user-data for ${machine.name}`)
  const placed = artifacts
    .filter(({ path }) => path.startsWith(overlay))
    .map(({ path, content, mode }) => ({ path: `/${path.slice(overlay.length)}`, content, mode }))
  return {
    title: `${document}/${machine.name}`,
    plan: machine.boot === undefined ? machine : (withFound(machine) as MachinePlan),
    placed,
    files: machine.boot === undefined ? placed : [...placed, ...fill(placed)],
    userData: userData.content,
    cloudConfig: cloudConfig(machine),
  }
}

const found = { name: 'i-0123456789abcdef0', ipv4: '192.0.2.77', ipv6: '2001:db8::77' }

/** A plan with what the machine would find. */
function withFound(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if ('variable' in value) {
    const { variable } = value
    if (variable === 'name') return found.name
    if (variable === 'addresses') return [found.ipv4, found.ipv6]
    const address = variable === 'ipv4' ? found.ipv4 : found.ipv6
    return 'item' in value ? [address] : address
  }
  if (Array.isArray(value)) return value.map(withFound)
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, withFound(child)]))
}

function fill(placed: readonly RootFile[]): RootFile[] {
  const files = placed.map(({ path, content }) => ({
    path,
    content: String(content),
    mode: 0o644,
    layer: 'machine',
  }))
  const filled = fillIn(['sh'], files as Parameters<typeof fillIn>[1], found)
  return [...filled].map(([path, content]) => ({ path, content, mode: 0o644 }))
}

/** A file of a machine as text. */
export function textOf(machine: CaseMachine, path: string): string {
  const file = machine.files.find((candidate) => candidate.path === path)
  if (typeof file?.content !== 'string') throw new Error(`${machine.title} has no ${path}`)
  return file.content
}
