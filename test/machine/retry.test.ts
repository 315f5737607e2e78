import * as assert from 'uvu/assert'
import { until } from './harness/command.ts'
import { generateMachine, makeDocument } from './harness/document.ts'
import { createMachine } from './harness/machine.ts'
import { type Story, tellStory } from './harness/story.ts'
import { lookAtTraffic } from './harness/traffic.ts'

/**
 * The download server, then SPIRE, then the cluster's DNS are away at first boot. Each holds the machine up in turn, and it
 * goes on by itself as soon as that one is back: nobody touches it between its boot and its joining.
 */
tellStory('a first boot into trouble', (story, step) => {
  const reports = (id: string, text: RegExp, seconds: number) =>
    until(`the status names ${id}`, seconds, async () => {
      const { state, failure } = await story.machine.status()
      if (failure?.id === id && text.test(failure.what)) return true
      throw new Error(`${state} ${failure?.id}: ${failure?.what}`)
    })

  step('boots while downloads, SPIRE and cluster DNS are down', async () => {
    const { world } = story
    await Promise.all([world.stopDownloads(), world.spire.stop(), world.stopClusterDns()])
    // The token is made while the server is up, as it was when the operator made it.
    await world.spire.start()
    story.machine = await createMachine(world, { generated: generateMachine(makeDocument(world)) })
    await world.spire.stop()
    await story.machine.startPolling()
    await story.machine.boot()
  })

  step('says that the download failed, and cloud-init does, too', async () => {
    const { machine } = story
    await reports('download', /downloads\.example\.internal/, 120)
    const { code, ...said } = await machine.cloudInit()
    assert.ok(code !== 0, JSON.stringify(said))
    await noRules(story)
    await until('it has tried again', 120, async () => {
      const text = await machine.sh('journalctl -q --no-pager -o cat -u mesh-machine-join.service')
      return text.includes('mesh-machine: downloading https://downloads.example.internal')
    })
    await reports('download', /downloads\.example\.internal/, 120)
    assert.match(machine.console(), /meshjoin: https:\/\/downloads\.example\.internal/)
  })

  step('goes on when downloads are back, until SPIRE holds it up', async () => {
    const { machine, world } = story
    await world.startDownloads()
    await until('the agent has given up at least once', 240, async () => {
      const restarts = await machine.must('systemctl', 'show', 'spire-agent', '-p', 'NRestarts', '--value')
      return Number(restarts) >= 1
    })
    await reports('no-identity', /SPIRE agent/, 120)
    await noRules(story)
  })

  step('goes on when SPIRE is back, until the names of the control plane hold it up', async () => {
    const { world } = story
    await world.spire.start()
    await reports('proxy-not-ready', /control plane/, 180)
    await noRules(story)
  })

  step('joins untouched when the cluster DNS is back', async () => {
    const { machine, world } = story
    await world.startClusterDns()
    await machine.joined(180)
    assert.equal(await lookAtTraffic(world, machine), {
      inbound: 'proxied',
      outbound: 'proxied',
      ssh: 'works',
    })
    await until('the retry has switched itself off', 60, async () =>
      (await machine.run('systemctl', 'is-enabled', 'mesh-machine-join.timer')).stdout.includes('disabled'),
    )
    const seen = await machine.stopPolling()
    assert.ok(seen.successes > 100)
    assert.equal(seen.failures, [])
  })
})

async function noRules({ machine, world }: Story): Promise<void> {
  assert.equal(await machine.rules(), [])
  assert.equal(await lookAtTraffic(world, machine), {
    inbound: 'bypassed',
    outbound: 'bypassed',
    ssh: 'works',
  })
}
