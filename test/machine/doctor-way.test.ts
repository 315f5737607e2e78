import * as assert from 'uvu/assert'
import { addresses, identity, ports } from './harness/addresses.ts'
import { must } from './harness/command.ts'
import { assertAllRaised, broken, brokenBy, finds, isHealthy, look } from './harness/doctor.ts'
import { generateMachine, makeDocument } from './harness/document.ts'
import { createMachine } from './harness/machine.ts'
import { assertSame, takeSnapshot } from './harness/snapshot.ts'
import { type Story, tellStory } from './harness/story.ts'

const cluster = '10.44.0.0/16'
const dropIns = '/run/systemd/system/linkerd-proxy.service.d'
const restart = 'systemctl restart linkerd-proxy'
/** What the doctor reads in the journal is of the last minutes: takes it away. */
const forget = 'journalctl -q --rotate; journalctl -q --vacuum-time=1ms 2>/dev/null'
const destination = { address: addresses.destination, port: 8086 }
const policy = { address: addresses.policy, port: 8090 }

/** What is wrong on the way to the control plane, and what the mesh refuses. */
tellStory('what is wrong on the way to the mesh is said', (story, step) => {
  step('nothing is wrong, and looking changes nothing', async () => {
    const { world } = story
    const routes = [{ to: cluster, via: addresses.gateway }]
    const document = makeDocument(world, { gracePeriod: '1s', routes })
    story.machine = await createMachine(world, { generated: generateMachine(document) })
    const { machine } = story
    await machine.boot()
    await machine.joined(120)
    assert.is((await machine.cloudInit()).code, 0)
    await isHealthy(story)
    const before = await takeSnapshot(machine)
    await look(story)
    assertSame(await takeSnapshot(machine), before)
  })

  step('names: another resolver, one that does not pass them on, and names that nobody has', async () => {
    await brokenBy(
      story,
      'resolver-stub',
      /resolv\.conf is not of systemd-resolved/,
      `cp -P /etc/resolv.conf /run/resolv.conf; rm /etc/resolv.conf; echo nameserver ${addresses.siteDns} >/etc/resolv.conf`,
      'rm /etc/resolv.conf; cp -P /run/resolv.conf /etc/resolv.conf',
    )
    await brokenBy(
      story,
      'names-not-forwarded',
      /127\.0\.0\.53 says: .*but 10\.43\.0\.10 says: an address/,
      'systemctl stop linkerd-dns',
      'systemctl start linkerd-dns',
    )
    const { machine } = story
    await machine.sh(`cp -p /etc/linkerd/mesh-machine.conf /run/before
      sed -i s/linkerd.svc.cluster/mesh.svc.cluster/g /etc/linkerd/mesh-machine.conf`)
    await finds(story, 'name-unknown', /10\.43\.0\.10 says: no such name/)
    await finds(story, 'name-unknown', /10\.43\.0\.10 says: no such name/, '--before')
    await machine.sh('cp -p /run/before /etc/linkerd/mesh-machine.conf')
    await isHealthy(story)
  })

  step(
    'routes: none, one of the document gone, and a bridge of containers with the same addresses',
    async () => {
      await brokenBy(
        story,
        'no-route',
        /No route to host/,
        'ip route add unreachable 10.42.0.0/16',
        'ip route del unreachable 10.42.0.0/16',
      )
      await brokenBy(
        story,
        'routes-missing',
        /the unit is active/,
        'ip route flush proto 108',
        'systemctl restart linkerd-mesh-routes',
      )
      await brokenBy(
        story,
        'network-is-local',
        /10\.42\.0\.1 dev /,
        'ip link add docker0 type bridge; ip address add 10.42.0.1/16 dev docker0; ip link set docker0 up',
        'ip link delete docker0',
      )
    },
  )

  step('ports: closed to one user, refused, and without an answer', async () => {
    await brokenBy(
      story,
      'user-blocked',
      /--uid-owner 2102 .*REJECT/,
      'iptables -I OUTPUT -m owner --uid-owner 2102 -p tcp --dport 8090 -j REJECT',
      'iptables -D OUTPUT 1',
    )
    await story.machine.sh('iptables -I OUTPUT -m owner --uid-owner 2103 -p tcp --dport 8081 -j DROP')
    await finds(story, 'user-blocked', /--uid-owner 2103 .*DROP/)
    await story.machine.sh('iptables -D OUTPUT 1')
    await isHealthy(story)
    await filter(story, '-p', 'tcp', '--dport', '8086', '-j', 'REJECT', '--reject-with', 'tcp-reset')
    await finds(story, 'control-plane-refused', /10\.42\.0\.20 port 8086: refused/)
    await unfilter(story)
    await filter(story, '-p', 'tcp', '--dport', '8090', '-j', 'DROP')
    await finds(story, 'control-plane-silent', /10\.42\.0\.21 port 8090: no answer/)
    await unfilter(story)
    await isHealthy(story)
  })

  step('everything is dropped: the cause comes first, and it ends in time', async () => {
    await filter(story, '-j', 'DROP')
    await finds(story, 'cluster-dns-away', /10\.43\.0\.10 says: no answer/)
    await finds(story, 'cluster-dns-away', /10\.43\.0\.10 says: no answer/, '--before')
    await unfilter(story)
    await isHealthy(story)
  })

  step(
    'a path that takes no large packets, and somebody else where the control plane should be',
    async () => {
      const { authorities, cluster: place, folder } = story.world
      const { key, certificate } = authorities.otherClient
      await place.call('close', destination)
      await place.call('startFiles', { ...destination, folder, key, certificate })
      await finds(story, 'control-plane-untrusted', /shown: .*DNS:client\.test.* openssl: /)
      await must('ip', [
        'netns',
        'exec',
        story.world.router,
        'iptables',
        '-A',
        'OUTPUT',
        '-p',
        'icmp',
        '-j',
        'DROP',
      ])
      await must('ip', ['-n', story.world.router, 'link', 'set', 'cluster', 'mtu', '1300'])
      await finds(story, 'path-mtu', /3 kB to 10\.42\.0\.20 .* MTU of 1500; ss says .*unacked/)
      await must('ip', ['-n', story.world.router, 'link', 'set', 'cluster', 'mtu', '1500'])
      await must('ip', ['netns', 'exec', story.world.router, 'iptables', '-F', 'OUTPUT'])
      await place.call('close', destination)
      await place.call('listen', destination)
      await isHealthy(story)
    },
  )

  step('the proxy: settings that it refuses, an end again and again, a port that hangs', async () => {
    const { machine } = story
    await broken(
      story,
      'proxy-settings',
      /OUTBOUND_CONNECT_TIMEOUT="soon"/,
      `echo "LINKERD2_PROXY_OUTBOUND_CONNECT_TIMEOUT='soon'" >>/etc/linkerd/machine.env`,
      '/etc/linkerd/machine.env',
      'systemctl reset-failed linkerd-proxy; systemctl --no-block restart linkerd-proxy',
    )
    await brokenBy(
      story,
      'proxy-restarts',
      /exited/,
      `mkdir -p ${dropIns}; printf '[Service]\\nRestartSec=1\\nExecStart=\\nExecStart=/bin/false\\n' >${dropIns}/false.conf
      systemctl daemon-reload; systemctl --no-block restart linkerd-proxy`,
      `rm ${dropIns}/false.conf; systemctl daemon-reload; systemctl stop linkerd-proxy; systemctl start linkerd-proxy`,
    )
    await brokenBy(
      story,
      'admin-silent',
      /LISTEN .*127\.0\.0\.1:4191/,
      'iptables -I INPUT -i lo -p tcp --dport 4191 -j DROP',
      'iptables -D INPUT 1',
    )
    await machine.sh(`cat >${dropIns}/gone.conf <<'END'
[Service]
ExecStartPre=+/bin/sh -c '[ -e /run/ended ] || { touch /run/ended; systemctl kill -s KILL spire-agent; sleep 1; }'
ExecStartPost=
END
      systemctl daemon-reload; systemctl --no-block restart linkerd-proxy`)
    await finds(story, 'proxy-deaf', /ready says 200/)
    await machine.sh(
      `rm ${dropIns}/gone.conf; systemctl daemon-reload; systemctl kill -s KILL linkerd-proxy; sleep 1; ${restart}`,
    )
    await machine.sh(forget)
    await isHealthy(story)
  })

  step('the cluster knows no such workload', async () => {
    const { cluster: place } = story.world
    await place.call('close', policy)
    await place.call('say', { ...policy, text: 'unknown server\n' })
    await finds(story, 'workload-unknown', /unknown server/)
    await place.call('close', policy)
    await place.call('listen', policy)
    await story.machine.sh(forget)
    await isHealthy(story)
  })

  step('the control plane hangs up', async () => {
    const { cluster: place } = story.world
    await place.call('close', policy)
    await place.call('say', { ...policy, text: '', ends: true })
    await finds(story, 'control-plane-lost', /ready: 0/)
    await place.call('close', policy)
    await place.call('listen', policy)
    await story.machine.sh(restart)
    await isHealthy(story)
  })

  step('a peer refuses this machine, in the words of its proxy', async () => {
    const { cluster: place } = story.world
    const peer = { address: addresses.service, port: ports.echo }
    await place.call('close', peer)
    const text =
      'HTTP/1.1 403 Forbidden\r\nl5d-proxy-error: unauthorized request on route\r\ncontent-length: 0\r\n\r\n'
    await place.call('say', { ...peer, text })
    await story.machine.dial(peer.address, peer.port)
    await finds(story, 'peer-refuses', /Remote proxy error error="unauthorized request on route"/)
    await place.call('close', peer)
    await place.call('listen', peer)
    await story.machine.sh(forget)
    await isHealthy(story)
  })

  step('this machine refuses a meshed client', async () => {
    const { authorities, cluster: place } = story.world
    const { machine } = story
    await machine.sh(`cp -p /etc/linkerd/mesh.env /run/mesh.env
      sed -i "s/^\\(LINKERD2_PROXY_INBOUND_DEFAULT_POLICY\\)=.*/\\1='deny'/" /etc/linkerd/mesh.env; ${restart}`)
    await place
      .call('handshake', {
        address: addresses.machine,
        port: 80,
        seconds: 5,
        serverName: identity.serverName,
        anchors: authorities.text(authorities.mesh.certificate),
        key: authorities.text(authorities.client.key),
        certificate: authorities.text(authorities.client.certificate),
        path: '/',
      })
      .catch(() => {})
    await finds(story, 'refuses-peers', /server\.name=deny .*client\.test\.serviceaccount/)
    await machine.sh(`cp -p /run/mesh.env /etc/linkerd/mesh.env; ${restart}; ${forget}`)
    await isHealthy(story)
  })

  step('clients that wait for the server to speak are cut off', async () => {
    const { cluster: place } = story.world
    const silent = { address: addresses.machine, port: 80, text: '', seconds: 14 }
    await Promise.all([1, 2, 3].map(() => place.call('ask', silent).catch(() => {})))
    await finds(story, 'protocol-timeout', /target_port="80"/)
    await story.machine.sh(restart)
    await isHealthy(story)
  })

  step('every breakage was found', async () => assertAllRaised(import.meta.url))
})

/** A rule in front of what the cluster's side gets. */
async function filter({ world }: Story, ...rule: string[]): Promise<void> {
  await must('ip', ['netns', 'exec', world.cluster.name, 'iptables', '-A', 'INPUT', ...rule])
}

async function unfilter({ world }: Story): Promise<void> {
  await must('ip', ['netns', 'exec', world.cluster.name, 'iptables', '-F', 'INPUT'])
}
