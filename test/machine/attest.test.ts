import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { addresses, identity, names } from './harness/addresses.ts'
import { must, until } from './harness/command.ts'
import { type DocumentChanges, downloadAuthority, generateMachine, makeDocument } from './harness/document.ts'
import { scanForLeaks, watchProcesses } from './harness/leaks.ts'
import { createMachine } from './harness/machine.ts'
import { versions } from './harness/programs.ts'
import { place } from './harness/root.ts'
import { type Story, tellStory } from './harness/story.ts'
import { lookAtTraffic } from './harness/traffic.ts'
import type { World } from './harness/world.ts'

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
    const token = await world.spire.makeToken(identity.parent)
    const nspawn = [`--set-credential=spire.join-token:${token}`]
    story.machine = await createMachine(world, { generated, withToken: false, nspawn })
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

  step(
    'sshpop: the host key of sshd is handed to the agent, and a bundle that only root can read',
    async () => {
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
      place(root(story), '/etc/own/bundle.pem', text(world.authorities.mesh.certificate), 0o600)
      await attestAnew(story, { attestation: sshpop, spire: { trustBundle: '/etc/own/bundle.pem' } })
      await added
      assert.is(await agentWays(story), 'sshpop x509pop')
      assert.equal(await scanForLeaks(machine, secrets), [])
    },
  )

  step(
    'http_challenge: the server calls back to a port below 1024, and its bundle is from a URL',
    async () => {
      const { machine, world } = story
      const alias = `${parentId}-called`
      await world.spire.addAlias(alias, `http_challenge:hostname:${names.machine}`)
      await world.spire.addEntry(identity.spiffeId, alias, 'unix:uid:2102')
      await attestAnew(story, {
        attestation: { type: 'http_challenge', hostname: names.machine, port: 81 },
        spire: { trustBundle: await serveBundle(world), trustBundleCaFile: downloadAuthority },
        agent: { healthPort: 8082, metricsPort: 9988, availabilityTarget: '24h' },
      })
      for (const place of ['8082/ready', '9988/metrics'])
        assert.is(
          await machine.sh(`curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:${place}`),
          '200',
          place,
        )
      assert.is(await agentWays(story), 'http_challenge sshpop x509pop')
      const { stdout } = await machine.run('sh', '-c', 'ss -Hltn sport = :81')
      assert.is(stdout, '', 'it listens while it attests, and no longer')
    },
  )

  step('an agent of its own in a container: missing, and shut to the proxy, it is named', async () => {
    const { machine } = story
    await machine.sh('cp /opt/spire/current/bin/spire-agent /usr/local/bin/own-agent; mesh-machine leave')
    copyFiles(story, { existing: ownSocket })
    const missing = await machine.run('mesh-machine', 'install')
    assert.is(missing.code, 5, missing.stderr)
    assert.is((await machine.status()).failure?.what, `nothing listens on ${ownSocket}`)
    await startOwnAgent(story)
    const shut = await machine.run('mesh-machine', 'install')
    assert.is(shut.code, 3, shut.stderr)
    const { failure } = await machine.status()
    assert.is(failure?.id, 'closed-socket')
    assert.is(failure?.what, `linkerd-proxy cannot open ${ownSocket}: drwx------ own:own /run/own`)
    const { stdout } = await machine.run('cat', '/proc/net/unix')
    assert.not.match(stdout, ownSocket, 'the kernel does not list it here')
  })

  step('joins with it once it is open, and leaves it alone', async () => {
    const { machine, world } = story
    await machine.sh('chmod 755 /run/own')
    const { code, stderr } = await machine.run('mesh-machine', 'install')
    assert.is(code, 0, stderr)
    await machine.joined(60)
    assert.equal(await lookAtTraffic(world, machine), proxied)
    const doctor = await machine.run('mesh-machine-doctor')
    assert.is(doctor.code, 0, doctor.stdout)
    assert.match(
      doctor.stdout,
      /^nothing is wrong with .*\n(not looked at: .* it is yours\n|not looked at: the identities .*\n)+$/,
    )
    await machine.sh('chmod 700 /run/own')
    const closed = await machine.run('mesh-machine-doctor')
    assert.match(closed.stdout, /^socket-permissions: [\s\S]* drwx------ own:own \/run\/own$/m)
    await machine.sh('chmod 755 /run/own')
    const pid = await machine.must('systemctl', 'show', 'own-agent', '-p', 'MainPID', '--value')
    assert.is((await machine.run('id', 'spire-agent')).code, 1)
    assert.is((await machine.run('ls', '/etc/spire', '/opt/spire', '/var/lib/spire-agent')).stdout, '')
    await machine.must('mesh-machine', 'leave')
    assert.is(await machine.must('systemctl', 'show', 'own-agent', '-p', 'MainPID', '--value'), pid)
  })

  step('a token that a command prints, asked for once', async () => {
    const { machine, world } = story
    copyFiles(story, { attestation: { type: 'join_token', command: '/usr/local/sbin/print-token' } })
    place(root(story), '/usr/local/sbin/print-token', '#!/bin/sh\nexit 7\n', 0o700)
    const failed = machine.run('mesh-machine', 'install')
    await until('the reason is in the status', 60, async () =>
      (await machine.sh(tokenLog)).includes('ended with 7'),
    )
    const token = await world.spire.makeToken(identity.parent)
    place(root(story), '/etc/own/next', `${token}\n`, 0o600)
    const script = '#!/bin/sh\necho asked >>/etc/own/asked\ncat /etc/own/next\n'
    place(root(story), '/usr/local/sbin/print-token', script, 0o700)
    await failed
    await machine.joined(90)
    const where = await machine.must('stat', '-c', '%a %U', '/run/spire/agent/join-token')
    assert.is(where, '600 spire-agent\n')
    await machine.must('systemctl', 'restart', 'spire-agent')
    await machine.joined(60)
    assert.is(await machine.must('cat', '/etc/own/asked'), 'asked\n')
  })

  step('a token that the hypervisor hands over', async () => {
    await attestAnew(story, { attestation: { type: 'join_token', credential: 'spire.join-token' } })
  })

  step('a token of the document itself, which root alone can read', async () => {
    const insecureToken = await story.world.spire.makeToken(identity.parent)
    await attestAnew(story, { attestation: { type: 'join_token', insecureToken } })
    assert.is(await story.machine.must('stat', '-c', '%a %U', '/var/lib/linkerd/join-token'), '600 root\n')
  })
})

