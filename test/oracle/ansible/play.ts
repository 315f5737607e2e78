import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dump } from 'js-yaml'
import * as assert from 'uvu/assert'
import type { Environment } from './environments.ts'
import { runTool } from './project.ts'

const plugins = join(import.meta.dirname, 'plugins')

/** A line of plugins/report.py. */
export interface Event {
  readonly kind: 'ok' | 'skipped' | 'failed' | 'unreachable' | 'item-ok' | 'item-failed'
  readonly host: string
  readonly task: string
  readonly message: unknown
}

export interface Play {
  readonly environment: Environment
  /** The folder `ansible`, in which the playbook gets its place. */
  readonly folder: string
  readonly scratch: string
  readonly inventory?: string
  readonly tasks: readonly object[]
}

/** Runs tasks on every host of the inventory, all of them this machine, and returns what was reported. */
export async function runPlay(play: Play): Promise<{ events: Event[]; status: number }> {
  const { environment, folder, scratch, inventory = 'inventory.yml', tasks } = play
  writeFileSync(
    join(folder, 'test.yml'),
    dump([
      {
        name: 'Test',
        hosts: 'all',
        connection: 'local',
        gather_facts: false,
        vars: { ansible_python_interpreter: join(environment.folder, 'bin/python') },
        tasks,
      },
    ]),
  )
  const said = await runTool({
    environment,
    folder,
    scratch,
    command: ['ansible-playbook', '-i', inventory, '--forks', '4', 'test.yml'],
    variables: {
      ANSIBLE_CALLBACK_PLUGINS: plugins,
      ANSIBLE_STDOUT_CALLBACK: 'report',
      ANSIBLE_INJECT_FACT_VARS: 'False',
      ANSIBLE_PIPELINING: 'True',
    },
  })
  assert.is(said.stderr, '', `ansible-core ${environment.version}`)
  const lines = said.stdout.split('\n').filter((line) => line !== '')
  return { events: lines.map((line) => JSON.parse(line) as Event), status: said.status }
}
