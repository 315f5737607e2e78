import * as assert from 'uvu/assert'
import { addresses, identity } from './harness/addresses.ts'
import type { KeyPair } from './harness/authority.ts'
import { pause, until } from './harness/command.ts'
import { type DocumentChanges, generateMachine, makeDocument } from './harness/document.ts'
import { createMachine } from './harness/machine.ts'
import { place } from './harness/root.ts'
import { type Story, tellStory } from './harness/story.ts'
import { lookAtTraffic } from './harness/traffic.ts'

const selector = 'unix:uid:2102'
const agentLife = 24
const proxied = { inbound: 'proxied', outbound: 'proxied', ssh: 'works' }

/** What docs/spire.md promises of certificates, anchors and machines that were off for too long. */
tellStory('what a certificate hangs from is exchanged', (story, step) => {
  step('joins, with certificates of twenty seconds, and little more for its agent', async () => {
    const { world } = story
    await world.spire.stop()
    world.spire.shortenAgents(agentLife)
    await world.spire.start()
    await world.spire.shorten(identity.spiffeId, identity.parent, selector, 20)
    story.machine = await createMachine(world, { generated: generateMachine(makeDocument(world)) })
    const { machine } = story
    await machine.startPolling()
    await machine.boot()
    await machine.joined(120)
    assert.is((await machine.cloudInit()).code, 0)
  })

  step('the certificate is exchanged under an open mTLS connection, which stays', async () => {
    const { world } = story
    const { authorities, cluster } = world
    const tls = {
      serverName: identity.serverName,
      anchors: authorities.text(authorities.mesh.certificate),
      key: authorities.text(authorities.client.key),
      certificate: authorities.text(authorities.client.certificate),
    }
    const target = { name: 'open', address: addresses.machine, port: 80, seconds: 5 }
    assert.match(await cluster.call('hold', { ...target, text: 'HOLD\n', tls }), 'application holds')
    const [first, proxy] = [await expires(story), await mainPid(story, 'linkerd-proxy')]
    await until('the second certificate after it', 60, async () => {
      const end = await expires(story)
      return Date.parse(end) > Date.parse(first) + 15_000
    })
    const echo = await cluster.call('useHeld', { name: 'open', text: 'still here\n', seconds: 5 })
    assert.is(echo, 'still here\n')
    assert.is(await mainPid(story, 'linkerd-proxy'), proxy, 'nothing was restarted for it')
    await cluster.call('release', { name: 'open' })
    await world.spire.shorten(identity.spiffeId, identity.parent, selector, 3600)
  })

  step('anchors, the first step: old and new; the proxy alone is restarted', async () => {
    const agent = await mainPid(story, 'spire-agent')
    await upgrade(story, both(story))
    assert.is(await mainPid(story, 'spire-agent'), agent)
    await peersAre(story, 'old')
  })

  step(
    'the second step: the SPIRE server switches, and no handshake with an old or a new peer fails',
    async () => {
      const { world } = story
      const proxy = await mainPid(story, 'linkerd-proxy')
      const failed: string[] = []
      let [done, count] = [false, 0]
      const shaking = (async () => {
        while (!done) {
          for (const client of ['client', 'otherClient'] as const) {
            const shown = await shake(story, client, both(story)).catch((error: Error) => error.message)
            count++
            if (shown !== 'trusted') failed.push(`${client}: ${shown}`)
          }
          await pause(100)
        }
      })()
      try {
        await world.spire.prepareUpstream(world.authorities.other)
        await until('the agent trusts the new root too', 60, async () => (await countRoots(story)) === 2)
        await world.spire.activateUpstream()
        await until('the machine has a certificate of the new root', 60, () => isOf(story, 'new'))
        await until('ten handshakes', 30, async () => count >= 10)
      } finally {
        done = true
        await shaking
      }
      assert.equal(failed, [])
      assert.is(await mainPid(story, 'linkerd-proxy'), proxy, 'nothing was restarted for it')
    },
  )

  step('the third step: the old one is dropped; the proxy alone is restarted', async () => {
    const { machine, world } = story
    const agent = await mainPid(story, 'spire-agent')
    await upgrade(story, certificateOf(story, 'other'))
    assert.is(await mainPid(story, 'spire-agent'), agent)
    await peersAre(story, 'new')
    await machine.joined(30)
    assert.equal(await lookAtTraffic(world, machine), proxied)
  })

  step(
    'a machine whose agent was off for too long says what to do, and one command brings it back',
    async () => {
      const { machine, world } = story
      await machine.powerOff()
      await pause((agentLife + 2) * 1000)
      await machine.boot()
      await until('its agent has no certificate', 60, async () =>
        (await machine.sh('journalctl -q -b -o cat -u spire-agent')).includes('SVID is expired'),
      )
      // As `mesh-machine install`, which gives it more time.
      const { code, stderr } = await machine.run('mesh-machine', 'join')
      assert.is(code, 5, stderr)
      assert.match(stderr, /takes no join token from this machine.*used or too old/s)
      assert.match(stderr, 'put one of spire-server token generate there')
      const token = await world.spire.makeToken(identity.parent)
      place(`/proc/${machine.pid()}/root`, '/etc/spire/join-token', `${token}\n`, 0o600)
      await machine.joined(120)
      assert.equal(await lookAtTraffic(world, machine), proxied)
    },
  )
})

