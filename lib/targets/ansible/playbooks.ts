import { inventoryGroup } from './inventory.ts'
import type { Task } from './tasks.ts'
import { expand, publicName } from './variables.ts'

/** One play of a playbook. The role reads the few facts that it needs itself. */
function play(name: string, more: Task): Task {
  return { name, hosts: inventoryGroup, become: true, gather_facts: false, ...more }
}

/** Some at a time; `linkerd_machine_serial` says otherwise. */
function batches(sizes: string): string {
  return expand(`${publicName('serial')} | default(${sizes})`)
}

/** The playbooks by name; `role` is the role's name, or its full name in a collection. */
export function playbooks(role: string): Readonly<Record<string, readonly Task[]>> {
  return {
    join: [
      play('Join machines to the mesh', {
        serial: batches("['100%']"),
        roles: [{ role }],
      }),
    ],
    check: [
      play('Look how machines of the mesh are', {
        tasks: [
          {
            name: 'Check',
            // Without the ending it is also the name of an argument spec.
            'ansible.builtin.include_role': { name: role, tasks_from: 'check' },
          },
        ],
      }),
    ],
    upgrade: [
      play('Upgrade machines of the mesh, in batches', {
        serial: batches("[1, '25%']"),
        max_fail_percentage: 0,
        any_errors_fatal: true,
        roles: [{ role, vars: { [publicName('require_joined')]: true } }],
      }),
    ],
    leave: [
      play('Take machines out of the mesh', {
        roles: [{ role, vars: { [publicName('state')]: 'absent' } }],
      }),
    ],
  }
}
