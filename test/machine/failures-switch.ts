import * as assert from 'uvu/assert'
import type { Fate } from '../../lib/index.ts'
import { addresses, identity } from './harness/addresses.ts'
import { until } from './harness/command.ts'
import type { Backend } from './harness/document.ts'
import { expectTraffic, proxied } from './harness/expect-traffic.ts'
import { settle } from './harness/machine.ts'
import type { Story } from './harness/story.ts'
import { lookAtTraffic } from './harness/traffic.ts'

/** The off switch, and the timer that looks after the rules; the timer is made to run every other second. */
export function tellSwitch(
  story: Story,
  step: (name: string, body: () => Promise<void>) => void,
  backend: Backend,
): void {
  const off: Record<'inbound' | 'outbound', Fate> = { inbound: 'bypassed', outbound: 'bypassed' }
  const runs = async () =>
    Number(
      (
        await story.machine.sh(
          'journalctl -q --no-pager -o cat -u linkerd-redirect-assert.service | grep -c ^Finished',
        )
      ).trim(),
    )
  const severalRuns = async () => {
    const before = await runs()
    await until('the timer has run five times', 60, async () => (await runs()) >= before + 5)
  }

  step('the timer brings back rules that something else removed', async () => {
    const { machine } = story
    await machine.sh(`mkdir -p /run/systemd/system/linkerd-redirect-assert.timer.d
      printf '[Timer]\\nOnActiveSec=\\nOnUnitInactiveSec=\\nOnActiveSec=1s\\nOnUnitInactiveSec=2s\\nAccuracySec=100ms\\n' \
        >/run/systemd/system/linkerd-redirect-assert.timer.d/fast.conf
      systemctl daemon-reload; systemctl restart linkerd-redirect-assert.timer`)
    // What the kernel tells at once is flush.test.ts's.
    await machine.must('systemctl', 'stop', 'linkerd-redirect-watch')
    const before = await machine.rules()
    const areBack = () =>
      until('they are back', 30, async () => JSON.stringify(await machine.rules()) === JSON.stringify(before))
    await machine.sh(backend === 'iptables' ? 'iptables -t nat -F' : 'nft flush ruleset')
    await areBack()
    await machine.sh(
      backend === 'iptables'
        ? 'iptables -t nat -I OUTPUT 1 -p udp --dport 9 -j RETURN'
        : 'nft insert rule inet meshjoin outbound return',
    )
    await areBack()
    if (backend === 'iptables') {
      await until('ours are first again', 30, async () => {
        const [first] = (await machine.sh('iptables -t nat -S OUTPUT | sed -n 2p')).split('\n')
        return first?.includes('MESHJOIN')
      })
      await machine.sh('iptables -t nat -D OUTPUT -p udp --dport 9 -j RETURN')
    }
    await machine.must('systemctl', 'start', 'linkerd-redirect-watch')
  })

  step('"redirect down" holds against timers, restarts, crashes and another install', async () => {
    const { machine } = story
    await machine.must('mesh-machine', 'redirect', 'down')
    assert.equal(await machine.redirects(), [])
    await severalRuns()
    await machine.must('systemctl', 'restart', 'linkerd-proxy')
    await machine.sh('systemctl kill -s KILL linkerd-proxy')
    await until('the proxy is back', 60, async () => (await machine.unit('linkerd-proxy')) === 'active')
    await machine.must('systemctl', 'restart', 'linkerd-mesh.target')
    await machine.must('mesh-machine', 'install')
    await severalRuns()
    assert.equal(await machine.redirects(), [])
    assert.equal(await lookAtTraffic(story.world, machine), { ...off, ssh: 'works' })
    assert.is(await meshedPeer(story), `URI:${identity.spiffeId}`, 'who dials 4143 itself is still served')
  })

  step('"redirect up" undoes it', async () => {
    const started = Date.now()
    await story.machine.must('mesh-machine', 'redirect', 'up')
    process.stdout.write(`time: ${(Date.now() - started) / 1000} s for "redirect up"\n`)
    await expectTraffic(story, 'up again', proxied)
    await settle()
    const { code, stderr } = await story.machine.run('mesh-machine', 'redirect', 'check')
    assert.is(code, 0, stderr)
  })

  step('"redirect up --confirm-within" is undone unless it is confirmed', async () => {
    const { machine } = story
    await machine.must('mesh-machine', 'redirect', 'up', '--confirm-within', '3')
    await expectTraffic(story, 'on trial', proxied, 10)
    await until('nobody has confirmed', 30, async () => (await machine.redirects()).length === 0)
    assert.equal(await lookAtTraffic(story.world, machine), { ...off, ssh: 'works' })
    await machine.must('mesh-machine', 'redirect', 'up', '--confirm-within', '4')
    await machine.must('mesh-machine', 'redirect', 'confirm')
    assert.is(await machine.sh("systemctl list-units --all --no-legend 'linkerd-redirect-trial-*.timer'"), '')
    await settle(5000)
    await expectTraffic(story, 'confirmed', proxied, 10)
    assert.is((await machine.run('mesh-machine', 'redirect', 'confirm')).code, 1)
  })

  step('"redirect check" tries connections, and names what goes wrong', async () => {
    const { machine } = story
    const { code, stderr } = await machine.run('mesh-machine', 'redirect', 'check')
    assert.is(code, 0, stderr)
    assert.match(stderr, /[1-9][0-9]* connections went as they should, 0 did not/)
    // Somebody else's rule, in front of ours in all but the listing that is compared.
    await machine.sh(
      backend === 'iptables'
        ? 'iptables -t raw -A PREROUTING -p tcp --dport 80 -j DROP'
        : 'nft add table ip x; nft "add chain ip x y { type filter hook prerouting priority -300; }"; nft add rule ip x y tcp dport 80 drop',
    )
    const spoiled = await machine.run('mesh-machine', 'redirect', 'check')
    assert.is(spoiled.code, 6, spoiled.stderr)
    assert.match(
      spoiled.stderr,
      /inbound .*:80 from .*: should be proxied \(declared port .*\), but was refused: nobody answered; does a firewall/,
    )
    await machine.sh(
      backend === 'iptables'
        ? 'iptables -t raw -D PREROUTING -p tcp --dport 80 -j DROP'
        : 'nft delete table ip x',
    )
    assert.is((await machine.run('mesh-machine', 'redirect', 'check')).code, 0)
    assert.equal((await machine.sh('ip -o link; ip netns')).includes('meshjoin'), false)
  })

  step('the timer notices that the link /etc/resolv.conf leads elsewhere', async () => {
    const { machine } = story
    const before = await machine.must('systemctl', 'show', 'linkerd-proxy', '-p', 'MainPID')
    // A path unit does not see a link being replaced.
    await machine.sh('ln -sfn ../run/systemd/resolve/resolv.conf /etc/resolv.conf')
    await until('the proxy was restarted', 60, async () => {
      const now = await machine.must('systemctl', 'show', 'linkerd-proxy', '-p', 'MainPID')
      return now !== before && !now.includes('=0')
    })
    await machine.sh('ln -sfn ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf')
    await until('the proxy has the old resolver again', 60, async () =>
      (await machine.sh('cat /run/linkerd-proxy/nameservers')).includes('127.0.0.53'),
    )
    await expectTraffic(story, 'with the old resolver', proxied)
  })

  step('another install changes nothing', async () => {
    const { machine } = story
    const look = `find /etc /opt /usr/local /var/lib/linkerd -xdev -not -path '*/.cache*' -printf '%p %y %m %U:%G %T@ %l\\n' | sort`
    const before = [
      await machine.sh(look),
      await machine.sh('systemctl show linkerd-proxy spire-agent -p MainPID'),
    ]
    await machine.must('mesh-machine', 'install')
    const after = [
      await machine.sh(look),
      await machine.sh('systemctl show linkerd-proxy spire-agent -p MainPID'),
    ]
    assert.is(after[1], before[1])
    const changed = after[0]?.split('\n').filter((line) => !before[0]?.split('\n').includes(line)) ?? []
    const links = /^\/opt\/(linkerd|spire)(\/current)? /
    assert.equal(
      changed.filter((line) => !links.test(line)),
      [],
    )
  })
}

/** The SPIFFE ID that a meshed client sees which dials the proxy itself, as those of today do. */
async function meshedPeer({ world: { authorities, cluster } }: Story): Promise<string> {
  const shown = await cluster.call('handshake', {
    address: addresses.machine,
    port: 4143,
    serverName: identity.serverName,
    anchors: authorities.text(authorities.mesh.certificate),
    key: authorities.text(authorities.client.key),
    certificate: authorities.text(authorities.client.certificate),
    seconds: 5,
  })
  return shown.names
}
