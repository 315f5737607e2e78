import * as assert from 'uvu/assert'
import { addresses } from './harness/addresses.ts'
import { generateMachine, makeDocument } from './harness/document.ts'
import { createMachine } from './harness/machine.ts'
import { tellStory } from './harness/story.ts'

const cluster = '10.44.0.0/16'

/** `mesh.routes`: set with the mesh, taken away with it, and never in the place of a route of somebody else. */
tellStory('routes to the networks of the cluster', (story, step) => {
  const gateway = `via ${addresses.gateway}`
  const routes = () => story.machine.sh(`ip -4 route show to ${cluster}`)

  step('are there once the machine has joined', async () => {
    const { world } = story
    const generated = generateMachine(
      makeDocument(world, { routes: [{ to: cluster, via: addresses.gateway }] }),
    )
    story.machine = await createMachine(world, { generated })
    await story.machine.startPolling()
    await story.machine.boot()
    await story.machine.joined(120)
    assert.match(await routes(), new RegExp(`${gateway} .*proto 108 .*metric 108`))
  })

  step('stand beside a route of somebody else, which goes first', async () => {
    const { machine } = story
    await machine.sh(`ip route add ${cluster} ${gateway} proto static`)
    await machine.must('systemctl', 'restart', 'linkerd-mesh-routes.service')
    assert.is((await routes()).trim().split('\n').length, 2)
    assert.match(await machine.sh(`ip route get 10.44.0.1`), new RegExp(gateway))
  })

  step('go with the target, and come back with it', async () => {
    const { machine } = story
    await machine.must('systemctl', 'stop', 'linkerd-mesh.target', 'linkerd-mesh-routes.service')
    assert.match(await routes(), /^[^\n]*proto static[^\n]*\n$/)
    await machine.must('systemctl', 'start', 'linkerd-mesh.target')
    await machine.joined(60)
    assert.match(await routes(), /proto 108/)
  })

  step('are gone when the machine leaves, and the other one stays', async () => {
    const { machine } = story
    await machine.must('mesh-machine', 'leave')
    assert.match(await routes(), /^[^\n]*proto static[^\n]*\n$/)
    assert.equal((await machine.stopPolling()).failures, [])
  })
})
