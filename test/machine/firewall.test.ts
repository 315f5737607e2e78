import * as assert from 'uvu/assert'
import type { Fate } from '../../lib/index.ts'
import { addresses, identity } from './harness/addresses.ts'
import { must, until } from './harness/command.ts'
import { type Generated, generateMachine, makeDocument } from './harness/document.ts'
import { type Firewall, firewalls } from './harness/firewalls.ts'
import { createMachine } from './harness/machine.ts'
import { addNamespace } from './harness/namespace.ts'
import { place } from './harness/root.ts'
import { assertSame, takeSnapshot } from './harness/snapshot.ts'
import { type Story, tellStory } from './harness/story.ts'

/** What a stranger and an unmeshed pod reach: the declared port, and another one on which somebody listens. */
interface Reach {
  readonly stranger: Fate
  readonly strangerElsewhere: Fate
  readonly pod: Fate
  readonly podElsewhere: Fate
}

const elsewhere = 8081
const nobody: Reach = {
  stranger: 'refused',
  strangerElsewhere: 'refused',
  pod: 'refused',
  podElsewhere: 'refused',
}
const everybody: Reach = {
  stranger: 'bypassed',
  strangerElsewhere: 'bypassed',
  pod: 'bypassed',
  podElsewhere: 'bypassed',
}

type Step = (name: string, body: () => Promise<void>) => void

/** Everything on one machine, which joins and leaves for each set-up. One release has each backend. */
tellStory('a machine with more addresses, and with firewalls', (story, step) => {
  let generated: Generated
  const join = async () => {
    const { machine, world } = story
    const root = `/proc/${machine.pid()}/root`
    place(root, '/etc/spire/join-token', `${await world.spire.makeToken(identity.parent)}\n`, 0o600)
    for (const [path, { mode, content }] of generated.files) place(root, path, content, mode)
    await machine.must('mesh-machine', 'install')
    await machine.joined(60)
  }

  step('boots, and gets every firewall that there is', async () => {
    const { world } = story
    const backend = story.debian === 'bookworm' ? 'iptables' : 'nftables'
    generated = generateMachine(makeDocument(world, { backend }))
    story.machine = await createMachine(world, { generated, withoutUserData: true, withToken: false })
    const { machine } = story
    await machine.startPolling()
    await machine.boot()
    await until('it is up', 120, async () =>
      /running|degraded/.test((await machine.run('systemctl', 'is-system-running')).stdout),
    )
    await machine.sh(`printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d
      export DEBIAN_FRONTEND=noninteractive
      apt-get -q update; apt-get -q -y --no-install-recommends install nftables ufw firewalld; rm /usr/sbin/policy-rc.d
      systemctl reload dbus; systemctl start polkit
      systemd-run -q --unit=elsewhere python3 -m http.server ${elsewhere} --directory /srv`)
    for (const [name, content] of generated.firewalls)
      place(`/proc/${machine.pid()}/root`, `/root/firewall/${name}`, content, 0o755)
    await expectReach(story, 'without a firewall', everybody)
  })

  tellAddresses(story, step, join)
  for (const firewall of firewalls)
    if (firewall.only === undefined || firewall.only === story.debian)
      tellFirewall(story, step, firewall, join)

  step('SSH never failed', async () => {
    assert.equal((await story.machine.stopPolling()).failures, [])
  })
})

