import * as assert from 'uvu/assert'
import { identity } from './harness/addresses.ts'
import {
  type Controller,
  createController,
  holdSession,
  inventoryOf,
  type Played,
  type Session,
} from './harness/ansible.ts'
import { until } from './harness/command.ts'
import {
  type DocumentChanges,
  downloadAuthority,
  generateMachine,
  machineName,
  makeDocument,
} from './harness/document.ts'
import { createMachine } from './harness/machine.ts'
import { versions } from './harness/programs.ts'
import { assertSame, differences, takeSnapshot } from './harness/snapshot.ts'
import { type Story, tellStory } from './harness/story.ts'
import { lookAtTraffic } from './harness/traffic.ts'

const proxied = { inbound: 'proxied', outbound: 'proxied', ssh: 'works' }
const common: DocumentChanges = { gracePeriod: '10s' }
const logged: DocumentChanges = { ...common, settings: { LINKERD2_PROXY_LOG: 'warn,linkerd=debug' } }
const twoPorts: DocumentChanges = {
  ...logged,
  ports: [
    { name: 'http', port: 80 },
    { name: 'more', port: 8081 },
  ],
}
const newer: DocumentChanges = { ...twoPorts, newProxy: true }

/** The units that run or hold something; what started anew has another time. */
const units = ['spire-agent.service', 'linkerd-proxy.service', 'linkerd-redirect.service']

/**
 * A stock Debian that only SSH leads to, and an operator with nothing but the generated folder. The connection of each run
 * is kept open between its tasks, and another one from the first step to the last.
 */
