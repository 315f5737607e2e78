import { lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readNftables } from './documents.ts'
import { newest } from './environments.ts'
import {
  assertSameFiles,
  describeFile,
  describePlaced,
  type Files,
  filesOfMachines,
  type Placed,
} from './files.ts'
import { withMachines } from './machines.ts'
import { runPlay } from './play.ts'
import { generateAll, withScratch, writeProject } from './project.ts'

const test = suite('the tasks of the role place what the target systemd has')
const kind = { groups: ['web', 'batch'], ipv6: true } as const

/** Placed in full for few, since every file costs Ansible a process. */
test('two hosts, with all that they get', () =>
  withScratch(async (scratch) => {
    const { placed, wanted } = await runRole(scratch, 2, 'files.yml')
    for (const [name, files] of wanted) assertSameFiles(placed(name), files, name)
  }))

test('50 hosts, with what is rendered for them and the names of what is copied', () =>
  withScratch(async (scratch) => {
    const { placed, copied, wanted } = await runRole(scratch, 50, 'machine_layer.yml', ['/etc/linkerd'])
    for (const [name, files] of wanted)
      assertSameFiles(new Map([...placed(name), ...copied(name)]), files, name)
  }))

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
      return new Map((said?.message as Placed[] | undefined)?.map((file) => readCopied(folder, file)))
    },
  }
}

function readCopied(folder: string, file: Placed): [string, string] {
  return describePlaced(file, readFileSync(join(folder, 'roles/linkerd_machine/files', file.src), 'utf8'))
}

function readTree(root: string): Files {
  const files: Files = new Map()
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files.set(
      path.slice(root.length),
      describeFile(lstatSync(path).mode & 0o7777, readFileSync(path, 'utf8')),
    )
  }
  return files
}

test.run()
