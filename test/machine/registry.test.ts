import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { until } from './harness/command.ts'
import {
  type DocumentChanges,
  downloadAuthority,
  type Generated,
  generateMachine,
  makeDocument,
} from './harness/document.ts'
import { scanForLeaks, watchProcesses } from './harness/leaks.ts'
import { createMachine } from './harness/machine.ts'
import { architecture, versions } from './harness/programs.ts'
import { type Registry, startRegistry } from './harness/registry.ts'
import { place } from './harness/root.ts'
import { type Story, tellStory } from './harness/story.ts'
import { lookAtTraffic } from './harness/traffic.ts'

const proxied = { inbound: 'proxied', outbound: 'proxied', ssh: 'works' }
const passwordFile = '/etc/registry-password'

/** No container runtime is on the machine; the registry is a real one. */
tellStory('the proxy comes from its image', (story, step) => {
  let registry: Registry
  const digests = { old: '', new: '' }
  let generated: Generated
  const reports = (id: string) =>
    until(`the status names ${id}`, 120, async () => {
      const { state, failure } = await story.machine.status()
      if (failure?.id === id) return failure.what
      throw new Error(`${state} ${failure?.id}: ${failure?.what}`)
    })
  const fromImage = (digest: string, login: boolean, newProxy = false): DocumentChanges => ({
    newProxy,
    proxyInstall: {
      from: 'image',
      image: login ? registry.lockedImage : registry.image,
      layer: { [architecture]: digest },
      caFile: downloadAuthority,
      ...(login ? { username: registry.username, passwordFile } : {}),
    },
  })
  const copy = (changes: DocumentChanges) => {
    generated = generateMachine(makeDocument(story.world, changes))
    for (const [path, { mode, content }] of generated.files) place(root(story), path, content, mode)
  }
  const secrets = () => [
    registry.password,
    Buffer.from(`${registry.username}:${registry.password}`).toString('base64'),
  ]

  step('boots without the password, says what is missing, and has nothing of the image', async () => {
    const { world } = story
    registry = await startRegistry(world)
    digests.old = await registry.push(world.programs.proxy, versions.proxy)
    digests.new = await registry.push(world.programs.newProxy, versions.newProxy)
    assert.is.not(digests.old, digests.new)
    generated = generateMachine(makeDocument(world, fromImage(digests.old, true)))
    story.machine = await createMachine(world, { generated })
    await story.machine.boot()
    const what = await reports('registry-login')
    assert.is(what, `${passwordFile} is not on this machine`)
    hasNoProxy(story)
    assert.match(story.machine.console(), /meshjoin: \/etc\/registry-password is not on this machine/)
  })

  step('joins when the password is there, which shows nowhere', async () => {
    const { machine, world } = story
    const stop = watchProcesses(machine, secrets())
    place(root(story), passwordFile, `${registry.password}\n`, 0o600)
    // A refusal waits for a change below /etc/linkerd, or for five minutes; a person does not wait.
    const { code, stderr } = await machine.run('mesh-machine', 'install')
    assert.is(code, 0, stderr)
    await machine.joined(60)
    assert.equal(await lookAtTraffic(world, machine), proxied)
    assert.equal(stop(), [])
    assert.equal(await scanForLeaks(machine, secrets()), [])
    const [layer, binary] = (await machine.must('cat', `/opt/linkerd/${versions.proxy}/.meshjoin`)).split(
      '\n',
    )
    assert.is(`sha256:${layer}`, digests.old)
    assert.match(
      await machine.must('sha256sum', '/opt/linkerd/current/linkerd2-proxy'),
      new RegExp(`^${binary} `),
    )
    assert.equal((await machine.sh('ls -A /opt/linkerd/current/')).trim().split('\n'), [
      '.meshjoin',
      'linkerd2-proxy',
    ])
  })

  step(
    'a layer that the registry has not, and one with a byte changed, are refused: the old one stays',
    async () => {
      const { machine, world } = story
      for (const [digest, id] of [
        [`sha256:${'0'.repeat(64)}`, 'registry'],
        [digests.new, 'checksum'],
      ] as const) {
        if (id === 'checksum') registry.damage(digest)
        copy(fromImage(digest, false, true))
        const { code, stderr } = await machine.run('mesh-machine', 'upgrade')
        assert.is(code, 7, stderr)
        assert.is((await machine.status()).undone?.id, id, stderr)
        assert.equal((await machine.sh('ls -A /opt/linkerd')).trim().split('\n').sort(), [
          'current',
          versions.proxy,
        ])
        assert.equal(await lookAtTraffic(world, machine), proxied)
      }
      registry.damage(digests.new) // twice is as before
    },
  )

  step('is upgraded to another layer, without a password', async () => {
    const { machine, world } = story
    copy(fromImage(digests.new, false, true))
    const { code, stderr } = await machine.run('mesh-machine', 'upgrade')
    assert.is(code, 0, stderr)
    assert.match(stderr, new RegExp(`proxy ${versions.newProxy}`))
    assert.is((await machine.must('readlink', '/opt/linkerd/current')).trim(), versions.newProxy)
    assert.equal(await lookAtTraffic(world, machine), proxied)
  })

  step('leaves, and what is yours stays', async () => {
    const { machine, world } = story
    const { code, stderr } = await machine.run('mesh-machine', 'leave')
    assert.is(code, 0, stderr)
    for (const path of generated.files.keys()) assert.not.ok(existsSync(join(root(story), path)), path)
    assert.not.ok(existsSync(join(root(story), '/opt/linkerd')))
    assert.is(readFileSync(join(root(story), passwordFile), 'utf8'), `${registry.password}\n`)
    assert.equal(await machine.rules(), [])
    assert.equal(await lookAtTraffic(world, machine), {
      inbound: 'bypassed',
      outbound: 'bypassed',
      ssh: 'works',
    })
  })
})

function root({ machine }: Story): string {
  return `/proc/${machine.pid()}/root`
}

function hasNoProxy(story: Story): void {
  for (const path of ['/opt/linkerd/current', `/opt/linkerd/${versions.proxy}`])
    assert.not.ok(existsSync(join(root(story), path)), path)
}
