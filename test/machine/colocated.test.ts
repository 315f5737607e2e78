import * as assert from 'uvu/assert'
import { addresses } from './harness/addresses.ts'
import { makeServerDocument, makeWalkthrough } from './harness/colocated.ts'
import { until } from './harness/command.ts'
import { type Generated, generateArtifacts, generateMachine } from './harness/document.ts'
import { createMachine } from './harness/machine.ts'
import { place } from './harness/root.ts'
import { tellStory } from './harness/story.ts'
import { lookAtTraffic } from './harness/traffic.ts'

const spiffeId = 'spiffe://root.linkerd.cluster.local/external-workload'
const parts =
  '/opt/spire-server /var/lib/spire-server /run/spire /etc/spire/server.json /etc/spire/entries.json'

/** `examples/walkthrough.yaml`: one machine, alone, with a SPIRE server on it. The world's own SPIRE server is down. */
tellStory('a machine with its own SPIRE server', (story, step) => {
  let generated: Generated

  const give = (path: string, file: string, mode: number) =>
    place(`/proc/${story.machine.pid()}/root`, path, story.world.authorities.text(file), mode)
  const says = (id: string, text: RegExp) =>
    until(`the status names ${id}`, 120, async () => {
      const { state, failure } = await story.machine.status()
      if (failure?.id === id && text.test(failure.what)) return true
      throw new Error(`${state} ${failure?.id}: ${failure?.what}`)
    })
  /** The token of the last start, for the scan for leaks. */
  const noteToken = async () => {
    const { stdout } = await story.machine.run('cat', '/run/mesh-machine/join-token')
    if (stdout !== '') (story.world.spire.tokens as string[]).push(stdout.trim())
    return stdout.trim()
  }

  step('boots without a CA, waits for it, and says so', async () => {
    const { world } = story
    await world.spire.stop()
    generated = generateMachine(await makeWalkthrough(world), 'external-workload')
    assert.not.match(generated.userData, /PRIVATE KEY/)
    story.machine = await createMachine(world, { generated, withToken: false })
    await story.machine.startPolling()
    await story.machine.boot()
    await says('no-authority', /\/etc\/spire\/ca\.crt \/etc\/spire\/ca\.key$/)
    assert.is((await story.machine.status()).state, 'joining')
    assert.match(story.machine.console(), /meshjoin: the SPIRE server on this machine waits for its CA/)
    assert.equal(await story.machine.rules(), [])
  })

  step('refuses a key that everybody can read, and one of another certificate', async () => {
    const { mesh, other } = story.world.authorities
    give('/etc/spire/ca.crt', mesh.certificate, 0o644)
    give('/etc/spire/ca.key', other.key, 0o644)
    const open = await story.machine.run('mesh-machine', 'install')
    assert.match(open.stderr, /ca\.key: others can read or change it \(mode 644\)/)
    give('/etc/spire/ca.key', other.key, 0o600)
    const wrong = await story.machine.run('mesh-machine', 'install')
    assert.match(wrong.stderr, /ca\.key: it is not the key of \/etc\/spire\/ca\.crt/)
    assert.equal([open.code, wrong.code], [5, 5])
  })

  step('joins by itself once the right ones are there', async () => {
    give('/etc/spire/ca.key', story.world.authorities.mesh.key, 0o600)
    await story.machine.joined(180)
    assert.is((await noteToken()).length, 36)
    assert.is(await story.machine.sh('stat -c %a:%U /run/mesh-machine/join-token'), '600:root\n')
    assert.equal(await lookAtTraffic(story.world, story.machine), {
      inbound: 'proxied',
      outbound: 'proxied',
      ssh: 'works',
    })
  })

  step('the SPIFFE ID on the wire is the one of the document', async () => {
    const { authorities, cluster } = story.world
    const shown = await cluster.call('handshake', {
      address: addresses.machine,
      port: 4143,
      serverName: 'external-workload.cluster.local',
      anchors: authorities.text(authorities.mesh.certificate),
      key: authorities.text(authorities.client.key),
      certificate: authorities.text(authorities.client.certificate),
      seconds: 5,
    })
    assert.equal(shown, { names: `URI:${spiffeId}`, trusted: true, answer: '' })
  })

  step('root gets no identity, and nobody from elsewhere reaches the server', async () => {
    const { machine, world } = story
    const fetch =
      '/opt/spire/current/bin/spire-agent api fetch x509 -socketPath /run/spire/agent/public/api.sock'
    const root = await machine.run('sh', '-c', fetch)
    assert.is.not(root.code, 0)
    assert.match(root.stdout + root.stderr, /no identity issued/)
    const proxy = await machine.sh(`setpriv --reuid=2102 --regid=2102 --clear-groups ${fetch}`)
    assert.match(proxy, spiffeId)
    const ask = { address: addresses.machine, port: 8081, text: '', seconds: 3 }
    const answer = await world.outside.call('ask', ask).catch((error: Error) => `refused: ${error.message}`)
    assert.match(answer, /refused/)
    assert.is(
      await machine.sh('stat -c %a:%G /run/spire/server /var/lib/spire-server'),
      '750:spire-server\n700:spire-server\n',
    )
  })

  step('is back after a reboot, with its token spent', async () => {
    const { machine } = story
    assert.equal((await machine.stopPolling()).failures, [])
    await machine.powerOff()
    await machine.boot()
    await machine.joined(120)
    assert.is(await noteToken(), '', 'no other token was made')
    assert.is(await machine.unit('spire-server.service'), 'active')
  })

  step('makes another token where the agent has lost its identity', async () => {
    const { machine } = story
    await machine.sh('systemctl stop spire-agent; rm /var/lib/spire-agent/*; systemctl start spire-agent')
    assert.is((await noteToken()).length, 36)
    await until('the agent hands out the identity again', 60, async () => {
      const said = await machine.sh(
        'journalctl -q --no-pager -o cat -u spire-agent; systemctl is-active spire-agent',
      )
      return (
        /active\n$/.test(said) &&
        (await machine.run('test', '-s', '/var/lib/spire-agent/agent-data.json')).code === 0
      )
    })
    const entries = await machine.sh(
      '/opt/spire-server/current/bin/spire-server entry show -socketPath /run/spire/server/api.sock',
    )
    assert.match(entries, /Found 2 entries/, 'of the token before it nothing is left')
  })

  step('no key of the server and of its CA is in logs or readable files', async () => {
    const { machine, world } = story
    const keys = await machine.sh('cat /var/lib/spire-server/keys.json')
    const own = Object.values((JSON.parse(keys) as { keys: Record<string, string> }).keys)
    assert.ok(own.length > 0)
    const ca = world.authorities.text(world.authorities.mesh.key).split('\n')[2] ?? ''
    ;(world.spire.tokens as string[]).push(...own.map((key) => key.slice(60, 120)), ca)
  })

  step('leaves with all of it, but for what the operator put there', async () => {
    const { machine } = story
    const { stderr } = await machine.run('mesh-machine', 'leave')
    assert.match(stderr, /\/etc\/spire\/ca\.crt and \/etc\/spire\/ca\.key stay/)
    assert.match(stderr, /has left the mesh/)
    for (const path of parts.split(' ')) assert.is.not((await machine.run('test', '-e', path)).code, 0, path)
    assert.is((await machine.run('getent', 'passwd', 'spire-server')).code, 2)
    assert.is(await machine.sh('ls /etc/spire'), 'ca.crt\nca.key\n')
    assert.is(
      await machine.sh("systemctl list-units --all --no-legend 'spire*' 'mesh-machine*' 'linkerd*'"),
      '',
    )
  })

  step(
    'the same host becomes one of a SPIRE server for others, and a second run changes nothing',
    async () => {
      const { machine, world } = story
      for (const { path, content, mode } of generateArtifacts(await makeServerDocument(world), ['spire']))
        place(`/proc/${machine.pid()}/root`, `/root/${path}`, String(content), mode)
      const install = () => machine.run('/root/spire/server/install')
      const first = await install()
      assert.is(first.code, 0, first.stderr)
      assert.match(first.stdout, /the SPIRE server is up\n$/)
      const since = await machine.must('systemctl', 'show', 'spire-server', '-p', 'ActiveEnterTimestamp')
      const second = await install()
      assert.is(second.stdout, 'the SPIRE server is up\n')
      assert.is(await machine.must('systemctl', 'show', 'spire-server', '-p', 'ActiveEnterTimestamp'), since)
      const ask = '-socketPath /run/spire/server/api.sock'
      const bundle = await machine.sh(`/opt/spire-server/current/bin/spire-server bundle show ${ask}`)
      assert.is(bundle, world.authorities.text(world.authorities.mesh.certificate))
      const register = `SPIRE_SERVER=/opt/spire-server/current/bin/spire-server sh /root/spire/register ${ask}`
      assert.match(await machine.sh(register), /meshjoin\.legacy-app\.proxy/)
      assert.is(
        await machine.sh('stat -c %a:%U /var/lib/spire-server /var/lib/spire-server/keys.json'),
        '700:spire-server\n600:spire-server\n',
      )
    },
  )
})
