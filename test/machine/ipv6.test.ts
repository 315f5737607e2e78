import * as assert from 'uvu/assert'
import type { Fate } from '../../lib/index.ts'
import { addresses, identity, ports, addresses6 as six } from './harness/addresses.ts'
import { must, until } from './harness/command.ts'
import { generateMachine } from './harness/document.ts'
import { addIpv6, makeDocument6, placeNetwork6 } from './harness/ipv6.ts'
import { createMachine } from './harness/machine.ts'
import { type Story, tellStory } from './harness/story.ts'
import { lookAtTraffic } from './harness/traffic.ts'

/** First a machine without an IPv4 address, then one with both: downloads, SPIRE, names, the control plane and the applications. */
tellStory('a machine with IPv6', (story, step) => {
  const join = async (isAlone: boolean) => {
    const { world } = story
    story.machine = await createMachine(world, {
      generated: generateMachine(makeDocument6(world, isAlone)),
      edit: async (root) => {
        placeNetwork6(root, isAlone)
        await must('chroot', [root, 'systemctl', '-q', 'enable', 'application6.service'])
        if (isAlone) await must('chroot', [root, 'systemctl', '-q', 'disable', 'application.service'])
      },
    })
    await story.machine.boot()
    await story.machine.joined(120)
  }

  step('IPv6 alone: boots from user-data and joins', async () => {
    await addIpv6(story.world)
    await join(true)
    const { machine } = story
    assert.is(await machine.sh('ip -o -4 address show dev host0'), '')
    assert.equal(await look(story), { inbound: 'proxied', outbound: 'proxied' })
    await tellsBoth(story)
    assert.is((await machine.cloudInit()).code, 0)
  })

  step('IPv6 alone: is the same after a reboot', async () => {
    const { machine } = story
    await machine.powerOff()
    await machine.boot()
    await machine.joined()
    assert.equal(await look(story), { inbound: 'proxied', outbound: 'proxied' })
    await machine.powerOff()
  })

  step('both: joins, and each family is proxied in each direction', async () => {
    await join(false)
    const { machine, world } = story
    assert.equal(await look(story), { inbound: 'proxied', outbound: 'proxied' })
    assert.equal(await lookAtTraffic(world, machine), {
      inbound: 'proxied',
      outbound: 'proxied',
      ssh: 'works',
    })
    await tellsBoth(story)
    assert.is(await machine.dial(addresses.stranger, ports.echo), `hello ${addresses.machine}\n`)
  })

  step('both: the proxy away, neither family goes past it to the mesh', async () => {
    const { machine, world } = story
    await machine.sh('systemctl kill -s KILL linkerd-proxy; systemctl stop linkerd-proxy')
    assert.equal(await look(story), { inbound: 'refused', outbound: 'refused' })
    const four = await lookAtTraffic(world, machine)
    assert.equal(four, { inbound: 'refused', outbound: 'refused', ssh: 'works' })
    await machine.must('systemctl', 'start', 'linkerd-proxy')
    await machine.joined()
    assert.equal(await look(story), { inbound: 'proxied', outbound: 'proxied' })
  })

  step('both: leaves no rule of either family', async () => {
    const { machine } = story
    await machine.must('mesh-machine', 'leave')
    assert.equal(await machine.rules(), [])
    assert.equal(await look(story), { inbound: 'bypassed', outbound: 'bypassed' })
  })
})

/** A stranger is bypassed, SSH answers, the checks are content, and the identity is shown on 4143. */
async function tellsBoth({ machine, world }: Story): Promise<void> {
  assert.is(await machine.dial(six.stranger, ports.echo), `hello ${six.machine}\n`)
  const banner = await world.outside.call('ask', { address: six.machine, port: 22, text: '', seconds: 5 })
  assert.match(banner, /^SSH-/)
  const { code, stderr } = await machine.run('mesh-machine', 'redirect', 'check')
  assert.is(code, 0, stderr)
  const { authorities } = world
  const shown = await world.cluster.call('handshake', {
    address: six.machine,
    port: 80,
    serverName: identity.serverName,
    anchors: authorities.text(authorities.mesh.certificate),
    path: '/',
    seconds: 5,
  })
  assert.is(shown.names, `URI:${identity.spiffeId}`)
  assert.match(shown.answer, /hello from the application to /)
}

/** As `lookAtTraffic`, in IPv6. */
async function look({ machine, world }: Story): Promise<{ inbound: Fate; outbound: Fate }> {
  const inbound = await until('an answer or none', 20, async () => {
    const request = { address: six.machine, port: 80, path: '/', seconds: 3 }
    const text = await world.cluster.call('request', request).catch(() => '')
    return /hello from the application to (\S+)/.exec(text)?.[1] ?? 'nobody'
  })
  const target = `[${six.service}]:${ports.echo}`
  const counted = () => machine.metric('outbound_tcp_open_total', target).catch(() => 0)
  const before = await counted()
  const answer = await machine.dial(six.service, ports.echo).catch(() => '')
  const isCounted = (await counted()) > before
  return {
    inbound: inbound === 'nobody' ? 'refused' : inbound === six.client ? 'bypassed' : 'proxied',
    outbound: answer === '' ? 'refused' : isCounted ? 'proxied' : 'bypassed',
  }
}
