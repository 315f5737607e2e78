import * as assert from 'uvu/assert'
import { tellSwitch } from './failures-switch.ts'
import { addresses } from './harness/addresses.ts'
import { until } from './harness/command.ts'
import { type Backend, generateMachine, makeDocument } from './harness/document.ts'
import { bypassed, expectTraffic, proxied } from './harness/expect-traffic.ts'
import { createMachine } from './harness/machine.ts'
import { type Story, tellStory } from './harness/story.ts'
import { lookAtTraffic, type Traffic } from './harness/traffic.ts'

const variants: readonly { readonly mode: 'closed' | 'open'; readonly backend: Backend }[] = [
  { mode: 'closed', backend: 'iptables' },
  { mode: 'open', backend: 'iptables' },
  { mode: 'closed', backend: 'nftables' },
  { mode: 'open', backend: 'nftables' },
]

/** The table of docs/machine.md: what each failure does under `closed` and under `open`, with both backends. */
for (const { mode, backend } of variants) {
  const away: Traffic =
    mode === 'closed' ? { inbound: 'refused', outbound: 'refused', ssh: 'works' } : bypassed
  // A proxy that cannot come back at once, so that there is time to look.
  const slowProxy = (story: Story) =>
    story.machine.sh(`mkdir -p /run/systemd/system/linkerd-proxy.service.d
      printf '[Service]\\nRestartSec=20\\n' >/run/systemd/system/linkerd-proxy.service.d/slow.conf
      systemctl daemon-reload`)

  tellStory(`failures of a machine that is ${mode}, with ${backend}`, (story, step) => {
    step(`${mode}: joins`, async () => {
      const { world } = story
      const changes = { ...(mode === 'open' ? { onProxyFailure: 'open' as const } : {}), backend }
      story.machine = await createMachine(world, { generated: generateMachine(makeDocument(world, changes)) })
      await story.machine.startPolling()
      await story.machine.boot()
      await story.machine.joined(120)
      await expectTraffic(story, 'joined', proxied)
      await slowProxy(story)
    })

    step(`${mode}: kill -9 of the proxy`, async () => {
      const { machine } = story
      await machine.sh('systemctl kill -s KILL linkerd-proxy')
      await expectTraffic(story, 'while it is dead', away, 15)
      await expectTraffic(story, 'when it is back', proxied)
    })

    step(`${mode}: kill -9 of the agent`, async () => {
      const { machine } = story
      const before = await machine.must('systemctl', 'show', 'spire-agent', '-p', 'MainPID')
      await machine.sh('systemctl kill -s KILL spire-agent')
      assert.equal(await lookAtTraffic(story.world, machine), proxied)
      await until('the agent is back', 60, async () => {
        const now = await machine.must('systemctl', 'show', 'spire-agent', '-p', 'MainPID')
        return (
          now !== before &&
          !now.includes('=0') &&
          (await machine.run('test', '-S', '/run/spire/agent/public/api.sock')).code === 0
        )
      })
      await expectTraffic(story, 'with the new agent', proxied)
    })

    step(`${mode}: the agent ends in the moment in which the proxy becomes ready`, async () => {
      const { machine } = story
      const folder = '/run/systemd/system/linkerd-proxy.service.d'
      const proxy = () => machine.must('systemctl', 'show', 'linkerd-proxy', '-p', 'MainPID,SubState')
      // The look at the agent comes late, so that there is time to end it.
      await machine.sh(`printf '%s\\n' '[Service]' ExecStartPost= 'ExecStartPost=sleep 8' \
          'ExecStartPost=/usr/local/sbin/mesh-machine wait-ready' 'ExecStartPost=+/usr/local/sbin/mesh-machine joined' \
          >${folder}/late.conf
        systemctl daemon-reload; systemctl --no-block restart linkerd-proxy`)
      const starting = await until('the proxy is ready, and its unit does not know it', 60, async () => {
        const now = await proxy()
        const has = await machine.metric('control_identity_cert_refreshes_total', 'result="ok"')
        return now.includes('start-post') && has > 0 ? now : undefined
      })
      await machine.must('systemctl', 'stop', 'spire-agent')
      assert.is(await proxy(), starting, 'the agent was stopped too late')
      const later = await until('its unit knows it', 60, async () => {
        const now = await proxy()
        return now.includes('start-post') ? undefined : now
      })
      assert.is(later, starting.replace('start-post', 'running'))
      await expectTraffic(story, 'without an agent', proxied)
      await machine.sh(`rm ${folder}/late.conf; systemctl daemon-reload; systemctl start spire-agent`)
      await expectTraffic(story, 'with an agent', proxied)
    })

    step(`${mode}: stop and start of the target`, async () => {
      const { machine } = story
      await machine.must('systemctl', 'stop', 'linkerd-mesh.target')
      await expectTraffic(story, 'stopped', bypassed, 20)
      assert.equal(await machine.rules(), [])
      await machine.must('systemctl', 'start', 'linkerd-mesh.target')
      await expectTraffic(story, 'started', proxied)
    })

    step(`${mode}: stop and start of the proxy alone`, async () => {
      const { machine } = story
      await machine.must('systemctl', 'stop', 'linkerd-proxy')
      await expectTraffic(story, 'stopped', away, 20)
      await machine.must('systemctl', 'start', 'linkerd-proxy')
      await expectTraffic(story, 'started', proxied)
    })

    step(`${mode}: a stop while the rules load takes them away`, async () => {
      const { machine } = story
      for (const delay of [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4]) {
        await machine.sh(`systemctl stop linkerd-redirect; systemctl --no-block start linkerd-redirect
          sleep ${delay}; systemctl stop linkerd-redirect`)
        assert.equal(await machine.rules(), [], `after ${delay} s`)
      }
      await machine.must('systemctl', 'start', 'linkerd-redirect')
      await expectTraffic(story, 'started', proxied, 30)
    })

    step(`${mode}: a stop that overtakes the start takes the rules away as well`, async () => {
      const { machine } = story
      // systemd has heard of the stop, and not yet that loading has ended. No command ends fast enough to hit that at will.
      await machine.sh(`systemctl stop linkerd-redirect
        mkdir -p /run/systemd/system/linkerd-redirect.service.d
        cat >/run/systemd/system/linkerd-redirect.service.d/late.conf <<'LATE'
[Service]
ExecStartPost=/bin/sh -c 'trap "exit 0" TERM; : >/run/late; sleep 30 & wait'
LATE
        systemctl daemon-reload; systemctl --no-block start linkerd-redirect`)
      await until(
        'loading has ended, and systemd is still starting',
        30,
        async () =>
          (await machine.sh('ls /run; systemctl show linkerd-redirect -p SubState')).match(
            /^late$[\s\S]*=start-post$/m,
          ) !== null,
      )
      assert.is.not((await machine.rules()).length, 0)
      await machine.must('systemctl', 'stop', 'linkerd-redirect')
      assert.equal(await machine.rules(), [])
      await machine.sh(`rm -r /run/systemd/system/linkerd-redirect.service.d /run/late; systemctl daemon-reload
        systemctl start linkerd-redirect`)
      await expectTraffic(story, 'started', proxied, 30)
    })

    step(`${mode}: restart of the proxy`, async () => {
      await story.machine.must('systemctl', 'restart', 'linkerd-proxy')
      await expectTraffic(story, 'restarted', proxied, 30)
    })

    step(`${mode}: the SPIRE socket is missing when the proxy restarts`, async () => {
      const { machine } = story
      await machine.sh(`mkdir -p /run/systemd/system/spire-agent.service.d
        printf '[Unit]\\nConditionPathExists=/run/agent-may-run\\n' >/run/systemd/system/spire-agent.service.d/away.conf
        systemctl daemon-reload; systemctl stop spire-agent; systemctl --no-block restart linkerd-proxy`)
      await expectTraffic(story, 'without a socket', away, 20)
      await until('the proxy waits', 20, async () => (await machine.unit('linkerd-proxy')) === 'activating')
      await machine.sh('touch /run/agent-may-run; systemctl start spire-agent')
      await expectTraffic(story, 'with a socket', proxied, 120)
      await machine.sh('rm /run/systemd/system/spire-agent.service.d/away.conf; systemctl daemon-reload')
    })

    step(`${mode}: the resolver changes`, async () => {
      const { machine, world } = story
      await world.startClusterDns(addresses.otherClusterDns)
      const before = await machine.must('systemctl', 'show', 'linkerd-proxy', '-p', 'MainPID')
      // As a resolver rewrites its file: a new one is renamed over what the link /etc/resolv.conf leads to.
      await machine.sh(`printf 'nameserver ${addresses.otherClusterDns}\\n' >/run/systemd/resolve/new
        mv /run/systemd/resolve/new /run/systemd/resolve/stub-resolv.conf`)
      await until('the proxy was restarted', 60, async () => {
        const now = await machine.must('systemctl', 'show', 'linkerd-proxy', '-p', 'MainPID')
        return now !== before && !now.includes('=0')
      })
      await expectTraffic(story, 'with the other resolver', proxied)
      await until('it finds the control plane', 30, async () => {
        const ready = await machine.metric('control_destination_balancer_endpoints', 'endpoint_state="ready"')
        return ready === 1
      })
      await machine.must('systemctl', 'restart', 'systemd-resolved')
      await until('the proxy has the old resolver again', 60, async () =>
        (await machine.sh('cat /run/linkerd-proxy/nameservers')).includes('127.0.0.53'),
      )
      await expectTraffic(story, 'with the old resolver', proxied)
      await world.stopClusterDns(addresses.otherClusterDns)
    })

    if (mode === 'closed') tellSwitch(story, step, backend)

    step(`${mode}: SSH never failed`, async () => {
      const seen = await story.machine.stopPolling()
      assert.ok(seen.successes > 50)
      assert.equal(seen.failures, [])
    })

    // What `closed` does then is told in join.test.ts, with a look at the wire.
    if (mode === 'open') {
      step('open: a reboot while SPIRE is down', async () => {
        const { machine, world } = story
        await machine.powerOff()
        await world.spire.stop()
        await machine.startPolling()
        await machine.boot()
        await expectTraffic(story, 'without SPIRE', bypassed, 90)
        await until('its status says so', 120, async () => (await machine.status()).state === 'degraded')
        assert.equal(await machine.rules(), [])
        await world.spire.start()
        await expectTraffic(story, 'with SPIRE', proxied, 240)
        assert.equal((await machine.stopPolling()).failures, [])
      })
    }
  })
}
