import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { identity, names } from './harness/addresses.ts'
import { must, until } from './harness/command.ts'
import { type DocumentChanges, generateMachine, makeDocument } from './harness/document.ts'
import { scanForLeaks, watchProcesses } from './harness/leaks.ts'
import { createMachine } from './harness/machine.ts'
import { versions } from './harness/programs.ts'
import { place } from './harness/root.ts'
import { type Story, tellStory } from './harness/story.ts'
import { lookAtTraffic } from './harness/traffic.ts'

const proxied = { inbound: 'proxied', outbound: 'proxied', ssh: 'works' }
const proxyPath = `/opt/linkerd/${versions.proxy}/linkerd2-proxy`
/** Not the one that an entry of the world is for: what the machine gets it gets by the entry of its step. */
const parentId = 'spiffe://root.linkerd.cluster.local/meshjoin/node/attested'
const x509pop = {
  type: 'x509pop',
  certificateFile: '/etc/pki/machine/tls.crt',
  privateKeyFile: '/etc/pki/machine/tls.key',
}
const sshpop = {
  type: 'sshpop',
  hostKeyFile: '/etc/ssh/own/host_key',
  hostCertificateFile: '/etc/ssh/own/host_key-cert.pub',
}

/** One machine, which proves itself to a real SPIRE server in one way after the other. */
tellStory('a machine attests by what it has', (story, step) => {
  let secrets: string[] = []

  step('x509pop: boots without its key, and says which file is missing', async () => {
    const { world } = story
    const { authorities } = world
    secrets = [authorities.machine.key, authorities.host.key].map((file) => piece(authorities.text(file)))
    const selectors = ['unix:uid:2102', `unix:path:${proxyPath}`, `unix:sha256:${await proxySum(story)}`]
    selectors.push('systemd:id:linkerd-proxy.service')
    await world.spire.addAlias(parentId, `x509pop:subject:cn:${names.machine}`)
    await world.spire.addEntry(identity.spiffeId, parentId, ...selectors)
    const generated = generateMachine(makeDocument(world, { attestation: x509pop, selectors, parentId }))
    story.machine = await createMachine(world, { generated, withToken: false })
    place(story.machine.root, x509pop.certificateFile, authorities.text(authorities.machine.certificate))
    await story.machine.boot()
    const failure = await until('its status names the file', 120, async () => {
      const found = (await story.machine.status()).failure
      return found?.id === 'no-credential' ? found : undefined
    })
    assert.is(failure.what, '/etc/pki/machine/tls.key is missing or empty')
    assert.match(story.machine.console(), /meshjoin: \/etc\/pki\/machine\/tls\.key is missing or empty/)
  })

  step('joins with the key, which root alone can read, by user, path, checksum and unit', async () => {
    const { machine, world } = story
    const { authorities } = world
    const stop = watchProcesses(machine, secrets)
    place(root(story), x509pop.privateKeyFile, authorities.text(authorities.machine.key), 0o600)
    const { code, stderr } = await machine.run('mesh-machine', 'install')
    assert.is(code, 0, stderr)
    await machine.joined(60)
    assert.equal(await lookAtTraffic(world, machine), proxied)
    assert.is(await agentWays(story), 'x509pop')
    assert.equal(stop(), [])
    assert.equal(await scanForLeaks(machine, secrets), [])
    const capabilities = await machine.sh(
      'grep ^CapEff "/proc/$(systemctl show spire-agent -p MainPID --value)/status"',
    )
    assert.match(capabilities, /:\s0*80000\n/, 'CAP_SYS_PTRACE and no other')
  })

  step('root and another program of the same user are given nothing', async () => {
    const { machine } = story
    const fetch =
      '/opt/spire/current/bin/spire-agent api fetch x509 -timeout 2s -socketPath /run/spire/agent/public/api.sock'
    for (const who of ['', 'setpriv --reuid=2102 --regid=2102 --clear-groups ']) {
      const { code, stdout, stderr } = await machine.run('sh', '-c', `${who}${fetch}`)
      assert.is.not(code, 0, stdout)
      assert.match(stdout + stderr, /no identity issued/)
    }
  })

  step('sshpop: the host key of sshd is handed to the agent', async () => {
    const { machine, world } = story
    const { host, text } = world.authorities
    place(root(story), sshpop.hostKeyFile, text(host.key), 0o600)
    place(root(story), sshpop.hostCertificateFile, text(host.certificate))
    // Its ID is known only by the fingerprint of the certificate.
    const added = until('the agent has attested by sshpop', 120, async () => {
      const id = (await world.spire.listAgents()).find((agent) => agent.includes('/sshpop/'))
      if (id !== undefined) await world.spire.addEntry(identity.spiffeId, id, 'unix:uid:2102')
      return id
    })
    await attestAnew(story, { attestation: sshpop })
    await added
    assert.is(await agentWays(story), 'sshpop x509pop')
    assert.equal(await scanForLeaks(machine, secrets), [])
  })

  step('http_challenge: the SPIRE server calls back, past the redirect, to a port below 1024', async () => {
    const { machine, world } = story
    const alias = `${parentId}-called`
    await world.spire.addAlias(alias, `http_challenge:hostname:${names.machine}`)
    await world.spire.addEntry(identity.spiffeId, alias, 'unix:uid:2102')
    await attestAnew(story, { attestation: { type: 'http_challenge', hostname: names.machine, port: 81 } })
    assert.is(await agentWays(story), 'http_challenge sshpop x509pop')
    const { stdout } = await machine.run('sh', '-c', 'ss -Hltn sport = :81')
    assert.is(stdout, '', 'it listens while it attests, and no longer')
  })
})

/** The machine forgets who it was, and is upgraded to a document with another attestation. */
async function attestAnew(story: Story, changes: DocumentChanges): Promise<void> {
  const { machine, world } = story
  for (const [path, { mode, content }] of generateMachine(makeDocument(world, changes)).files)
    place(root(story), path, content, mode)
  await machine.sh('rm -rf /var/lib/spire-agent/*')
  const { code, stderr } = await machine.run('mesh-machine', 'upgrade')
  assert.is(code, 0, stderr)
  await machine.joined(60)
  assert.equal(await lookAtTraffic(world, machine), proxied)
}

/** By which attestors the server knows agents. */
async function agentWays({ world }: Story): Promise<string> {
  const agents = await world.spire.listAgents()
  return [...new Set(agents.map((id) => id.split('/')[5] ?? id))].sort().join(' ')
}

async function proxySum({ world }: Story): Promise<string> {
  const archive = join(world.programs.folder, world.programs.proxy.file)
  return (await must('sh', ['-c', `tar -xzOf '${archive}' --wildcards '*linkerd2-proxy' | sha256sum`])).slice(
    0,
    64,
  )
}

/** A line from the middle of a key. */
function piece(key: string): string {
  return key.split('\n')[1]?.slice(0, 60) ?? key
}

function root({ machine }: Story): string {
  return `/proc/${machine.pid()}/root`
}
