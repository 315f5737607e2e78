import * as assert from 'uvu/assert'
import { generateMachine, makeDocument } from './harness/document.ts'
import { createMachine } from './harness/machine.ts'
import { tellStory } from './harness/story.ts'
import { lookAtTraffic } from './harness/traffic.ts'

/** An image without curl and iptables: user-data has them installed from the machine's package source. */
tellStory('an image without curl and iptables', (story, step) => {
  step('joins', async () => {
    const { world } = story
    story.machine = await createMachine(world, {
      generated: generateMachine(makeDocument(world)),
      bare: true,
    })
    const { machine } = story
    await machine.startPolling()
    await machine.boot()
    await machine.joined(120)
    assert.equal(await lookAtTraffic(world, machine), {
      inbound: 'proxied',
      outbound: 'proxied',
      ssh: 'works',
    })
    const { code, ...said } = await machine.cloudInit()
    assert.is(code, 0, JSON.stringify(said))
    assert.match(await machine.sh('cat /var/log/cloud-init-output.log'), /Setting up iptables/)
    assert.equal((await machine.stopPolling()).failures, [])
  })
})
