import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { MachinePlan } from '../../lib/index.ts'
import { literalNotation, writeText } from '../../lib/plan/value.ts'
import { readMachines, textOf } from './support/cases.ts'
import { suites } from './support/root.ts'
import { printEnvironment, startAll } from './support/user-manager.ts'

const test = suite('systemd reads the environment files')
const machines = readMachines()

/** What was meant, machine.env last. */
function meant(plan: MachinePlan): Map<string, string> {
  const entries = [...plan.mesh.environment, ...plan.environment]
  return new Map(entries.map(({ name, value }) => [name, writeText(value, literalNotation)]))
}

test('there is a value of several lines, one of JSON, and one with every sign among the cases', () => {
  const values = machines.flatMap(({ plan }) => [...meant(plan).values()])
  assert.ok(values.some((value) => value.startsWith('-----BEGIN CERTIFICATE-----\n')))
  assert.ok(values.some((value) => value.startsWith('{"') && JSON.parse(value)))
  for (const sign of ['$', '%', '"', '`', '#', ';', '{{', '  ', '='])
    assert.ok(
      values.some((value) => value.includes(sign)),
      sign,
    )
})

for (const system of suites) {
  test(`${system}: a unit with both files starts with exactly the values that were meant`, async () => {
    const starts = machines.map((machine, index) => ({
      service: `EnvironmentFile=/opt/env/${index}/mesh.env\nEnvironmentFile=/opt/env/${index}/machine.env\n`,
      exec: `ExecStart=${printEnvironment}\n`,
      files: ['mesh.env', 'machine.env'].map((name) => ({
        path: `/opt/env/${index}/${name}`,
        content: textOf(machine, `/etc/linkerd/${name}`),
      })),
    }))
    const plain = await startAll(system, [{ service: '', exec: `ExecStart=${printEnvironment}\n` }])
    const own = new Set((plain[0] ?? []).map(nameOf))
    const started = await startAll(system, starts)
    for (const [index, machine] of machines.entries()) {
      const given = (started[index] ?? []).filter((entry) => !own.has(nameOf(entry)))
      const expected = [...meant(machine.plan)].map(([name, value]) => `${name}=${value}`)
      assert.is(given.sort().join('\0'), expected.sort().join('\0'), machine.title)
    }
  })
}

function nameOf(entry: string): string {
  return entry.slice(0, entry.indexOf('='))
}

test.run()
