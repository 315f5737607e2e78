import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import * as assert from 'uvu/assert'
import { addresses } from './harness/addresses.ts'
import { type Outcome, pause, until } from './harness/command.ts'
import { type DocumentChanges, generateMachine, makeDocument } from './harness/document.ts'
import { createMachine } from './harness/machine.ts'
import { versions } from './harness/programs.ts'
import { place } from './harness/root.ts'
import { type Story, tellStory } from './harness/story.ts'
import { lookAtTraffic, lookInbound } from './harness/traffic.ts'

const proxied = { inbound: 'proxied', outbound: 'proxied', ssh: 'works' }

/** Long enough to look at a drain, short enough to wait for one that nobody helps. */
const common: DocumentChanges = { gracePeriod: '20s' }
const newer: DocumentChanges = { ...common, newProxy: true }

/** A machine that cloud-init joined, and new files that come to it as an operator would copy them. */
tellStory('a machine is upgraded', (story, step) => {
  step('joins by cloud-init', async () => {
    const { world } = story
    story.machine = await createMachine(world, { generated: generateMachine(makeDocument(world, common)) })
    const { machine } = story
    await machine.startPolling()
    await machine.boot()
    await machine.joined(120)
    assert.is((await machine.cloudInit()).code, 0)
    assert.is(await lookInbound(world), 'proxied')
  })

  step('has nothing to do while the files are those in use', async () => {
    const { machine } = story
    const before = await everything(story)
    const { code, stderr } = await machine.run('mesh-machine', 'upgrade')
    assert.is(code, 0, stderr)
    assert.match(stderr, /nothing to do/)
    assert.is(await everything(story), before)
  })

  step('comes to the new version: what is open drains, and nothing goes past the proxy', async () => {
    const { machine, world } = story
    await hold(story)
    const agent = await mainPid(story, 'spire-agent')
    copyFiles(story, newer)
    const { outcome, seen } = await watch(story, async () => {
      const upgrading = machine.run('mesh-machine', 'upgrade')
      await until(
        'the proxy drains',
        60,
        async () => (await machine.unit('linkerd-proxy')) === 'deactivating',
      )
      const echo = await world.cluster.call('useHeld', { name: 'drain', text: 'still here\n', seconds: 5 })
      assert.is(echo, 'still here\n')
      await world.cluster.call('release', { name: 'drain' })
      return upgrading
    })
    assert.is(outcome.code, 0, outcome.stderr)
    assert.match(outcome.stderr, new RegExp(`proxy ${versions.newProxy}`))
    assert.match(outcome.stderr, /kubernetes\/drain\.sh mixed-env legacy-app before/)
    assert.match(outcome.stderr, heldUp)
    assert.match(outcome.stderr, /while they last, but at most 20s, nothing new gets in or out/)
    assert.ok(seen.has('refused'), 'there was a moment without a proxy, or this shows nothing')
    assert.equal(await inUse(story), { current: versions.newProxy, previous: versions.proxy })
    assert.is(await running(story), `/opt/linkerd/${versions.newProxy}/linkerd2-proxy`)
    assert.is(await mainPid(story, 'spire-agent'), agent, 'the agent has nothing new')
    await isWell(story)
  })

  step('waits first where it is told to, and everything gets in and out meanwhile', async () => {
    const { machine, world } = story
    await hold(story)
    assert.is((await machine.run('mesh-machine-drain')).code, 1)
    copyFiles(story, newer, (path, text) => (path === settings ? `${text}# once more\n` : text))
    const upgrading = machine.run('mesh-machine', 'upgrade', '--wait', '90')
    await until('it waits', 60, async () => (await machine.run('pgrep', '-f', 'drain --wait 90')).code === 0)
    assert.is(await machine.unit('linkerd-proxy'), 'active')
    assert.equal(await lookAtTraffic(world, machine), proxied)
    await world.cluster.call('release', { name: 'drain' })
    const { code, stderr } = await upgrading
    assert.is(code, 0, stderr)
    assert.match(stderr, heldUp)
    assert.match(stderr, /waiting up to 90 s/)
    assert.match(stderr, /no connection is open through the proxy/)
    await isWell(story)
  })

  step('cuts off what holds it up where it is told to, and is not undone by that', async () => {
    const { machine, world } = story
    await hold(story)
    copyFiles(story, newer, (path, text) => (path === settings ? `${text}# and again\n` : text))
    const { outcome } = await watch(story, () => machine.run('mesh-machine', 'upgrade', '--drain', '1'))
    assert.is(outcome.code, 0, outcome.stderr)
    assert.match(outcome.stderr, heldUp)
    assert.match(outcome.stderr, /while they last, but at most 1 s, nothing new/)
    assert.match(outcome.stderr, /1 s are over: what is still open is cut off/)
    await isWell(story)
    await world.cluster.call('release', { name: 'drain' })
  })

  step('goes back by itself when the proxy refuses its new settings', async () => {
    const { machine } = story
    const before = await ourFiles(story)
    copyFiles(story, common, (path, text) =>
      path === settings ? text.replace("INITIAL_TIMEOUT='3s'", "INITIAL_TIMEOUT='soon'") : text,
    )
    place(rootOf(story), '/etc/systemd/system/linkerd-redirect-more.service', '[Service]\nExecStart=true\n')
    const { outcome } = await watch(story, () => machine.run('mesh-machine', 'upgrade'))
    assert.is(outcome.code, 7, outcome.stderr)
    assert.match(outcome.stderr, /the proxy refuses its settings: Invalid configuration/)
    assert.is(await ourFiles(story), before)
    assert.equal(await inUse(story), { current: versions.newProxy, previous: versions.proxy })
    assert.is((await machine.status()).undone?.id, 'proxy-settings')
    await isWell(story)
  })

  step('goes back without a restart when the new files are refused', async () => {
    const { machine } = story
    const before = await everything(story)
    copyFiles(story, { ...common, proxySha256: '0'.repeat(64) })
    const { code, stderr } = await machine.run('mesh-machine', 'upgrade')
    assert.is(code, 7, stderr)
    assert.match(stderr, /has sha256 [0-9a-f]{64}, not 0{64}/)
    assert.is(await everything(story), before)
    assert.is((await machine.status()).undone?.id, 'checksum')
    const { code: again, stderr: said } = await machine.run('mesh-machine', 'upgrade')
    assert.is(again, 0, said)
    assert.match(said, /nothing to do/)
  })

  step('kill -9 in the middle: the next upgrade comes to its end', async () => {
    const { machine, world } = story
    await hold(story)
    copyFiles(story, common)
    const killed = machine.run('mesh-machine', 'upgrade')
    await until('the proxy drains', 60, async () => (await machine.unit('linkerd-proxy')) === 'deactivating')
    await machine.must('sh', '-c', 'kill -9 $(pgrep -of mesh-machine-upgrade)')
    await world.cluster.call('release', { name: 'drain' })
    // Its output is open for as long as a command of it still runs.
    assert.is((await killed).code, 137)
    const { code, stderr } = await machine.run('mesh-machine', 'upgrade')
    assert.is(code, 0, stderr)
    assert.equal(await inUse(story), { current: versions.proxy, previous: versions.newProxy })
    await isWell(story)
    assert.is((await machine.status()).undone, null)
  })

  step('the power goes in the middle: comes up, and goes on by itself', async () => {
    const { machine } = story
    copyFiles(story, newer)
    await hold(story)
    const lost = machine.run('mesh-machine', 'upgrade')
    await until('the proxy drains', 60, async () => (await machine.unit('linkerd-proxy')) === 'deactivating')
    assert.equal((await machine.stopPolling()).failures, [])
    await machine.cutPower()
    await lost
    await machine.startPolling()
    await machine.boot()
    await until('it has gone on', 180, async () => (await machine.run('test', '-e', marker)).code === 1)
    assert.equal(await inUse(story), { current: versions.newProxy, previous: versions.proxy })
    await isWell(story)
  })

  step('a way back that was cut short is gone to its end', async () => {
    const { machine } = story
    const before = await ourFiles(story)
    copyFiles(story, common, (path, text) => (path === '/etc/linkerd/machine.env' ? `${text}X='` : text))
    await machine.sh(`echo back >${marker}; systemctl -q enable mesh-machine-join.timer`)
    assert.is((await machine.run('mesh-machine', 'upgrade')).code, 7)
    assert.is(await ourFiles(story), before)
    assert.is((await machine.status()).undone?.id, 'cut-short')
    await isWell(story)
  })

  step('leaves nothing of two versions and of what it kept', async () => {
    const { machine } = story
    assert.is(await machine.sh('stat -c %a /var/lib/linkerd/good'), '700\n')
    const { code, stderr } = await machine.run('mesh-machine', 'leave')
    assert.is(code, 0, stderr)
    assert.match(
      stderr,
      /first kubernetes\/drain\.sh mixed-env legacy-app; .* then delete ExternalWorkload mixed-env\/legacy-app/,
    )
    const left = await machine.sh(
      'ls -d /opt/linkerd /opt/spire /var/lib/linkerd /etc/linkerd 2>/dev/null || :',
    )
    assert.is(left, '')
    assert.equal((await machine.stopPolling()).failures, [])
  })
})

