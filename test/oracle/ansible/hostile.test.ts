import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dump } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readMinimal } from './documents.ts'
import { type Environment, newest, oldest } from './environments.ts'
import { drawHostile, type Hostile, printLiteral } from './hostile-values.ts'
import { type Event, runPlay } from './play.ts'
import { addToRole, generateAll, withScratch, writeProject } from './project.ts'

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

/** Both get half, since every host costs Ansible some tens of processes. */
const all = drawHostile(1000)

for (const [environment, some] of [
  [newest, all.filter((_, index) => index % 2 === 0)],
  [oldest, all.filter((_, index) => index % 2 === 1)],
] as const)
  test(`${some.length} of them, ansible-core ${environment.version}`, () =>
    withScratch((scratch) => refuse(scratch, environment, some)))

async function refuse(scratch: string, environment: Environment, some: readonly Hostile[]): Promise<void> {
  const folder = writeProject(scratch, generateAll(readMinimal(), ['ansible']))
  addToRole(folder, 'tasks/machine.yml', dump(passed))
  const hosts = new Map(some.map((hostile, index) => [`hostile-${index}`, hostile]))
  const variables = [...hosts].map(([host, { variable, value }]) => [
    host,
    { ...sane, [`linkerd_machine_${variable}`]: value },
  ])
  const inventory = { all: { hosts: { ...Object.fromEntries(variables), ...controls } } }
  writeFileSync(join(folder, 'hostile.yml'), printLiteral(inventory))
  const { events } = await runPlay({
    environment,
    folder,
    scratch,
    inventory: 'hostile.yml',
    tasks: [{ name: 'Role', 'ansible.builtin.include_role': { name: 'linkerd_machine' } }],
  })
  const byHost = new Map<string, Event[]>()
  for (const event of events) byHost.set(event.host, [...(byHost.get(event.host) ?? []), event])
  for (const host of Object.keys(controls)) assert.match(words(byHost.get(host)), /\bpassed\b/, host)
  for (const [host, { variable, value }] of hosts) {
    const said = byHost.get(host)
    const what = `${variable} = ${JSON.stringify(value)}`
    assert.ok(
      said?.some(({ kind }) => kind === 'failed'),
      `${what} is taken`,
    )
    assert.not.match(words(said), /\bpassed\b/, `${what} is taken`)
    assert.match(
      words(said),
      `linkerd_machine_${variable}`,
      `${what}: what it says does not name the variable`,
    )
  }
}

/** All that was said of failures. */
function words(events: readonly Event[] = []): string {
  const failed = events.filter(({ kind }) => kind.endsWith('failed'))
  return failed.map(({ message }) => JSON.stringify(message)).join('\n')
}

test.run()
