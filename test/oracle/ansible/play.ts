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
  /** The name of the file that has the task. */
  readonly file: string
  readonly message: unknown
}

interface Place {
  readonly environment: Environment
  /** The folder `ansible`. */
  readonly folder: string
  readonly scratch: string
}

export interface Play extends Place {
  readonly inventory?: string
  readonly tasks: readonly object[]
}

/** Where a task asks for a new connection and the machine is this one. */
const noReset = /^\[WARNING\]: Reset is not implemented for this connection\n+/

/** What a run reported, and how it ended. */
export interface Reported {
  readonly events: Event[]
  readonly status: number
}

/** Runs tasks on every host of the inventory, all of them this machine. */
export async function runPlay(play: Play): Promise<Reported> {
  const { environment, folder, inventory = 'inventory.yml', tasks } = play
  writeFileSync(
    join(folder, 'test.yml'),
    dump([
      {
        name: 'Test',
        hosts: 'all',
        connection: 'local',
        gather_facts: false,
        vars: { ansible_python_interpreter: pythonOf(environment) },
        tasks,
      },
    ]),
  )
  return await runPlaybooks(play, ['-i', inventory, 'test.yml'])
}

/** The Python that modules run with where the machine is this one. */
export function pythonOf({ folder }: Environment): string {
  return join(folder, 'bin/python')
}

/** Runs playbooks, with whatever options. */
export async function runPlaybooks(place: Place, options: readonly string[]): Promise<Reported> {
  const said = await runTool({
    ...place,
    command: ['ansible-playbook', '--forks', '4', ...options],
    variables: {
      ANSIBLE_CALLBACK_PLUGINS: plugins,
      ANSIBLE_STDOUT_CALLBACK: 'report',
      ANSIBLE_INJECT_FACT_VARS: 'False',
      ANSIBLE_PIPELINING: 'True',
    },
  })
  assert.is(said.stderr.replace(noReset, ''), '', `ansible-core ${place.environment.version}`)
  const lines = said.stdout.split('\n').filter((line) => line !== '')
  return { events: lines.map((line) => JSON.parse(line) as Event), status: said.status }
}