tellStory('a machine under Ansible', (story, step) => {
  let controller: Controller
  let session: Session
  let before = ''
  let joined = ''

  const regenerate = (changes: DocumentChanges) => controller.generate(makeDocument(story.world, changes))
  const isWell = async () => {
    const { machine, world } = story
    await machine.joined(30)
    assert.equal(await lookAtTraffic(world, machine), proxied)
    assert.is((await machine.run('test', '-e', '/etc/linkerd/redirect.disabled')).code, 1)
    assert.is(await session.echo('still here'), 'still here')
  }

  step('boots with nothing but SSH', async () => {
    const { world } = story
    story.machine = await createMachine(world, {
      generated: generateMachine(makeDocument(world)),
      withoutUserData: true,
      withToken: false,
    })
    controller = await createController(world)
    process.stdout.write(`${story.debian}: ansible-core ${controller.version}\n`)
    await story.machine.startPolling()
    await story.machine.boot()
    await until('it is up', 120, async () =>
      /running|degraded/.test((await story.machine.run('systemctl', 'is-system-running')).stdout),
    )
    session = holdSession(world)
    assert.is(await session.echo('hello'), 'hello')
    before = await takeSnapshot(story.machine)
  })

  step('a first run in check mode says what it would do, and does nothing', async () => {
    const { machine, world } = story
    regenerate(common)
    await controller.giveToken(machineName, await world.spire.makeToken(identity.parent))
    const played = await controller.play('join.yml', '--check', '--diff')
    isFine(story, played)
    assert.ok((played.recap.changed ?? 0) > 0)
    assert.match(played.stdout, /LINKERD2_PROXY_IDENTITY_SERVER_ID/)
    assertSame(await takeSnapshot(machine), before)
  })

  step('joins, with the redirect last', async () => {
    const { machine } = story
    isFine(story, await controller.play('join.yml', '--diff'))
    await isWell()
    joined = await takeSnapshot(machine)
  })

  step('a second run changes nothing', async () => {
    const times = await startTimes(story)
    const played = await controller.play('join.yml', '--diff')
    isFine(story, played)
    assert.is(played.recap.changed, 0, played.stdout)
    assert.equal(await startTimes(story), times)
  })

  step('check.yml tells how it is, and finds what is amiss', async () => {
    const { machine } = story
    const well = await controller.play('check.yml')
    isFine(story, well)
    assert.is(well.recap.changed, 0)
    assert.match(well.stdout, new RegExp(`Joined as ${identity.spiffeId}`))
    // The service by itself, too: a run that the timer has started would go on, and put the rules back.
    await machine.must('systemctl', 'stop', 'linkerd-redirect-watch', 'linkerd-redirect-assert.timer')
    await machine.must('systemctl', 'stop', 'linkerd-redirect-assert.service')
    await machine.must('iptables', '-t', 'nat', '-F', 'MESHJOIN_INBOUND')
    const amiss = await controller.play('check.yml')
    assert.is(amiss.code, 2, amiss.stdout)
    assert.match(amiss.stdout, /not as loaded/)
    await machine.must('systemctl', 'start', 'linkerd-redirect-watch', 'linkerd-redirect-assert.timer')
    await until('the rules are back', 30, async () => (await machine.redirects()).length > 0)
  })

  step('a changed setting of the proxy restarts the proxy alone', async () => {
    const times = await startTimes(story)
    regenerate(logged)
    isFine(story, await controller.play('join.yml', '--diff'))
    const after = await startTimes(story)
    assert.equal(
      units.filter((unit) => after[unit] !== times[unit]),
      ['linkerd-proxy.service'],
    )
    await isWell()
  })

  step('a port more is loaded under commit-confirm', async () => {
    const { machine } = story
    regenerate(twoPorts)
    const played = await controller.play('join.yml', '--diff')
    isFine(story, played)
    assert.match(played.stdout, /\[linkerd_machine : Confirm the rules\]/)
    assert.ok((await machine.redirects()).some((rule) => rule.includes('8081')))
    await isWell()
  })

  step('upgrade.yml brings a new version', async () => {
    const { machine } = story
    regenerate(newer)
    const played = await controller.play('upgrade.yml')
    isFine(story, played)
    assert.is((await machine.must('readlink', '/opt/linkerd/current')).trim(), versions.newProxy)
    await isWell()
  })

  step('an upgrade to what the proxy refuses fails, and the machine has gone back', async () => {
    const { machine } = story
    regenerate(newer)
    controller.edit('roles/linkerd_machine/files/common/etc/linkerd/mesh.env', (text) => {
      const wrong = text.replace("INITIAL_TIMEOUT='3s'", "INITIAL_TIMEOUT='soon'")
      assert.is.not(wrong, text)
      return wrong
    })
    const played = await controller.play('upgrade.yml')
    assert.is(played.code, 2, played.stdout)
    assert.match(played.stdout, /the proxy refuses its settings/)
    assert.is((await machine.status()).undone?.id, 'proxy-settings')
    await isWell()
    regenerate(newer)
    const again = await controller.play('upgrade.yml')
    isFine(story, again)
    assert.is(again.recap.changed, 0, again.stdout)
  })

  step('rules that let no new SSH connection in are taken back', async () => {
    const { machine } = story
    const drop = ['INPUT', '-p', 'tcp', '--dport', '22', '--syn', '-j', 'DROP']
    assert.equal((await machine.stopPolling()).failures, [])
    isFine(story, await controller.play('check.yml')) // its connection stays open for the run to come
    await machine.must('iptables', '-I', ...drop)
    regenerate({ ...newer, ports: common.ports ?? [{ name: 'http', port: 80 }] })
    const played = await controller.play('join.yml', '-e', 'linkerd_machine_confirm_within=20')
    assert.is(played.code, 2, played.stdout)
    assert.match(played.stdout, /block new SSH connections/)
    assert.equal(await machine.redirects(), [])
    await machine.must('iptables', '-D', ...drop)
    await machine.sh("printf '*filter\\nCOMMIT\\n' | iptables-restore") // the table came with our rule
    await machine.startPolling()
    const off = await controller.play('join.yml')
    isFine(story, off)
    assert.match(off.stdout, /was turned off and stays off/)
    assert.equal(await machine.redirects(), [])
    isFine(story, await controller.play('join.yml', '-e', 'linkerd_machine_redirect_up=true'))
    await isWell()
  })

  step('leaves, and all is as it was', async () => {
    const { machine, world } = story
    await controller.giveToken(machineName, await world.spire.makeToken(identity.parent))
    const played = await controller.play('leave.yml')
    isFine(story, played)
    assert.equal(await machine.rules(), [])
    assert.equal(withoutTraces(differences(before, await takeSnapshot(machine))), [])
    const again = await controller.play('leave.yml')
    isFine(story, again)
    assert.is(again.recap.changed, 0, again.stdout)
  })

  step('a host of the inventory alone joins in parts, with programs from the controller', async () => {
    const { machine, world } = story
    const id = 'spiffe://root.linkerd.cluster.local/mixed-env/added'
    const parent = 'spiffe://root.linkerd.cluster.local/meshjoin/node/added'
    await world.spire.addEntry(id, parent, 'unix:uid:2102')
    // Without its authority the machine itself cannot fetch anything from there.
    await machine.must('rm', downloadAuthority)
    regenerate(common)
    controller.addInventory(inventoryOf('added', { linkerd_machine_download: 'controller' }))
    await controller.giveToken('added', await world.spire.makeToken(parent))
    const play = (...options: string[]) => controller.play('join.yml', '--limit', 'added', ...options)
    isFine(story, await play('--tags', 'packages,download'))
    assert.is((await machine.run('test', '-e', '/opt/linkerd')).code, 0)
    assert.is((await machine.run('test', '-e', '/etc/linkerd')).code, 1)
    const early = await play('--tags', 'redirect')
    assert.is(early.code, 2, early.stdout)
    assert.match(early.stdout, /has not joined the mesh yet/)
    isFine(story, await play('--skip-tags', 'redirect'))
    assert.match(await machine.sh('cat /run/mesh-machine/status.json'), new RegExp(`"${id}"`))
    assert.equal(await machine.redirects(), [])
    isFine(story, await play('--tags', 'redirect'))
    await isWell()
    const again = await play()
    isFine(story, again)
    assert.is(again.recap.changed, 0, again.stdout)
  })

  step('no SSH connection was lost', async () => {
    assert.is(await session.echo('to the end'), 'to the end')
    session.close()
    assert.equal((await story.machine.stopPolling()).failures, [])
    await story.machine.powerOff()
  })

  step('a machine that cloud-init joined is the same, and a run on it changes nothing', async () => {
    const { world } = story
    story.machine = await createMachine(world, { generated: generateMachine(makeDocument(world, common)) })
    const { machine } = story
    await machine.boot()
    await machine.joined(120)
    assert.is((await machine.cloudInit()).code, 0)
    assert.equal(withoutTraces(differences(await takeSnapshot(machine), joined), twinTraces), [])
    session = holdSession(world)
    regenerate(common)
    const played = await controller.play('join.yml', '--diff')
    isFine(story, played)
    assert.is(played.recap.changed, 0, played.stdout)
    await isWell()
  })
})