function certificateOf({ world: { authorities } }: Story, name: 'mesh' | 'other'): string {
  return authorities.text(authorities[name].certificate)
}

function both(story: Story): string {
  return certificateOf(story, 'mesh') + certificateOf(story, 'other')
}

/** As docs/spire.md has it: another document, and its files brought to the machine. */
async function upgrade(story: Story, trustAnchors: string): Promise<void> {
  const { machine, world } = story
  const changes: DocumentChanges = { trustAnchors }
  const document = makeDocument(world, changes) as { spire: { trustBundle?: string } }
  // By default what the agent trusts at first is what the proxy trusts.
  delete document.spire.trustBundle
  for (const [path, { mode, content }] of generateMachine(document).files)
    place(`/proc/${machine.pid()}/root`, path, content, mode)
  const { code, stderr } = await machine.run('mesh-machine', 'upgrade')
  assert.is(code, 0, stderr)
}

async function mainPid({ machine }: Story, unit: string): Promise<string> {
  return (await machine.must('systemctl', 'show', unit, '-p', 'MainPID', '--value')).trim()
}

async function expires({ machine }: Story): Promise<string> {
  await machine.must('mesh-machine', 'status')
  return (await machine.status()).certificate?.expires ?? ''
}

/** Of the bundle that the agent has from its server. */
async function countRoots({ machine }: Story): Promise<number> {
  const fetch = 'spire-agent api fetch x509 -socketPath /run/spire/agent/public/api.sock -write /run/fetched'
  await machine.sh(
    `install -d -o linkerd-proxy /run/fetched
     setpriv --reuid=linkerd-proxy --regid=linkerd-proxy --clear-groups /opt/spire/current/bin/${fetch}`,
  )
  return Number(await machine.sh('grep -c BEGIN /run/fetched/bundle.0.pem; rm -r /run/fetched'))
}

/** A request through mTLS, as a pod with this certificate makes it that trusts these anchors. */
async function shake(story: Story, name: 'client' | 'otherClient', anchors: string): Promise<string> {
  const { authorities, cluster } = story.world
  const client: KeyPair = authorities[name]
  const shown = await cluster.call('handshake', {
    ...{ address: addresses.machine, port: 80, serverName: identity.serverName, path: '/', seconds: 5 },
    anchors,
    key: authorities.text(client.key),
    certificate: authorities.text(client.certificate),
  })
  if (!shown.answer.includes('hello from the application')) return `no answer: ${shown.answer}`
  return shown.trusted ? 'trusted' : 'not trusted'
}

/** Whether the machine's certificate hangs from this root alone. */
async function isOf(story: Story, root: 'old' | 'new'): Promise<boolean> {
  const [mesh, other] = [
    await shake(story, 'client', certificateOf(story, 'mesh')).catch(() => 'failed'),
    await shake(story, 'otherClient', certificateOf(story, 'other')).catch(() => 'failed'),
  ]
  return root === 'old'
    ? mesh === 'trusted' && other !== 'trusted'
    : mesh !== 'trusted' && other === 'trusted'
}

async function peersAre(story: Story, root: 'old' | 'new'): Promise<void> {
  await until(`the certificate is of the ${root} root`, 30, () => isOf(story, root))
}