const marker = '/var/lib/linkerd/upgrade'
const settings = '/etc/linkerd/mesh.env'

/** Said before the proxy stops: the connection of `hold`. */
const heldUp =
  /connections? (is|are) open through the proxy:\n(.*\n)*.* {2}in: 10\.42\.[0-9.]+:[0-9]+ to port 80\n/

function rootOf({ machine }: Story): string {
  return `/proc/${machine.pid()}/root`
}

/** As an operator copies a new overlay over the old one. */
function copyFiles(
  story: Story,
  changes: DocumentChanges,
  edit: (path: string, text: string) => string = (_, text) => text,
): void {
  const { files } = generateMachine(makeDocument(story.world, changes))
  for (const [path, { mode, content }] of files) place(rootOf(story), path, edit(path, content), mode)
}

/** A connection through the proxy, which holds up its end. */
async function hold({ world }: Story): Promise<void> {
  const target = { address: addresses.machine, port: 80 }
  await world.cluster.call('hold', { ...target, name: 'drain', text: 'HOLD\n', seconds: 5 })
}

/** How new connections go while the work is done: never past the proxy, and the rules are there all the time. */
async function watch(
  { machine, world }: Story,
  work: () => Promise<Outcome>,
): Promise<{ outcome: Outcome; seen: Set<string> }> {
  const seen = new Set<string>()
  let done = false
  const looking = (async () => {
    while (!done) {
      seen.add(await lookInbound(world))
      if ((await machine.redirects()).length === 0) seen.add('no rules')
      await pause(100)
    }
  })()
  const outcome = await work().finally(() => {
    done = true
  })
  await looking
  assert.not(seen.has('bypassed'))
  assert.not(seen.has('no rules'))
  return { outcome, seen }
}