/** No failure, and no secret in what it says. */
function isFine({ world }: Story, { code, stdout, stderr, recap }: Played): void {
  assert.is(code, 0, `${stdout}\n${stderr}`)
  assert.is(recap.failed, 0)
  assert.is(/^.*(WARNING|DEPRECATION).*$/m.exec(stderr)?.[0], undefined)
  for (const token of world.spire.tokens) assert.not(`${stdout}${stderr}`.includes(token))
}

/** The lines that tell of more than what cloud-init keeps of itself while a machine runs. */
function withoutTraces(lines: readonly string[], more: readonly RegExp[] = []): string[] {
  return lines.filter((line) => ![/ \/(var\/lib|etc)\/cloud\b/, ...more].some((trace) => trace.test(line)))
}

/** What differs between two machines of an image, one of which had user-data: docs/ansible.md lists the same. */
const twinTraces: readonly RegExp[] = [
  // Of its own on each machine.
  / \/etc\/machine-id$/,
  / \/etc\/ssh\/ssh_host_/,
  / \/etc\/spire\/join-token$/,
  // cloud-init names the time in them.
  / \/etc\/sudoers(\.d\/90-cloud-init-users)?$/,
  // cloud-init has apt read its lists, also where no package is missing.
  / \/var\/lib\/apt\/lists\//,
]

async function startTimes({ machine }: Story): Promise<Record<string, string>> {
  const times = await Promise.all(
    units.map(async (unit) => [
      unit,
      await machine.must('systemctl', 'show', unit, '-p', 'ActiveEnterTimestampMonotonic', '--value'),
    ]),
  )
  return Object.fromEntries(times) as Record<string, string>
}
