/** What the role tells the cluster before a proxy restarts and before a machine leaves, and in which order. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { newest, oldest } from './environments.ts'
import type { Reported } from './play.ts'
import { type StandIn, withStandIn } from './stand-in.ts'

const test = suite('the role takes machines out of traffic')

const known = '--namespace=mixed-env'
const object = 'externalworkloads.workload.linkerd.io legacy-app'
const annotation = 'meshjoin.dev/drain'
const get = `kubectl ${known} get ${object} --ignore-not-found --output=json`
const annotate = `kubectl ${known} annotate ${object} ${annotation}`
const time = '2026-01-01T00:00:00Z'
const patch = (status: string, reason: string) =>
  `kubectl ${known} patch ${object} --subresource=status --type=merge --patch=${JSON.stringify({
    status: {
      conditions: [
        { lastTransitionTime: time, message: 'written by Ansible', reason, status, type: 'Ready' },
      ],
    },
  })}`
const ready = { metadata: {}, status: { conditions: [{ type: 'Ready', status: 'True' }] } }
const byHost = ['-e', 'linkerd_machine_kubectl_host=localhost']

/** The calls since the last look, with one time in all of them. */
function looker(machine: StandIn): () => string[] {
  let seen = 0
  return () => {
    const calls = machine.calls().map((call) => sortKeys(call).replace(/20\d\d-[0-9T:-]+Z/, time))
    const since = calls.slice(seen)
    seen = calls.length
    return since
  }
}

/** Ansible's JSON may have its keys in any order. */
function sortKeys(call: string): string {
  const [, before = '', json = ''] = /^(.*--patch=)(\{.*)$/.exec(call) ?? []
  if (json === '') return call
  const { status } = JSON.parse(json) as { status: { conditions: Record<string, string>[] } }
  const conditions = status.conditions.map((one) => Object.fromEntries(Object.entries(one).sort()))
  return `${before}${JSON.stringify({ status: { conditions } })}`
}

/** Files that change, without rules that do: nothing is on trial. */
const changed = (more: string) => ['-e', `linkerd_machine_server_name=${more}.example.internal`]

test('before a proxy restarts', () =>
  withStandIn(oldest, async (machine) => {
    const look = looker(machine)
    isFine(await machine.play('join.yml'))
    look()

    machine.tellCluster(ready)
    const alone = await machine.play('upgrade.yml', ...changed('a'), '-e', 'linkerd_machine_drain=5')
    isFine(alone)
    assert.equal(look(), ['upgrade --drain 5'])

    isFine(await machine.play('upgrade.yml', ...changed('b'), ...byHost))
    assert.equal(look(), [
      get,
      `${annotate}=true`,
      patch('False', 'Drained'),
      'upgrade --wait 30',
      `${annotate}-`,
      patch('True', 'Upgraded'),
    ])

    machine.tellCluster({ ...ready, metadata: { annotations: { [annotation]: 'true' } } })
    isFine(await machine.play('upgrade.yml', ...changed('c'), ...byHost, '-e', 'linkerd_machine_wait=0'))
    assert.equal(look(), [get, 'upgrade'], 'whoever drained it lets it in again')

    machine.tellCluster(ready)
    machine.failUpgrades(true)
    const failed = await machine.play('upgrade.yml', ...changed('f'), ...byHost)
    assert.is(failed.status, 2)
    assert.equal(look().slice(-2), ['upgrade --wait 30', `${annotate}-`], 'nobody says Ready of what failed')
  }))

test('before a machine leaves', () =>
  withStandIn(newest, async (machine) => {
    const look = looker(machine)
    isFine(await machine.play('join.yml'))
    look()
    machine.tellCluster(ready)
    machine.write('away.yml', [
      { name: 'Leave', hosts: 'linkerd_machines', gather_facts: false, tasks: [{ name: 'Leave', ...leave }] },
    ])
    isFine(await machine.play('away.yml', ...byHost))
    assert.equal(look(), [get, `${annotate}=true`, patch('False', 'Drained'), 'drain --wait 30'])
    machine.tellCluster(undefined)
    isFine(await machine.play('away.yml', ...byHost))
    assert.equal(look(), [get, 'drain --wait 30'], 'the cluster does not know it')
  }))

/** The part of the role before `mesh-machine leave`, which looks for a file of this machine. */
const leave = {
  'ansible.builtin.include_role': { name: 'linkerd_machine' },
  vars: { linkerd_machine_state: 'absent' },
}

function isFine({ status, events }: Reported): void {
  assert.is(status, 0, JSON.stringify(events.filter(({ kind }) => kind.endsWith('failed'))))
}

test.run()