/** A second address on the NIC, a second NIC, and a container behind a bridge: none of them is in the document. */
function tellAddresses(story: Story, step: Step, join: () => Promise<void>): void {
  const own = { vip: '203.0.113.43', second: '198.18.0.1', bridge: '172.17.0.1' }
  const others = { neighbour: '198.18.0.2', container: '172.17.0.2' }
  const namespaceOf = (name: string) => `${story.world.router}-${name}`
  let before = ''

  const look = async () => {
    const curl = async (name: 'neighbour' | 'container', address: string) =>
      pathOf(
        await must('ip', [
          'netns',
          'exec',
          namespaceOf(name),
          'curl',
          '-si',
          '-m',
          '2',
          `http://${address}/`,
        ]).catch(() => ''),
        others[name],
      )
    const [pod, podToVip, podToSecond, strangerToVip, neighbour, container, containerToMachine] =
      await Promise.all([
        ask(story, 'cluster', addresses.machine, 80),
        ask(story, 'cluster', own.vip, 80),
        ask(story, 'cluster', own.second, 80),
        ask(story, 'outside', own.vip, 80),
        curl('neighbour', own.second),
        curl('container', own.bridge),
        curl('container', addresses.machine),
      ])
    return { pod, podToVip, podToSecond, strangerToVip, neighbour, container, containerToMachine }
  }
  const expect = (what: string, pod: Fate) => {
    const paths = { pod, podToVip: 'bypassed', podToSecond: 'bypassed', strangerToVip: 'bypassed' }
    const all = { ...paths, neighbour: 'bypassed', container: 'bypassed', containerToMachine: 'bypassed' }
    return expectSame(what, all, look)
  }

  step('addresses: before it joins, everybody reaches each of them', async () => {
    const { machine, world } = story
    const inside = (...words: string[]) =>
      must('nsenter', ['-t', String(machine.pid()), '--net', 'ip', ...words])
    const link = async (name: 'neighbour' | 'container', device: string) => {
      await addNamespace(namespaceOf(name))
      await inside('link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespaceOf(name))
      await must('ip', ['-n', namespaceOf(name), 'address', 'add', `${others[name]}/24`, 'dev', 'eth0'])
      await must('ip', ['-n', namespaceOf(name), 'link', 'set', 'eth0', 'up'])
      await inside('link', 'set', device, 'up')
    }
    await inside('address', 'add', `${own.vip}/24`, 'dev', 'host0')
    await link('neighbour', 'host1')
    await inside('address', 'add', `${own.second}/24`, 'dev', 'host1')
    await must('ip', ['-n', world.router, 'route', 'add', own.second, 'via', addresses.machine])
    await link('container', 'container')
    await inside('link', 'add', 'bridge', 'type', 'bridge')
    await inside('link', 'set', 'container', 'master', 'bridge')
    await inside('address', 'add', `${own.bridge}/24`, 'dev', 'bridge')
    await inside('link', 'set', 'bridge', 'up')
    await must('ip', ['-n', namespaceOf('container'), 'route', 'add', 'default', 'via', own.bridge])
    await expect('before', 'bypassed')
    before = await snapshot(story)
  })

  step('addresses: joined, they are reached as before, past the proxy', async () => {
    await join()
    await expect('joined', 'proxied')
    const { code, stderr } = await story.machine.run('mesh-machine', 'redirect', 'check')
    assert.is(code, 0, stderr)
  })

  step('addresses: left, everything is as before', async () => {
    await leave(story)
    await expect('left', 'bypassed')
    assertSame(await snapshot(story), before)
  })
}

function tellFirewall(story: Story, step: Step, firewall: Firewall, join: () => Promise<void>): void {
  const { name, program, acceptsRedirected = false, needsForwarding = false, on, off, open, close } = firewall
  const unhelped: Fate = acceptsRedirected ? 'proxied' : 'refused'
  let before = ''
  const sh = (script: string) => story.machine.sh(`(${script}\n) 2>&1`)
  // From here, since /proc/sys is read-only inside.
  const forward = (value: 0 | 1) =>
    must('nsenter', [
      ...['-t', String(story.machine.pid()), '--net', 'sysctl', '-qw', `net.ipv4.ip_forward=${value}`],
    ])
  const expect = (what: string, stranger: Fate, pod: Fate) =>
    expectReach(story, what, { ...nobody, stranger, pod })

  step(`${name}: before it joins`, async () => {
    await sh(on)
    await expect('with the port closed', 'refused', 'refused')
    await sh(open)
    await expect('with the port open', 'bypassed', 'bypassed')
    await sh(close)
    before = await snapshot(story)
  })

  step(`${name}: joined, a stranger reaches what he reached and nothing else`, async () => {
    await join()
    await expect('with the port closed', 'refused', unhelped)
    await sh(open)
    await expect('with the port open', 'bypassed', unhelped)
    await sh(close)
    const { code, stderr } = await story.machine.run('mesh-machine', 'redirect', 'check')
    assert.is(code, acceptsRedirected ? 0 : 6, stderr)
    if (!acceptsRedirected) assert.match(stderr, new RegExp(`firewall/.*${program}\\.sh`))
  })

  step(`${name}: its program lets the mesh in, and no stranger`, async () => {
    const { machine } = story
    if (needsForwarding) {
      const { code, stderr } = await machine.run('sh', '/root/firewall/firewalld.sh')
      assert.is(code, 1)
      assert.match(stderr, 'set StrictForwardPorts=no')
      await forward(1)
    }
    await sh(`sh /root/firewall/${program}.sh`)
    await expect('with the port closed', 'refused', 'proxied')
    const { code, stderr } = await machine.run('mesh-machine', 'redirect', 'check')
    assert.is(code, 0, stderr)
    const once = await machine.sh('nft -s list ruleset')
    await sh(`sh /root/firewall/${program}.sh`)
    assert.is(await machine.sh('nft -s list ruleset'), once, 'a second run changes nothing')
    await sh(open)
    await expect('with the port open', 'bypassed', 'proxied')
  })

  step(`${name}: left, everything is as before`, async () => {
    await leave(story)
    await expect('with the port open', 'bypassed', 'bypassed')
    await sh(close)
    await expect('with the port closed', 'refused', 'refused')
    await sh(`sh /root/firewall/${program}.sh remove`)
    assertSame(await snapshot(story), before)
    await sh(off)
    if (needsForwarding) await forward(0)
    await expectReach(story, 'without it', everybody)
  })
}

/** What `takeSnapshot` sees, and every table of nft, without the counters. */
async function snapshot({ machine }: Story): Promise<string> {
  const ruleset = "nft list ruleset | sed 's/counter packets [0-9]* bytes [0-9]*/counter/'"
  return `${await takeSnapshot(machine)}\n${await machine.sh(ruleset)}`
}

async function leave({ machine }: Story): Promise<void> {
  await machine.must('mesh-machine', 'leave')
  // The token is the operator's.
  await machine.sh('rm /etc/spire/join-token; rmdir /etc/spire')
}

/** Who the application said that it talks to, as a way; the other port says nothing about it. */
function pathOf(answer: string, own: string): Fate {
  const who = /hello from the application to (\S+)/.exec(answer)?.[1]
  if (who !== undefined) return who === own ? 'bypassed' : 'proxied'
  return answer.startsWith('HTTP/1.0 200 ') ? 'bypassed' : 'refused'
}

function ask({ world }: Story, from: 'outside' | 'cluster', address: string, port: number): Promise<Fate> {
  const own = from === 'outside' ? addresses.outside : addresses.client
  return world[from]
    .call('request', { address, port, path: '/', seconds: 2 })
    .then((answer) => pathOf(answer, own))
    .catch(() => 'refused')
}

function expectReach(story: Story, what: string, expected: Reach): Promise<void> {
  return expectSame(what, expected, async () => {
    const [stranger, strangerElsewhere, pod, podElsewhere] = await Promise.all([
      ask(story, 'outside', addresses.machine, 80),
      ask(story, 'outside', addresses.machine, elsewhere),
      ask(story, 'cluster', addresses.machine, 80),
      ask(story, 'cluster', addresses.machine, elsewhere),
    ])
    return { stranger, strangerElsewhere, pod, podElsewhere }
  })
}

/** Rules that a firewall took away with its own are back a second or two later. */
async function expectSame(what: string, expected: object, look: () => Promise<object>): Promise<void> {
  await until(`${what}: ${JSON.stringify(expected)}`, 20, async () => {
    const seen = JSON.stringify(await look())
    if (seen === JSON.stringify(expected)) return true
    throw new Error(seen)
  })
}
