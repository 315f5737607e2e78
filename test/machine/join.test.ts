import * as assert from 'uvu/assert'
import { addresses, identity, ports } from './harness/addresses.ts'
import { captureMeshConnections } from './harness/capture.ts'
import { until } from './harness/command.ts'
import { generateMachine, makeDocument } from './harness/document.ts'
import { scanForLeaks } from './harness/leaks.ts'
import { createMachine, type Machine } from './harness/machine.ts'
import { testing } from './harness/programs.ts'
import { tellStory } from './harness/story.ts'
import { lookAtTraffic } from './harness/traffic.ts'

/** Issue 3: a stock Debian with nothing but our user-data joins, keeps its SSH, and is still joined after a reboot. */
tellStory('a machine joins and stays joined', (story, step) => {
  step('boots from user-data and joins within two minutes', async () => {
    const { world } = story
    // The newest nft there; the other stories on testing have its iptables.
    const changes = story.debian === testing ? { backend: 'nftables' as const } : {}
    const generated = generateMachine(makeDocument(world, changes))
    story.machine = await createMachine(world, { generated })
    const { machine } = story
    await machine.startPolling()
    await machine.boot()
    const hold = { name: 'before', address: addresses.machine, port: 80, text: 'HOLD\n', seconds: 2 }
    const greeting = await until('a connection before the rules', 60, () => world.cluster.call('hold', hold))
    assert.is(greeting, `application holds ${addresses.client}\n`)
    assert.equal(await machine.rules(), [], 'this connection is older than the rules')
    await machine.joined(120)
  })

  step('the target is active, the proxy ready, the rules loaded', async () => {
    const { machine } = story
    await until(
      'the target is active',
      20,
      async () => (await machine.unit('linkerd-mesh.target')) === 'active',
    )
    assert.is(await machine.sh('curl -s -o /dev/null -w "%{http_code}" http://127.0.0.1:4191/ready'), '200')
    assert.ok((await machine.rules()).length > 0)
    const entered = async (unit: string) =>
      Number(await machine.must('systemctl', 'show', unit, '-p', 'ActiveEnterTimestampMonotonic', '--value'))
    const took = (await entered('linkerd-redirect.service')) - (await entered('network-online.target'))
    process.stdout.write(`time: ${Math.round(took / 1e5) / 10} s from network-online to redirected\n`)
    assert.is((await machine.run('mesh-machine', 'redirect', 'check')).code, 0)
    assert.match(
      (await machine.run('mesh-machine-doctor')).stdout,
      new RegExp(`^nothing is wrong with ${identity.spiffeId}: its certificate ends \\S+\n$`),
    )
  })

  step('cloud-init is done and has nothing to complain of', async () => {
    const { machine } = story
    const { code, status, errors, recoverable_errors } = await machine.cloudInit()
    assert.equal(
      { code, status, errors, recoverable_errors },
      { code: 0, status: 'done', errors: [], recoverable_errors: {} },
    )
    assert.match(machine.console(), /meshjoin: joined the mesh as spiffe:\/\//)
  })

  step('a TLS handshake with 4143 shows the SPIFFE ID of the machine', async () => {
    const { authorities, cluster } = story.world
    const shown = await cluster.call('handshake', {
      address: addresses.machine,
      port: 4143,
      serverName: identity.serverName,
      anchors: authorities.text(authorities.mesh.certificate),
      key: authorities.text(authorities.client.key),
      certificate: authorities.text(authorities.client.certificate),
      seconds: 5,
    })
    assert.equal(shown, { names: `URI:${identity.spiffeId}`, trusted: true, answer: '' })
  })

  step('a request to the declared port is answered by the application, through the proxy', async () => {
    const { machine } = story
    const { authorities, cluster } = story.world
    const before = await machine.metric('inbound_tcp_open_total')
    const answer = await cluster.call('request', {
      address: addresses.machine,
      port: 80,
      path: '/',
      seconds: 5,
    })
    assert.match(answer, /hello from the application to /)
    assert.not.match(answer, addresses.client, 'the proxy stands between')
    assert.is(await machine.metric('inbound_tcp_open_total'), before + 1)
    const meshed = await cluster.call('handshake', {
      address: addresses.machine,
      port: 80,
      serverName: identity.serverName,
      anchors: authorities.text(authorities.mesh.certificate),
      path: '/',
      seconds: 5,
    })
    assert.match(meshed.answer, /hello from the application to /)
    assert.is(meshed.names, `URI:${identity.spiffeId}`)
  })

  step('connections to the cluster go through the proxy, those to others do not', async () => {
    const { machine } = story
    const before = await machine.metric('outbound_tcp_open_total', `${addresses.service}:${ports.echo}`)
    assert.match(await machine.dial(addresses.service, ports.echo), /^hello /)
    assert.is(
      await machine.metric('outbound_tcp_open_total', `${addresses.service}:${ports.echo}`),
      before + 1,
    )
    assert.is(await machine.dial(addresses.stranger, ports.echo), `hello ${addresses.machine}\n`)
    assert.is(await machine.metric('outbound_tcp_open_total', addresses.stranger), 0)
  })

  step('connections opened before the rules live on', async () => {
    const { machine, world } = story
    const echo = await world.cluster.call('useHeld', { name: 'before', text: 'still here\n', seconds: 5 })
    assert.is(echo, 'still here\n')
    const { held, broken } = await applicationSees(machine)
    assert.is(broken, null)
    assert.ok(held !== null, 'the application opened one outwards, too')
    await world.cluster.call('release', { name: 'before' })
  })

  step('SSH never failed since its first answer, and logs in', async () => {
    const { machine } = story
    assert.is(await machine.login('cat /etc/hostname'), 'legacy-app\n')
    const seen = await machine.stopPolling()
    assert.ok(seen.successes > 10, `${seen.successes} answers`)
    assert.equal(seen.failures, [])
  })

  step('the scan for leaks finds four that were planted', async () => {
    const { machine } = story
    const secret = `planted-${Date.now()}-${process.pid}`
    await machine.must(
      ...['bash', '-c'],
      `exec >/dev/null 2>&1; setsid sh -c 'sleep 600; : ${secret}' & echo $! >/run/planted
        TOKEN=${secret} setsid sleep 600 & echo $! >>/run/planted
        logger 'the token is ${secret}'; echo '${secret}' >/etc/planted`,
    )
    const kinds = await until('the planted leaks are all found', 20, async () => {
      const found = new Set((await scanForLeaks(machine, [secret])).map(({ kind }) => kind))
      return found.size === 4 ? [...found].sort() : undefined
    })
    assert.equal(kinds, ['argv', 'environment', 'file', 'log'])
    await machine.sh('chmod 600 /etc/planted')
    assert.equal(
      (await scanForLeaks(machine, [secret])).filter(({ kind }) => kind === 'file'),
      [],
    )
    await machine.sh('kill $(cat /run/planted); rm /etc/planted /run/planted')
  })

  step('is back in the mesh after a reboot, with no new token', async () => {
    const { machine, world } = story
    await machine.sh('rm /etc/spire/join-token')
    await machine.powerOff()
    await machine.startPolling()
    await machine.boot()
    await machine.joined(120)
    assert.equal(await lookAtTraffic(world, machine), {
      inbound: 'proxied',
      outbound: 'proxied',
      ssh: 'works',
    })
    assert.is((await machine.cloudInit()).code, 0)
    assert.equal((await machine.stopPolling()).failures, [])
  })

  step('with SPIRE down during a reboot nothing goes to the mesh in plain text, and SSH works', async () => {
    const { machine, world } = story
    await machine.powerOff()
    await world.spire.stop()
    const capture = await captureMeshConnections(world)
    await machine.startPolling()
    await machine.boot()
    await until('the application has tried ten times', 90, async () => {
      const { refused, service, stranger } = await applicationSees(machine)
      assert.is(service, 0)
      return refused >= 10 && stranger > 0
    })
    assert.equal(capture.lines(), [])
    assert.equal(await lookAtTraffic(world, machine), {
      inbound: 'refused',
      outbound: 'refused',
      ssh: 'works',
    })
    assert.is(await machine.login('cat /etc/hostname'), 'legacy-app\n')
    await until('its status says so', 120, async () => (await machine.status()).state === 'degraded')
    assert.equal(capture.lines(), [])
    await world.spire.start()
    await machine.joined(240)
    await until('the capture shows what the proxy sends', 30, () => capture.lines().length > 0)
    await capture.stop()
    assert.equal(await lookAtTraffic(world, machine), {
      inbound: 'proxied',
      outbound: 'proxied',
      ssh: 'works',
    })
    assert.equal((await machine.stopPolling()).failures, [])
  })
})

interface Seen {
  readonly held: number | null
  readonly broken: string | null
  readonly service: number
  readonly stranger: number
  readonly refused: number
}

async function applicationSees(machine: Machine): Promise<Seen> {
  return JSON.parse(await machine.sh('curl -s http://127.0.0.1/seen')) as Seen
}
