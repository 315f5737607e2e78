import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readMachines, textOf } from './support/cases.ts'
import { cache, type RootFile, runScript } from './support/root.ts'

const test = suite('spire-agent reads its configuration')
const machines = readMachines().filter(({ plan }) => plan.mesh.agent !== undefined)
const program = readFileSync(join(cache, 'spire/spire-agent'))

/** Reads the files that the configuration names, so those that systemd would hand over must be there. */
async function validate(files: readonly RootFile[]): Promise<{ status: number; said: string }> {
  const agent = { path: '/opt/spire/current/bin/spire-agent', content: program, mode: 0o755 }
  const { status, stdout, stderr } = await runScript(
    'bookworm',
    `mkdir -p /run/credentials/spire-agent.service; echo token >/run/credentials/spire-agent.service/join-token
     mkdir -p /run/spire/agent; echo token >/run/spire/agent/join-token
     /opt/spire/current/bin/spire-agent validate -config /etc/spire/agent.json`,
    { files: [...files, agent] },
  )
  return { status, said: stdout + stderr }
}

test('it takes the configuration of every machine', async () => {
  assert.ok(machines.length > 4)
  for (const machine of machines) {
    const { status, said } = await validate(machine.files)
    assert.is(said.trim(), 'SPIRE agent configuration file is valid.', machine.title)
    assert.is(status, 0, machine.title)
  }
})

test('it refuses an unknown key, and a missing one', async () => {
  const [machine] = machines
  if (machine === undefined) throw new Error('no machine with an agent')
  const agent = textOf(machine, '/etc/spire/agent.json')
  for (const [from, to] of [
    ['"data_dir"', '"data_dirs"'],
    ['"trust_domain"', '"trust_domains"'],
  ] as const) {
    const content = agent.replace(from, to)
    assert.is.not(content, agent, from)
    const { status, said } = await validate([...machine.files, { path: '/etc/spire/agent.json', content }])
    assert.is.not(status, 0, to)
    assert.match(said, /data_dirs|trust_domain/)
  }
})

test.run()