/** The address of the bundle, on a server whose CA no system knows. */
async function serveBundle({ authorities, folder, outside }: World): Promise<string> {
  const files = join(folder, 'bundles')
  mkdirSync(files)
  writeFileSync(join(files, 'bundle.pem'), authorities.text(authorities.mesh.certificate))
  const { key, certificate } = authorities.server
  await outside.call('startFiles', {
    address: addresses.downloads,
    port: 8444,
    folder: files,
    key,
    certificate,
  })
  return `https://${names.downloads}:8444/bundle.pem`
}

const tokenLog = 'journalctl -u spire-agent -b -o cat --no-pager'
const ownSocket = '/run/own/api.sock'

/** As in a container: another user, another network, and nothing but its socket in sight. */
async function startOwnAgent(story: Story): Promise<void> {
  const { machine, world } = story
  const token = await world.spire.makeToken(identity.parent)
  const plugins = {
    KeyManager: [{ memory: { plugin_data: {} } }],
    NodeAttestor: [{ join_token: { plugin_data: {} } }],
    WorkloadAttestor: [{ unix: { plugin_data: {} } }],
  }
  const agent = {
    data_dir: '/var/lib/own',
    log_level: 'WARN',
    server_address: addresses.spire,
    server_port: 8081,
    socket_path: ownSocket,
    trust_bundle_path: '/etc/own/bundle.pem',
    trust_domain: 'root.linkerd.cluster.local',
    join_token_file: '/etc/own/token',
  }
  await machine.sh(`useradd -r own
    install -d -o own -g own -m 700 /var/lib/own /run/own /etc/own
    ip netns add own
    ip link add own0 type veth peer name eth0 netns own
    ip address add 192.0.2.129/30 dev own0
    ip link set own0 up
    ip -n own address add 192.0.2.130/30 dev eth0
    ip -n own link set eth0 up
    ip -n own route add default via 192.0.2.129
    iptables -t nat -A POSTROUTING -s 192.0.2.130 -j MASQUERADE`)
  // From here, since /proc/sys is read-only inside.
  const forward = ['sysctl', '-qw', 'net.ipv4.ip_forward=1']
  await must('nsenter', ['-t', String(machine.pid()), '--net', ...forward])
  place(root(story), '/etc/own/agent.json', JSON.stringify({ agent, plugins }))
  place(root(story), '/etc/own/bundle.pem', world.authorities.text(world.authorities.mesh.certificate))
  place(root(story), '/etc/own/token', `${token}\n`, 0o600)
  await machine.sh(`chown own:own /etc/own/*
    systemd-run -q --unit=own-agent -p User=own -p NetworkNamespacePath=/run/netns/own \\
      /usr/local/bin/own-agent run -config /etc/own/agent.json`)
  await until('it listens', 30, async () => (await machine.run('test', '-S', ownSocket)).code === 0)
}

/** The machine forgets who it was, and is upgraded to a document with another attestation. */
async function attestAnew(story: Story, changes: DocumentChanges): Promise<void> {
  const { machine, world } = story
  copyFiles(story, changes)
  await machine.sh('rm -rf /var/lib/spire-agent/*')
  const { code, stderr } = await machine.run('mesh-machine', 'upgrade')
  assert.is(code, 0, stderr)
  await machine.joined(60)
  assert.equal(await lookAtTraffic(world, machine), proxied)
}

function copyFiles(story: Story, changes: DocumentChanges): void {
  for (const [path, { mode, content }] of generateMachine(makeDocument(story.world, changes)).files)
    place(root(story), path, content, mode)
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
