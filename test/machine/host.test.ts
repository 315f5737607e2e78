import * as assert from 'uvu/assert'
import { identity } from './harness/addresses.ts'
import { until } from './harness/command.ts'
import { generateMachine, makeDocument } from './harness/document.ts'
import { createMachine } from './harness/machine.ts'
import { place } from './harness/root.ts'
import { assertSame, takeSnapshot } from './harness/snapshot.ts'
import { tellStory } from './harness/story.ts'
import { lookAtTraffic } from './harness/traffic.ts'

/** As far as the steps change it. */
interface Changed {
  mesh: { clusterNetworks: string[] }
  redirect?: { inbound?: { scope: 'all' } }
}

const list = '/proc/sys/net/ipv4/ip_local_reserved_ports'

/** As RHEL, SUSE, Flatcar and Amazon Linux name it. `Accept=yes` has no `Triggers`. */
const sshdSocket = `[Socket]\nListenStream=203.0.113.42:2222\nFreeBind=yes\nAccept=yes\n[Install]\nWantedBy=sockets.target\n`
const sshdService = `[Service]\nExecStart=-/usr/sbin/sshd -i\nStandardInput=socket\n`

/**
 * A machine as a site has made it: SSH by a socket of systemd too, no IPv6, a web proxy for everything, an account of our
 * name, and ports that it keeps from outgoing connections.
 */
