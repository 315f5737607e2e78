import * as assert from 'uvu/assert'
import { until } from './harness/command.ts'
import { type DocumentChanges, generateMachine, makeDocument } from './harness/document.ts'
import { createMachine } from './harness/machine.ts'
import { place } from './harness/root.ts'
import { type Story, tellStory } from './harness/story.ts'
import { lookAtTraffic } from './harness/traffic.ts'

/**
 * One machine with everything wrong at once. `install` names one thing after the other; each is mended, and then it is the
 * next one's turn: which shows both that the refusal is there and that mending is enough.
 */
tellStory('a machine that cannot be joined yet', (story, step) => {
  const mendDocument = async (changes: DocumentChanges) => {
    const generated = generateMachine(makeDocument(story.world, changes))
    const data = generated.files.get('/etc/linkerd/mesh-machine.conf')
    assert.ok(data !== undefined)
    place(`/proc/${story.machine.pid()}/root`, '/etc/linkerd/mesh-machine.conf', data?.content ?? '')
  }
  const broken = () => ({
    proxySha256: story.world.programs.broken.sha256,
    proxyUrl: `${story.world.downloads}/broken.tar.gz`,
  })

  step('boots without curl, iptables and a package source', async () => {
    const { world } = story
    await world.stopPackages()
    const wrong = { ...broken(), proxySha256: '0'.repeat(64) }
    story.machine = await createMachine(world, {
      generated: generateMachine(makeDocument(world, wrong)),
      bare: true,
      withoutApplication: true,
      nspawn: ['--tmpfs=/opt:size=3M,mode=0755'],
      edit: async (root) => {
        place(root, '/etc/ssh/sshd_config.d/port.conf', 'Port 22\nPort 80\n')
      },
    })
    await story.machine.startPolling()
    await story.machine.boot()
    const { code, ...said } = await story.machine.cloudInit()
    assert.ok(code !== 0, JSON.stringify(said))
  })

  step('refuses: packages are missing and there is no source of them', async () => {
    await refuses(story, 3, 'missing-packages', /curl.*iptables-restore/, /apt-get install .*curl.*iptables/)
    const { failure } = await story.machine.status()
    assert.is(failure?.id, 'missing-packages')
    await story.world.startPackages()
    await story.machine.sh('apt-get -q update && apt-get -q -y --no-install-recommends install curl iptables')
  })

  step('refuses: uid 2102 is taken', async () => {
    await story.machine.sh('useradd -u 2102 taken')
    await refuses(story, 3, 'uid-taken', /2102/, /taken/)
    await story.machine.sh('userdel taken')
  })

  step('refuses: sshd listens on a declared port', async () => {
    await refuses(story, 3, 'ssh', /port 80/, /lock you out/)
    // A reload closes port 22 for a moment, which is sshd's doing.
    assert.equal((await story.machine.stopPolling()).failures, [])
    await story.machine.sh('rm /etc/ssh/sshd_config.d/port.conf; systemctl reload-or-restart ssh')
    await until(
      'sshd has left port 80',
      20,
      async () => (await story.machine.sh('ss -Hltn sport = :80')) === '',
    )
    await until(
      'sshd answers',
      20,
      async () => (await lookAtTraffic(story.world, story.machine)).ssh === 'works',
    )
    await story.machine.startPolling()
  })

  step('refuses: sha256 is wrong', async () => {
    await refuses(story, 3, 'checksum', /sha256/, /broken\.tar\.gz/)
    assert.is((await story.machine.run('test', '-e', '/opt/linkerd/current')).code !== 0, true)
    await mendDocument(broken())
  })

  step('refuses: the binary cannot run here', async () => {
    await refuses(story, 4, 'download', /spire-1\.15\.3/, /No space|[Ff]ailure writing|curl: \(23\)/)
    await story.machine.sh('mount -o remount,size=400M /opt')
    await refuses(story, 3, 'proxy-cannot-run', /cannot run here/, /architecture|glibc/)
  })

  step('refuses: the disk is full', async () => {
    await story.machine.sh('rm -rf /opt/*; mount -o remount,size=3M /opt')
    await mendDocument({})
    await refuses(story, 4, 'download', /No space|[Ff]ailure writing|curl: \(23\)/, /there is room/)
    await story.machine.sh('mount -o remount,size=400M /opt')
  })

  step('joins when all of it is mended', async () => {
    const { machine, world } = story
    await machine.must('mesh-machine', 'install')
    await machine.joined(60)
    const traffic = await lookAtTraffic(world, machine)
    assert.is(traffic.outbound, 'proxied')
    assert.is(traffic.ssh, 'works')
    assert.equal((await machine.stopPolling()).failures, [])
  })
})

/** `install` ends with the status, says why and what to do, loads no rule, and leaves SSH alone. */
async function refuses(story: Story, status: number, id: string, ...says: readonly RegExp[]): Promise<void> {
  const { machine, world } = story
  const { code, stderr } = await machine.run('mesh-machine', 'install')
  assert.is(code, status, stderr)
  for (const pattern of [/It means: .*To do: /s, ...says]) assert.match(stderr, pattern)
  assert.is((await machine.status()).failure?.id, id)
  assert.equal(await machine.rules(), [])
  assert.is((await lookAtTraffic(world, machine)).ssh, 'works')
}
