import { copyFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as assert from 'uvu/assert'
import { addresses, identity, ports } from './harness/addresses.ts'
import { must, until } from './harness/command.ts'
import { generateMachine, makeDocument } from './harness/document.ts'
import { createMachine } from './harness/machine.ts'
import { addNamespace, startWorker } from './harness/namespace.ts'
import { proxyMember, versions } from './harness/programs.ts'
import { place } from './harness/root.ts'
import { assertSame, takeSnapshot } from './harness/snapshot.ts'
import { type Step, type Story, tellStory } from './harness/story.ts'
import { lookInbound } from './harness/traffic.ts'

/** Where the site's own packages have the programs. */
const site = { proxy: '/usr/libexec/site/linkerd2-proxy', agent: '/usr/libexec/site/spire-agent' } as const
const sshPort = 2222

/** Before cloud-init and all of ours: nspawn mounts /tmp and /proc itself, so they are mounted again. */
const mounts = `[Unit]
DefaultDependencies=no
Before=local-fs.target
[Service]
Type=oneshot
ExecStart=mount -o remount,noexec,nosuid,nodev /tmp
ExecStart=mount -t tmpfs -o noexec,nosuid,nodev tmpfs /home
ExecStart=mount -o remount,hidepid=2 /proc
[Install]
WantedBy=sysinit.target
`

/** As far as the steps change it. */
interface Changed {
  redirect?: { inbound: { scope: 'all'; exemptPorts?: readonly number[] } }
  proxy: { install: unknown }
  spire: { agent: { install: unknown } }
}

/** Hardened by a baseline, with programs of the site's own, SSH by a socket on another port, and a host name in capitals. */
tellStory('a hardened machine', (story, step) => {
  let before = ''

  const copyFiles = (exemptPorts?: readonly number[]) => {
    const document = makeDocument(story.world) as Changed
    document.proxy.install = { from: 'preinstalled', path: site.proxy }
    document.spire.agent.install = { from: 'preinstalled', path: site.agent }
    document.redirect = { inbound: { scope: 'all', ...(exemptPorts === undefined ? {} : { exemptPorts }) } }
    const root = `/proc/${story.machine.pid()}/root`
    for (const [path, { mode, content }] of generateMachine(document).files) place(root, path, content, mode)
  }
  const look = () => lookAt(story)

  step('boots', async () => {
    const { world } = story
    await world.stopDownloads()
    story.machine = await createMachine(world, {
      generated: { ...generateMachine(makeDocument(world)), name: 'LEGACY-APP' },
      withoutUserData: true,
      edit: (root) => harden(story, root),
    })
    await story.machine.boot()
    await until('it is up', 120, async () =>
      /running|degraded/.test((await story.machine.run('systemctl', 'is-system-running')).stdout),
    )
    const options = await story.machine.sh('for at in /tmp /home /proc; do findmnt -no OPTIONS "$at"; done')
    assert.match(options, /noexec.*\n.*noexec.*\n.*hidepid=(2|invisible)/)
    assert.is(await story.machine.sh('uname -n'), 'LEGACY-APP\n')
    await story.world.outside.call('startPolling', {
      name: 'socket',
      address: addresses.machine,
      port: sshPort,
      milliseconds: 500,
    })
    before = await takeSnapshot(story.machine)
  })

  step('refuses: a port of SSH would be redirected, on which systemd listens', async () => {
    const { machine } = story
    assert.match(await machine.sh(`ss -Hltnp sport = :${sshPort}`), /"systemd"/, 'and sshd does not')
    copyFiles()
    const { code, stderr } = await machine.run('mesh-machine', 'install')
    assert.is(code, 3, stderr)
    assert.match(stderr, new RegExp(`port ${sshPort} would be redirected`))
    assert.is((await machine.status()).failure?.id, 'ssh')
    assert.equal(await machine.rules(), [])
  })

  step('joins once the port is exempt, with the programs that are there, and fetches nothing', async () => {
    const { machine } = story
    copyFiles([sshPort])
    await machine.must('mesh-machine', 'install')
    await machine.joined()
    assert.equal(await look(), { inbound: 'proxied', outbound: 'proxied', ssh: 'SSH-' })
    const running = await machine.sh(
      'for unit in linkerd-proxy spire-agent; do readlink "/proc/$(systemctl show -p MainPID --value $unit)/exe"; done',
    )
    assert.is(running, `${site.proxy}\n${site.agent}\n`)
    assert.is((await machine.status()).spiffeId, identity.spiffeId)
    assert.is((await machine.run('mesh-machine', 'redirect', 'check')).code, 0)
  })

  step('is the same after a reboot', async () => {
    const { machine, world } = story
    assert.equal((await world.outside.call('stopPolling', { name: 'socket' })).failures, [])
    await machine.powerOff()
    await machine.boot()
    await machine.joined()
    assert.equal(await look(), { inbound: 'proxied', outbound: 'proxied', ssh: 'SSH-' })
  })

  tellContainers(story, step, look)
  tellTunnel(story, step, look)

  step('leaves all as it was, and the site its programs', async () => {
    const { machine } = story
    await machine.powerOff()
    await machine.boot()
    await machine.joined()
    await machine.must('mesh-machine', 'leave')
    assertSame(await takeSnapshot(machine), before)
    await machine.sh(`test -x ${site.proxy} && test -x ${site.agent}`)
    assert.equal(await look(), { inbound: 'bypassed', outbound: 'bypassed', ssh: 'SSH-' })
  })
})

async function harden({ world }: Story, root: string): Promise<void> {
  const { folder, proxy, agent } = world.programs
  const unpack = join(world.folder, 'site')
  mkdirSync(unpack)
  for (const { file } of [proxy, agent]) await must('tar', ['-C', unpack, '-xzf', join(folder, file)])
  mkdirSync(dirname(join(root, site.proxy)), { recursive: true })
  copyFileSync(join(unpack, proxyMember(versions.proxy)), join(root, site.proxy))
  copyFileSync(join(unpack, `spire-${versions.agent}/bin/spire-agent`), join(root, site.agent))
  place(root, '/etc/systemd/system/site-mounts.service', mounts)
  place(
    root,
    '/etc/systemd/system/ssh.socket.d/port.conf',
    `[Socket]\nListenStream=\nListenStream=${sshPort}\n`,
  )
  await must('chroot', [root, 'systemctl', '-q', 'disable', 'ssh.service'])
  await must('chroot', [root, 'systemctl', '-q', 'enable', 'site-mounts.service', 'ssh.socket'])
}

/** As `lookAtTraffic`, with SSH where it is here, and with whatever address the machine goes out by. */
async function lookAt({ machine, world }: Story) {
  const target = `${addresses.service}:${ports.echo}`
  const counted = () => machine.metric('outbound_tcp_open_total', target).catch(() => 0)
  const count = await counted()
  const answer = await machine.dial(addresses.service, ports.echo).catch(() => '')
  const banner = await world.outside
    .call('ask', { address: addresses.machine, port: sshPort, text: '', seconds: 5 })
    .catch(() => '')
  const outbound = answer === '' ? 'refused' : (await counted()) > count ? 'proxied' : 'bypassed'
  return { inbound: await lookInbound(world), outbound, ssh: banner.slice(0, 4) }
}

/** The chains of Docker 20 to 28 for one container with a published port. dockerd itself wants more than nspawn gives. */
const dockerRules = `
  iptables -P FORWARD DROP
  iptables -t nat -N DOCKER; iptables -N DOCKER; iptables -N DOCKER-USER
  iptables -I FORWARD -j DOCKER-USER
  iptables -t nat -I PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
  iptables -t nat -I OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
  iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
  iptables -t nat -A DOCKER ! -i docker0 -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:7000
  iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
  iptables -A FORWARD -o docker0 -j DOCKER; iptables -A FORWARD -i docker0 -j ACCEPT
  iptables -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp --dport 7000 -j ACCEPT`
const dockerGone = `
  iptables -P FORWARD ACCEPT; iptables -F FORWARD; iptables -F DOCKER; iptables -X DOCKER; iptables -X DOCKER-USER
  iptables -t nat -D PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
  iptables -t nat -D OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
  iptables -t nat -F DOCKER; iptables -t nat -X DOCKER
  iptables -t nat -D POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE`

function tellContainers(story: Story, step: Step, look: () => Promise<object>): void {
  const container = () => `${story.world.router}-d`
  const inside = (...words: string[]) =>
    must('nsenter', ['-t', String(story.machine.pid()), '--net', ...words])
  /** The first line of whoever answers there; the proxy waits for the client to say something. */
  const published = async (from: 'cluster' | 'outside') => {
    const asked = { address: addresses.machine, port: 8080, text: 'who am I\n', seconds: 5 }
    return (await story.world[from].call('ask', asked)).split('\n')[0] ?? ''
  }

  step('Docker publishes a port: it is the container’s also with every port redirected', async () => {
    const { machine } = story
    await addNamespace(container())
    await inside('sysctl', '-qw', 'net.ipv4.ip_forward=1')
    await inside('ip', 'link', 'add', 'docker0', 'type', 'bridge')
    await inside('ip', 'address', 'add', '172.17.0.1/16', 'dev', 'docker0')
    await inside('ip', 'link', 'add', 'c0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', container())
    await inside('ip', 'link', 'set', 'c0', 'master', 'docker0', 'up')
    await inside('ip', 'link', 'set', 'docker0', 'up')
    for (const words of [
      'address add 172.17.0.2/16 dev eth0',
      'link set eth0 up',
      'route add default via 172.17.0.1',
    ])
      await must('ip', ['-n', container(), ...words.split(' ')])
    const inContainer = await startWorker(container())
    await inContainer.call('listen', { address: '172.17.0.2', port: ports.echo })
    await machine.sh(dockerRules)
    assert.is(await published('outside'), `hello ${addresses.outside}`)
    await until('our rules are first again', 40, async () => {
      const first = await machine.sh('iptables -t nat -S PREROUTING | sed -n 2p')
      return first.includes('MESHJOIN')
    })
    assert.equal(await look(), { inbound: 'proxied', outbound: 'proxied', ssh: 'SSH-' })
    // A container dials out, and past the proxy, since what is forwarded is not the machine's own.
    const dialled = await must('ip', [
      ...['netns', 'exec', container(), 'timeout', '5', 'bash', '-c'],
      `exec 3<>/dev/tcp/${addresses.service}/${ports.echo} && head -n 1 <&3`,
    ])
    assert.is(dialled, `hello ${addresses.machine}\n`)
    assert.is(await published('outside'), `hello ${addresses.outside}`, 'a stranger, past the proxy')
    assert.match(await published('cluster'), /^hello (?!10\.42\.)/, 'a pod, through the proxy')
  })

  step('a restart of Docker leaves the mesh as it was', async () => {
    await story.machine.sh(`${dockerGone}${dockerRules}`)
    await until('our rules are first again', 40, async () => {
      const first = await story.machine.sh('iptables -t nat -S PREROUTING | sed -n 2p')
      return first.includes('MESHJOIN')
    })
    assert.equal(await look(), { inbound: 'proxied', outbound: 'proxied', ssh: 'SSH-' })
    await story.machine.sh(dockerGone)
  })
}

/** A tunnel that takes all that the machine sends, by the routes and rules of wg-quick; a cable stands in for WireGuard. */
function tellTunnel(story: Story, step: Step, look: () => Promise<object>): void {
  step('a tunnel with the routes of wg-quick carries the mesh as well', async () => {
    const { machine, world } = story
    await must('nsenter', [
      ...['-t', String(machine.pid()), '--net', 'ip', 'link', 'add', 'wg0', 'mtu', '1420'],
      ...['type', 'veth', 'peer', 'name', 'wg', 'mtu', '1420', 'netns', world.router],
    ])
    await must('ip', ['-n', world.router, 'address', 'add', '10.99.0.1/24', 'dev', 'wg'])
    await must('ip', ['-n', world.router, 'link', 'set', 'wg', 'up'])
    await machine.sh(`ip address add 10.99.0.2/24 dev wg0; ip link set wg0 up
      ip route add default via 10.99.0.1 dev wg0 table 51820
      ip rule add not fwmark 51820 table 51820; ip rule add table main suppress_prefixlength 0`)
    assert.match(await machine.sh(`ip route get ${addresses.service}`), /dev wg0/)
    assert.is(await machine.dial(addresses.stranger, ports.echo), 'hello 10.99.0.2\n')
    await until(`the mesh goes through it`, 30, async () => {
      const seen = JSON.stringify(await look())
      if (seen === JSON.stringify({ inbound: 'proxied', outbound: 'proxied', ssh: 'SSH-' })) return true
      throw new Error(seen)
    })
    await machine.must('systemctl', 'restart', 'linkerd-mesh.target')
    await machine.joined()
    assert.equal(await look(), { inbound: 'proxied', outbound: 'proxied', ssh: 'SSH-' })
  })
}
