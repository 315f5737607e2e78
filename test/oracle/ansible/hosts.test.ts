import { lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Artifact } from '../../../lib/index.ts'
import { readNftables } from './documents.ts'
import { newest } from './environments.ts'
import { withMachines } from './machines.ts'
import { runPlay } from './play.ts'
import { generateAll, withScratch, writeProject } from './project.ts'

const test = suite('the tasks of the role place what the target systemd has')
const kind = { groups: ['web', 'batch'], ipv6: true } as const

/** Mode and content by path. */
type Files = Map<string, string>

/** Placed in full for few, since every file costs Ansible a process. */
test('two hosts, with all that they get', () =>
  withScratch(async (scratch) => {
    const { placed, wanted } = await runRole(scratch, 2, 'files.yml')
    for (const [name, files] of wanted) compare(placed(name), files, name)
  }))

test('50 hosts, with what is rendered for them and the names of what is copied', () =>
  withScratch(async (scratch) => {
    const { placed, copied, wanted } = await runRole(scratch, 50, 'machine_layer.yml', ['/etc/linkerd'])
    for (const [name, files] of wanted) compare(new Map([...placed(name), ...copied(name)]), files, name)
  }))

function compare(has: Files, wanted: Files, name: string): void {
  assert.equal([...has.keys()].sort(), [...wanted.keys()].sort(), name)
  for (const [path, file] of wanted) assert.is(has.get(path), file, `${name}: ${path}`)
}

interface Ran {
  /** What is in the folder that stands for a host's root. */
  placed(name: string): Files
  /** What the role has for a host without templates. */
  copied(name: string): Files
  /** What the target systemd has, by host. */
  readonly wanted: ReadonlyMap<string, Files>
}

async function runRole(
  scratch: string,
  count: number,
  tasks: string,
  folders: readonly string[] = [],
): Promise<Ran> {
  const artifacts = generateAll(withMachines(readNftables(), kind, count, 7), ['ansible', 'systemd'])
  const root = join(scratch, 'hosts')
  const wanted = filesOfMachines(artifacts)
  assert.is(wanted.size, count)
  for (const name of wanted.keys())
    for (const folder of folders) mkdirSync(join(root, name, folder), { recursive: true })
  const folder = writeProject(scratch, artifacts)
  const { events, status } = await runPlay({
    environment: newest,
    folder,
    scratch,
    tasks: [
      {
        name: 'Role',
        'ansible.builtin.include_role': { name: 'linkerd_machine', tasks_from: tasks, public: true },
        // Of the task: variables of a play give way to those of a role.
        vars: { __linkerd_machine_root: `${root}/{{ inventory_hostname }}` },
      },
      { name: 'Copied', 'ansible.builtin.debug': { msg: '{{ __linkerd_machine_shape.files }}' } },
    ],
  })
  assert.is(status, 0, JSON.stringify(events.filter((event) => event.kind.endsWith('failed'))))
  return {
    wanted,
    placed: (name) => readTree(join(root, name)),
    copied: (name) => {
      const said = events.find(({ host, task }) => host === name && task === 'Copied')
      return new Map((said?.message as Copied[] | undefined)?.map((file) => readCopied(folder, file)))
    },
  }
}

/** An entry of a shape's files. */
interface Copied {
  readonly src: string
  readonly path: string
  readonly mode: string
}

function readCopied(folder: string, { src, path, mode }: Copied): [string, string] {
  const content = readFileSync(join(folder, 'roles/linkerd_machine/files', src), 'utf8')
  return [path, describe(Number.parseInt(mode, 8), content)]
}

function describe(mode: number, content: string): string {
  return `${mode.toString(8)}\n${content}`
}

function filesOfMachines(artifacts: readonly Artifact[]): Map<string, Files> {
  const machines = new Map<string, Files>()
  for (const { path, mode, content } of artifacts) {
    const [, name = '', file = ''] = /^systemd\/([^/]+)(\/.+)$/.exec(path) ?? []
    if (name === '') continue
    machines.set(name, (machines.get(name) ?? new Map()).set(file, describe(mode, String(content))))
  }
  return machines
}

function readTree(root: string): Files {
  const files: Files = new Map()
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files.set(path.slice(root.length), describe(lstatSync(path).mode & 0o7777, readFileSync(path, 'utf8')))
  }
  return files
}

test.run()
