import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { addresses } from './harness/addresses.ts'
import { until } from './harness/command.ts'
import {
  type DocumentChanges,
  downloadAuthority,
  type Generated,
  generateMachine,
  makeDocument,
} from './harness/document.ts'
import { createMachine } from './harness/machine.ts'
import { hasFiles, leaves, root } from './harness/parity.ts'
import { versions } from './harness/programs.ts'
import { place } from './harness/root.ts'
import { type Story, tellStory } from './harness/story.ts'
import { lookAtTraffic } from './harness/traffic.ts'

const port = 8444
/** Whoever has this address may read the layer: it must show nowhere. */
const signature = '5ebe2294ecd0e0f08eab7690d2a6ee69'
const proxied = { inbound: 'proxied', outbound: 'proxied', ssh: 'works' }
const fetching: DocumentChanges = {
  meshLayer: {
    from: 'fetch',
    url: `https://downloads.example.internal:${port}/{sha256}.tar.gz?X-Signature=${signature}`,
    caFile: downloadAuthority,
  },
}

/** User-data with the machine layer alone: the mesh layer is fetched, or in the image already. */
tellStory('the mesh layer comes in another way than by user-data', (story, step) => {
  let generated: Generated
  const folder = () => join(story.world.folder, 'layers')
  const serve = () =>
    story.world.outside.call('startFiles', {
      address: addresses.downloads,
      port,
      folder: folder(),
      key: story.world.authorities.server.key,
      certificate: story.world.authorities.server.certificate,
    })
  const layer = (): [name: string, content: Uint8Array] => {
    const [found] = generated.layers
    if (found === undefined) throw new Error('no mesh layer was generated')
    return found
  }
  const reports = (id: string) =>
    until(`the status names ${id}`, 120, async () => {
      const { state, failure } = await story.machine.status()
      if (failure?.id === id) return true
      throw new Error(`${state} ${failure?.id}: ${failure?.what}`)
    })

  step('boots while the server of its mesh layer is down, and says so', async () => {
    const { world } = story
    generated = generateMachine(makeDocument(world, fetching))
    assert.ok(generated.userData.length < 8192)
    mkdirSync(folder())
    story.machine = await createMachine(world, { generated })
    const { machine } = story
    await machine.boot()
    await reports('download')
    const { code } = await machine.cloudInit()
    assert.ok(code !== 0)
    assert.match(machine.console(), /meshjoin: https:\/\/downloads\.example\.internal:8444\//)
    await hasNothing(story)
  })

  step('goes on trying after a reboot, and refuses a layer of which one byte is another', async () => {
    const { machine } = story
    const [name, content] = layer()
    const changed = Uint8Array.from(content)
    changed[500] = (changed[500] ?? 0) ^ 1
    writeFileSync(join(folder(), name), changed)
    await machine.powerOff()
    await serve()
    await machine.boot()
    await reports('checksum')
    await hasNothing(story)
    assert.is((await machine.run('ls', '/run/mesh-machine/layer')).code, 2)
  })

  step('joins untouched when the layer is the right one, with the files of any other way', async () => {
    const { machine, world } = story
    await machine.startPolling()
    writeFileSync(join(folder(), layer()[0]), layer()[1])
    await machine.joined(180)
    assert.equal(await lookAtTraffic(world, machine), proxied)
    hasFiles(story, generated)
    for (const path of [
      '/etc/linkerd/mesh-layer.conf',
      '/etc/systemd/system/mesh-machine-fetch.service',
      '/etc/systemd/system/multi-user.target.wants/mesh-machine-fetch.service',
      '/usr/local/sbin/mesh-machine-fetch',
    ])
      assert.not.ok(existsSync(join(root(story), path)), path)
    assert.is((await machine.run('systemctl', '--failed', '-q', '--no-legend')).stdout, '')
  })

  step('the signature of the address shows in no log, and no unit of ours is left behind', async () => {
    const { machine } = story
    const said = await machine.sh(
      `{ journalctl -q --no-pager; cat /var/log/cloud-init*.log /run/mesh-machine/*.json; } | grep -c ${signature} || :`,
    )
    assert.is(said.trim(), '0')
    assert.not.ok(machine.console().includes(signature))
    await until(
      'what has fetched it has come to its end',
      60,
      async () => (await machine.unit('mesh-machine-fetch')).trim() === 'inactive',
    )
  })

  step('is upgraded, and leaves', async () => {
    const { machine } = story
    const newer = generateMachine(makeDocument(story.world, { newProxy: true }))
    for (const [path, { mode, content }] of newer.files) place(root(story), path, content, mode)
    const upgraded = await machine.run('mesh-machine', 'upgrade')
    assert.is(upgraded.code, 0, upgraded.stderr)
    assert.match(upgraded.stderr, new RegExp(`proxy ${versions.newProxy}`))
    await leaves(story, newer)
    assert.equal((await machine.stopPolling()).failures, [])
    await machine.powerOff()
  })

  step('a machine whose image has the layer joins by user-data that only says who it is', async () => {
    const { world } = story
    await world.outside.call('close', { address: addresses.downloads, port })
    generated = generateMachine(makeDocument(world, { meshLayer: { from: 'baked' } }))
    assert.ok(generated.userData.length < 8192)
    const whole = generated.files
    story.machine = await createMachine(world, {
      generated,
      edit: async (folderOfRoot) => {
        for (const [path, { mode, content }] of whole)
          if (!generated.userData.includes(`path: ${path}\n`)) place(folderOfRoot, path, content, mode)
      },
    })
    await story.machine.boot()
    await story.machine.joined(120)
    assert.is((await story.machine.cloudInit()).code, 0)
    assert.equal(await lookAtTraffic(world, story.machine), proxied)
    hasFiles(story, generated)
    await leaves(story, generated)
  })
})

/** Neither the layer nor a piece of it, and no rule. */
async function hasNothing(story: Story): Promise<void> {
  for (const path of ['/usr/local/sbin/mesh-machine', '/etc/linkerd/mesh.env', '/etc/spire/agent.json'])
    assert.not.ok(existsSync(join(root(story), path)), path)
  assert.equal(await story.machine.rules(), [])
}