tellStory('a machine with ways of its own', (story, step) => {
  let before = ''
  const snapshot = async () => (await takeSnapshot(story.machine)) + (await story.machine.sh(`cat ${list}`))

  /** Linkerd's own default networks hold IPv6, so the document does. */
  const copyFiles = (edit: (document: Changed) => void = () => {}) => {
    const document = makeDocument(story.world) as Changed
    document.mesh.clusterNetworks.push('fd00::/8')
    edit(document)
    const root = `/proc/${story.machine.pid()}/root`
    for (const [path, { mode, content }] of generateMachine(document).files) place(root, path, content, mode)
  }
  const scopeAll = (document: Changed) => {
    document.redirect = { inbound: { scope: 'all' } }
  }
  const refuses = async (id: string, ...says: readonly RegExp[]) => {
    const { code, stderr } = await story.machine.run('mesh-machine', 'install')
    assert.is(code, 3, stderr)
    for (const pattern of says) assert.match(stderr, pattern)
    assert.is((await story.machine.status()).failure?.id, id)
    assert.equal(await story.machine.rules(), [])
  }

  step('boots', async () => {
    const { world } = story
    story.machine = await createMachine(world, {
      generated: generateMachine(makeDocument(world)),
      withoutUserData: true,
      withToken: false,
      edit: async (root) => {
        place(
          root,
          '/etc/systemd/system.conf.d/site.conf',
          '[Manager]\nDefaultEnvironment="HTTPS_PROXY=http://127.0.0.1:9" "https_proxy=http://127.0.0.1:9"\n',
        )
        place(
          root,
          '/etc/sysctl.d/50-site.conf',
          'net.ipv6.conf.all.disable_ipv6 = 1\nnet.ipv4.ip_local_reserved_ports = 4141,8472\n',
        )
        // nspawn has all of /proc/sys read-only; a machine has not.
        place(
          root,
          '/etc/systemd/system/systemd-sysctl.service.d/writable.conf',
          '[Unit]\nConditionPathIsReadWrite=\n[Service]\nExecStartPre=mount --bind /proc/sys/net /proc/sys/net\nExecStartPre=mount -o remount,bind,rw /proc/sys/net\n',
        )
        place(root, '/etc/systemd/system/sshd.socket', sshdSocket)
        place(root, '/etc/systemd/system/sshd@.service', sshdService)
      },
    })
    await story.machine.startPolling()
    await story.machine.boot()
    await until('it is up', 120, async () =>
      /running|degraded/.test((await story.machine.run('systemctl', 'is-system-running')).stdout),
    )
    assert.is(await story.machine.sh(`cat ${list}`), '4141,8472\n')
    assert.is(await story.machine.sh('cat /proc/net/if_inet6'), '')
    before = await snapshot()
  })

  step('refuses: a socket of systemd listens for SSH', async () => {
    const { machine } = story
    copyFiles(scopeAll)
    await machine.sh('systemctl start sshd.socket')
    await refuses('ssh', /port 2222 would be redirected/)
    await machine.sh('systemctl stop sshd.socket')
  })

  step('refuses: sshd is configured for a port, and has not been started since boot', async () => {
    const { machine } = story
    await machine.sh('echo Port=2022 >/etc/ssh/sshd_config.d/port.conf; mv /run/sshd /run/sshd.away')
    await refuses('ssh', /sshd's port 2022 would be redirected/)
    // What its unit would have made, as that makes it; OpenSSH 10 can say its port without.
    const made = await machine.sh('stat -c "%a %U" /run/sshd 2>/dev/null || echo none')
    assert.is(made, story.world.debian === 'bookworm' ? '755 root\n' : 'none\n')
    await machine.sh('rm -rf /etc/ssh/sshd_config.d/port.conf /run/sshd; mv /run/sshd.away /run/sshd')
  })

  step('refuses: an account has our name and another number, and says which', async () => {
    const { machine } = story
    await machine.sh('useradd -r -u 877 -U linkerd-proxy; groupmod -g 877 linkerd-proxy')
    copyFiles()
    await refuses('uid-taken', /proxy\.user\.uid: 877 takes the linkerd-proxy that is there/)
    await machine.sh('userdel linkerd-proxy')
  })

  step(
    'refuses: an image takes the credentials of every service away, and the remedy gives them back',
    async () => {
      const { machine } = story
      const root = `/proc/${machine.pid()}/root`
      place(root, '/etc/systemd/system/service.d/zzz-lxc-service.conf', '[Service]\nLoadCredential=\n')
      await machine.sh('systemctl daemon-reload')
      await refuses('credentials', /zzz-lxc-service\.conf takes the credentials of spire-agent\.service away/)
      const { failure } = await machine.status()
      await machine.sh(`${failure?.remedy}; systemctl daemon-reload`)
      assert.is((await machine.run('mesh-machine-check', '--before', '/run/failure')).code, 0)
    },
  )

  step('joins: the agent asks no web proxy, and the Linkerd proxy listens without IPv6', async () => {
    const { machine, world } = story
    const token = await world.spire.makeToken(identity.parent)
    place(`/proc/${machine.pid()}/root`, '/etc/spire/join-token', `${token}\n`, 0o600)
    await machine.sh('cd /root && mesh-machine install')
    await machine.joined(60)
    const listeners = await machine.sh(`ss -Hltn | awk '{print $4}' | grep ':414' | sort`)
    assert.is(listeners, '0.0.0.0:4143\n127.0.0.1:4140\n')
    for (const unit of ['spire-agent', 'linkerd-proxy']) {
      const environment = await machine.sh(
        `tr '\\0' '\\n' </proc/$(systemctl show -p MainPID --value ${unit})/environ | cut -d= -f1`,
      )
      assert.match(environment, /^PATH$/m)
      assert.not.match(environment, /_proxy$/im)
    }
    assert.match(await machine.sh('systemctl show-environment'), /^HTTPS_PROXY=/m, 'so this can fail')
    assert.is((await lookAtTraffic(world, machine)).outbound, 'proxied')
  })

  const keepsPorts = async () =>
    assert.is(await story.machine.sh(`cat ${list}`), '4140-4141,4143,4190-4191,8472\n')

  step("keeps the proxy's ports from outgoing connections, beside the site's", keepsPorts)

  step('is the same after a reboot', async () => {
    const { machine, world } = story
    await machine.stopPolling()
    await machine.powerOff()
    await machine.boot()
    await machine.joined()
    await keepsPorts()
    assert.is((await lookAtTraffic(world, machine)).outbound, 'proxied')
  })

  step('leaves all of it as it was', async () => {
    const { machine } = story
    await machine.must('mesh-machine', 'leave')
    await machine.sh(
      'rm /etc/spire/join-token; rmdir /etc/spire; rm -r /etc/systemd/system/service.d /etc/systemd/system/spire-agent.service.d; systemctl daemon-reload',
    )
    assertSame(await snapshot(), before)
  })
})
