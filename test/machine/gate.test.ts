import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import * as assert from 'uvu/assert'
import { addresses, identity } from './harness/addresses.ts'
import { type Outcome, until } from './harness/command.ts'
import { type DocumentChanges, generateMachine, makeDocument } from './harness/document.ts'
import { createMachine } from './harness/machine.ts'
import { place } from './harness/root.ts'
import { type Story, tellStory } from './harness/story.ts'
import { lookAtTraffic } from './harness/traffic.ts'

const hidden: DocumentChanges = { defaultInboundPolicy: 'all-authenticated' }
const dropIns = '/run/systemd/system/linkerd-proxy.service.d'

/**
 * What counts as a proxy that serves: its certificate. `/ready` is no proof of one, since a policy may hide its answer, and since
 * it says 200 for good once the identity task has died.
 */
tellStory('a proxy without a certificate does not pass', (story, step) => {
  step('joins, and says until when its certificate is good', async () => {
    const { world } = story
    story.machine = await createMachine(world, { generated: generateMachine(makeDocument(world)) })
    const { machine } = story
    await machine.startPolling()
    await machine.boot()
    await machine.joined(120)
    assert.is((await machine.cloudInit()).code, 0)
    assert.equal(await lookAtTraffic(world, machine), {
      inbound: 'proxied',
      outbound: 'proxied',
      ssh: 'works',
    })
    await isWell(story)
  })

  step('with /ready visible: an upgrade to the anchors of another root goes back by itself', async () => {
    await isUndone(story, () => copyFiles(story, otherAnchors(story)), 'proxy-not-ready', /UnknownIssuer/)
    assert.equal(await lookAtTraffic(story.world, story.machine), {
      inbound: 'proxied',
      outbound: 'proxied',
      ssh: 'works',
    })
  })

  step('comes to a policy that hides /ready', async () => {
    const { machine } = story
    copyFiles(story, hidden)
    const { code, stderr } = await machine.run('mesh-machine', 'upgrade')
    assert.is(code, 0, stderr)
    assert.is(await ready(story), '403')
    await isWell(story)
  })

  step('with /ready hidden: an upgrade to the anchors of another root goes back by itself', async () => {
    const other = { ...hidden, ...otherAnchors(story) }
    await isUndone(story, () => copyFiles(story, other), 'proxy-not-ready', /UnknownIssuer/)
    assert.is(await ready(story), '403')
  })

  step('with /ready hidden: so does one to a policy or settings that the proxy refuses', async () => {
    for (const [good, bad] of [
      ["DEFAULT_POLICY='all-authenticated'", "DEFAULT_POLICY='nobody'"],
      ["INITIAL_TIMEOUT='3s'", "INITIAL_TIMEOUT='soon'"],
    ] as const) {
      const copy = () =>
        copyFiles(story, hidden, (path, text) =>
          path === '/etc/linkerd/mesh.env' ? text.replace(good, bad) : text,
        )
      await isUndone(story, copy, 'proxy-settings', /Invalid configuration/)
    }
  })

  step('comes back to a policy that shows /ready', async () => {
    copyFiles(story, {})
    const { code, stderr } = await story.machine.run('mesh-machine', 'upgrade')
    assert.is(code, 0, stderr)
    assert.is(await ready(story), '200')
    await isWell(story)
    assert.is((await story.machine.status()).undone, null)
  })

  step('a proxy whose agent ends before it has asked is not joined, and is started again', async () => {
    const { machine, world } = story
    // Between the look at the identity and the start of the proxy, once; and time to look at what comes of it.
    await machine.sh(`mkdir -p ${dropIns}; cat >${dropIns}/gone.conf <<'END'
[Service]
ExecStartPre=+/bin/sh -c '[ -e /run/ended ] || { touch /run/ended; systemctl kill -s KILL spire-agent; sleep 1; }'
ExecStartPost=
ExecStartPost=sleep 8
ExecStartPost=/usr/local/sbin/mesh-machine wait-ready
ExecStartPost=+/usr/local/sbin/mesh-machine joined
END
      systemctl daemon-reload; systemctl --no-block restart linkerd-proxy`)
    await until('the proxy says that it is ready, and is not', 60, async () => {
      const open = (await machine.run('sh', '-c', 'ss -Hltn | grep :4143')).code === 0
      return !open && (await ready(story)) === '200'
    })
    const said = await askAnew(story)
    assert.equal([said.state, said.proxy.ready, said.certificate.expires], ['degraded', false, null])
    assert.is((await machine.run('mesh-machine', 'redirect', 'check')).code, 6)
    await until('its unit has noticed', 60, async () =>
      (await machine.sh('journalctl -q -o cat -u linkerd-proxy -n 200')).includes(
        'the SPIRE agent went away',
      ),
    )
    await isWell(story, 60)
    assert.equal(await lookAtTraffic(world, machine), {
      inbound: 'proxied',
      outbound: 'proxied',
      ssh: 'works',
    })
    await machine.sh(`rm ${dropIns}/gone.conf; systemctl daemon-reload`)
  })

  step('a certificate that has ended is not joined, and a new one is', async () => {
    const { machine, world } = story
    await world.spire.shorten(identity.spiffeId, identity.parent, 'unix:uid:2102', 60)
    const before = await expires(story)
    await machine.must('systemctl', 'restart', 'spire-agent')
    await until('a short certificate', 90, async () => {
      const now = (await askAnew(story)).certificate.expires
      return now !== null && now < (before ?? '')
    })
    await world.spire.stop()
    const end = (await expires(story)) ?? ''
    await until('it has ended', 120, async () => Date.parse(end) < Date.now())
    const { state, proxy, certificate } = await askAnew(story)
    assert.equal([state, proxy.ready, certificate.expires], ['degraded', false, end])
    assert.is(await ready(story), '200')
    assert.is(await machine.unit('linkerd-proxy'), 'active')
    await world.spire.start()
    await isWell(story, 120)
  })

  step('SSH never failed', async () => {
    assert.equal((await story.machine.stopPolling()).failures, [])
  })
})