/** Everything of ours on the disk, without what changes by being looked at. */
function ourFiles({ machine }: Story): Promise<string> {
  return machine.sh(`
    find /etc/linkerd /etc/spire /etc/systemd /etc/sysusers.d /usr/local /opt -xdev -printf '%p %y %m %U:%G %l\\n' | sort
    find /etc/linkerd /etc/spire /etc/systemd /etc/sysusers.d /usr/local -xdev -type f -exec sha256sum {} + | sort -k 2`)
}

async function everything(story: Story): Promise<string> {
  const times = await story.machine.sh(
    `find /etc/linkerd /etc/spire /etc/systemd /opt/*/* -xdev -type f -printf '%p %T@\\n' | sort`,
  )
  const pids = await Promise.all(
    ['linkerd-proxy', 'spire-agent', 'linkerd-redirect-watch'].map((unit) => mainPid(story, unit)),
  )
  return [await ourFiles(story), times, ...pids].join('\n')
}

async function mainPid({ machine }: Story, unit: string): Promise<string> {
  return (await machine.must('systemctl', 'show', unit, '-p', 'MainPID', '--value')).trim()
}

async function running(story: Story): Promise<string> {
  return (await story.machine.must('readlink', `/proc/${await mainPid(story, 'linkerd-proxy')}/exe`)).trim()
}

async function inUse({ machine }: Story): Promise<{ current: string; previous: string }> {
  const [current = '', previous = ''] = (
    await machine.must('readlink', '/opt/linkerd/current', '/opt/linkerd/previous')
  ).split('\n')
  const folders = (await machine.sh('ls /opt/linkerd')).trim().split('\n')
  assert.equal(folders.sort(), ['current', 'previous', ...new Set([current, previous])].sort())
  return { current, previous }
}

async function isWell({ machine, world }: Story): Promise<void> {
  await machine.joined(30)
  assert.equal(await lookAtTraffic(world, machine), proxied)
  const { code, stderr } = await machine.run('mesh-machine', 'redirect', 'check')
  assert.is(code, 0, stderr)
  assert.is((await machine.run('test', '-e', marker)).code, 1)
  assert.match((await machine.run('systemctl', 'is-enabled', 'mesh-machine-join.timer')).stdout, /disabled/)
  const schema = JSON.parse(
    readFileSync(new URL('../../schemas/status.v1.schema.json', import.meta.url), 'utf8'),
  )
  const ajv = new Ajv({ formats: { 'date-time': true } })
  assert.ok(ajv.validate(schema, await machine.status()), ajv.errorsText())
}
