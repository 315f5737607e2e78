import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dump } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readMinimal } from './documents.ts'
import { type Environment, newest, oldest } from './environments.ts'
import { drawHostile, type Hostile, printLiteral } from './hostile-values.ts'
import { runPlay } from './play.ts'
import { addToRole, generateAll, runTool, withScratch, writeProject } from './project.ts'

const test = suite('hostile variables stop the role')

/** Stands for everything behind the checks of variables: whoever comes here has passed them. */
const passed = [{ name: 'Passed', 'ansible.builtin.fail': { msg: 'passed' } }]

const sane = {
  linkerd_machine_namespace: 'mixed-env',
  linkerd_machine_addresses: ['203.0.113.9'],
  linkerd_machine_ports: [{ name: 'http', port: 80 }],
}
const controls = {
  'control-1': sane,
  'control-2': {
    ...sane,
    linkerd_machine_ports: [],
    linkerd_machine_addresses: ['203.0.113.9', '2001:db8::9'],
  },
  'control-3': { ...sane, linkerd_machine_local_addresses: ['192.168.0.7'], linkerd_machine_name: 'another' },
}

const all = drawHostile(1000)

/** Why the role refuses each host; undefined for one that passes all checks. */
type Refusals = ReadonlyMap<string, string | undefined>

test(`${all.length} of them, by the tasks of the role in one process`, () =>
  withScratch((scratch) => refuse(scratch, all, askTasks)))

// The role as a whole, for some: every host costs Ansible tens of processes.
for (const [environment, first] of [
  [newest, 0],
  [oldest, 5],
] as const)
  test(`some of them, by a play, ansible-core ${environment.version}`, () =>
    withScratch((scratch) =>
      refuse(
        scratch,
        all.filter((_, index) => index % 10 === first),
        (folder) => askPlay(folder, scratch, environment),
      ),
    ))

async function refuse(
  scratch: string,
  some: readonly Hostile[],
  ask: (folder: string, scratch: string) => Promise<Refusals>,
): Promise<void> {
  const folder = writeProject(scratch, generateAll(readMinimal(), ['ansible']))
  const hosts = new Map(some.map((hostile, index) => [`hostile-${index}`, hostile]))
  const variables = [...hosts].map(([host, { variable, value }]) => [
    host,
    { ...sane, [`linkerd_machine_${variable}`]: value },
  ])
  const inventory = { all: { hosts: { ...Object.fromEntries(variables), ...controls } } }
  writeFileSync(join(folder, 'hostile.yml'), printLiteral(inventory))
  const refusals = await ask(folder, scratch)
  assert.is(refusals.size, hosts.size + Object.keys(controls).length)
  for (const host of Object.keys(controls)) assert.is(refusals.get(host), undefined, host)
  for (const [host, { variable, value }] of hosts) {
    const said = refusals.get(host)
    const what = `${variable} = ${JSON.stringify(value)}`
    assert.ok(said, `${what} is taken`)
    assert.match(said, `linkerd_machine_${variable}`, `${what}: what it says does not name the variable`)
  }
}

/** Lines of check.py. */
async function askTasks(folder: string, scratch: string): Promise<Refusals> {
  const program = join(import.meta.dirname, 'check.py')
  const command = ['python', program, folder, 'hostile.yml'] as const
  const { stdout, stderr, status } = await runTool({ environment: oldest, folder, scratch, command })
  assert.is(status, 0, stderr)
  const lines = stdout.trim().split('\n')
  return new Map(
    lines.map((line) => {
      const { host, refused } = JSON.parse(line) as { host: string; refused: unknown }
      return [host, refused === null ? undefined : JSON.stringify(refused)]
    }),
  )
}

async function askPlay(folder: string, scratch: string, environment: Environment): Promise<Refusals> {
  addToRole(folder, 'tasks/machine.yml', dump(passed))
  const { events } = await runPlay({
    environment,
    folder,
    scratch,
    inventory: 'hostile.yml',
    tasks: [{ name: 'Role', 'ansible.builtin.include_role': { name: 'linkerd_machine' } }],
  })
  const said = new Map<string, string>()
  for (const { host, kind, message } of events)
    if (kind.endsWith('failed')) said.set(host, `${said.get(host) ?? ''}${JSON.stringify(message)}`)
  return new Map([...said].map(([host, text]) => [host, text === '"passed"' ? undefined : text]))
}

test.run()