function otherAnchors({ world: { authorities } }: Story): DocumentChanges {
  return { trustAnchors: authorities.text(authorities.other.certificate) }
}

/** As an operator copies a new overlay over the old one. */
function copyFiles(
  { machine, world }: Story,
  changes: DocumentChanges,
  edit: (path: string, text: string) => string = (_, text) => text,
): void {
  const { files } = generateMachine(makeDocument(world, changes))
  for (const [path, { mode, content }] of files)
    place(`/proc/${machine.pid()}/root`, path, edit(path, content), mode)
}

/** An upgrade to what `copy` brings ends with everything as before, and with the true reason. */
async function isUndone(story: Story, copy: () => void, id: string, reason: RegExp): Promise<void> {
  const { machine } = story
  const files = 'cat /etc/linkerd/*.env /etc/linkerd/*.pem | sha256sum'
  const before = await machine.sh(files)
  copy()
  assert.is.not(await machine.sh(files), before)
  const since = (await machine.sh('date +%s')).trim()
  const { code, stderr } = await upgrade(story)
  assert.is(code, 7, stderr)
  const { undone } = await machine.status()
  assert.is(undone?.id, id)
  assert.match(undone?.what ?? '', reason)
  assert.is(await machine.sh(files), before)
  await isWell(story)
  const log = await machine.sh(`journalctl -q -o cat -u linkerd-proxy --since @${since}`)
  assert.not.match(log, /Graceful shutdown did not complete/, 'nothing waits for a proxy that serves nothing')
}

/** Says for how long nobody was served. */
async function upgrade({ machine }: Story): Promise<Outcome> {
  let [lost, back] = [0, 0]
  let done = false
  const looking = (async () => {
    while (!done) {
      const open = (await machine.run('sh', '-c', 'ss -Hltn | grep :4143')).code === 0
      const unit = await machine.unit('linkerd-proxy')
      if (lost === 0 && !(open && unit === 'active')) lost = Date.now()
      if (lost > 0 && back === 0 && open && unit === 'active') back = Date.now()
    }
  })()
  const outcome = await machine.run('mesh-machine', 'upgrade').finally(() => {
    done = true
  })
  await looking
  process.stdout.write(`time: ${(back - lost) / 1000} s without a proxy in an upgrade that is undone\n`)
  return outcome
}

/** What its own `/ready` says over loopback. */
async function ready({ machine }: Story): Promise<string> {
  const asked = await machine.run(
    ...['curl', '-s', '-m', '2', '-o', '/dev/null', '-w', '%{http_code}', 'http://127.0.0.1:4191/ready'],
  )
  return asked.stdout
}

async function askAnew({ machine }: Story): ReturnType<Story['machine']['status']> {
  await machine.must('mesh-machine', 'status')
  return machine.status()
}

/** The end of the certificate that meshed peers see. */
async function expires(story: Story): Promise<string | null> {
  return (await askAnew(story)).certificate.expires
}

/** Joined, the status is as its schema says, and a meshed peer gets a certificate that is ours and good. */
async function isWell(story: Story, seconds = 30): Promise<void> {
  const { machine, world } = story
  await until('the machine has joined', seconds, async () => (await askAnew(story)).state === 'joined')
  const schema = JSON.parse(
    readFileSync(new URL('../../schemas/status.v1.schema.json', import.meta.url), 'utf8'),
  )
  const ajv = new Ajv({ formats: { 'date-time': true } })
  const status = await machine.status()
  assert.ok(ajv.validate(schema, status), ajv.errorsText())
  assert.ok(Date.parse(status.certificate.expires ?? '') > Date.now())
  const { authorities } = world
  const shown = await world.cluster.call('handshake', {
    address: addresses.machine,
    port: 4143,
    serverName: identity.serverName,
    anchors: authorities.text(authorities.mesh.certificate),
    key: authorities.text(authorities.client.key),
    certificate: authorities.text(authorities.client.certificate),
    seconds: 5,
  })
  assert.is(shown.names, `URI:${identity.spiffeId}`)
  assert.is(shown.trusted, true)
}
