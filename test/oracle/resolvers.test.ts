/** dnsmasq itself reads what a machine hands to it. unbound, NetworkManager and systemd-resolved do so in test/machine/resolvers.test.ts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { resolverPath } from '../../lib/kinds/resolvers/resolver.ts'
import { readMachines } from './support/cases.ts'
import { runCommand } from './support/root.ts'

const test = suite('resolvers read their files')

async function check(content: string): Promise<{ status: number; said: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-dnsmasq-'))
  try {
    const file = join(folder, 'dnsmasq.conf')
    writeFileSync(file, content)
    const { status, stdout, stderr } = await runCommand('dnsmasq', ['--test', `--conf-file=${file}`])
    return { status, said: stdout + stderr }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('dnsmasq finds no fault', async () => {
  let read = 0
  for (const { title, files, plan } of readMachines()) {
    if (!['dnsmasq', 'networkmanager'].includes(plan.mesh.resolver.provider)) continue
    const content = files.find(({ path }) => path === resolverPath)?.content ?? ''
    const { status, said } = await check(String(content))
    assert.is(status, 0, `${title}: ${said}`)
    read++
  }
  assert.ok(read >= 2)
})

test('dnsmasq says what is wrong with another file', async () => {
  const { status, said } = await check('server=/cluster.local/nowhere\n')
  assert.is.not(status, 0)
  assert.match(said, 'line 1')
})

test.run()
