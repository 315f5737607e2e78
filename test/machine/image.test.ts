import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as assert from 'uvu/assert'
import { addresses } from './harness/addresses.ts'
import { must, type Outcome, run, until } from './harness/command.ts'
import {
  type DocumentChanges,
  type Generated,
  generateArtifacts,
  generateMachine,
  machineName,
  makeDocument,
} from './harness/document.ts'
import { addInstances, generateInstances } from './harness/instances.ts'
import { createMachine } from './harness/machine.ts'
import { hasFiles, leaves } from './harness/parity.ts'
import { versions } from './harness/programs.ts'
import { place } from './harness/root.ts'
import { assertSame } from './harness/snapshot.ts'
import { tellStory } from './harness/story.ts'
import { lookAtTraffic } from './harness/traffic.ts'
import type { World } from './harness/world.ts'

const baked: DocumentChanges = {
  meshLayer: { from: 'baked' },
  others: [{ name: 'second', port: 8081 }],
}
/** A group whose instances find their addresses and names, and one of these. */
const group = 'web'
const instance = 'web-1'
/** Those that boot from the image, in this order. */
const instances = [machineName, 'second', instance]

function makeImageDocument(world: World, changes: DocumentChanges = {}): unknown {
  return addInstances(makeDocument(world, { ...baked, ...changes }), group, [{ name: 'http', port: 8082 }])
}

function generateOne(document: unknown, name: string): Generated {
  return name === instance
    ? generateInstances(document, group, 'i-1', instance)
    : generateMachine(document, name)
}
const spiffeId = (name: string) => `spiffe://root.linkerd.cluster.local/mixed-env/${name}`
const parentId = (name: string) => `spiffe://root.linkerd.cluster.local/meshjoin/node/${name}`

/** What each instance has of its own, and no other may have. */
const own = {
  machineId: 'cat /etc/machine-id',
  hostKey: 'cat /etc/ssh/ssh_host_ed25519_key.pub',
  svid: 'sha256sum /var/lib/spire-agent/agent-data.json',
}

/** Everything of a tree with owner, mode, size and both times, but for what is no part of an image. */
async function listTree(root: string): Promise<string> {
  const none = ['tmp', 'var/tmp', 'proc', 'dev', 'run'].flatMap((name) => ['-o', '-path', `${root}/${name}`])
  const lines = ['-printf', '%P %y %m %U:%G %s %T@ %C@ %l\\n']
  const listed = await must('find', [
    ...[root, '-mindepth', '1', '-xdev', '(', ...none.slice(1), ')', '-prune', '-o', ...lines],
  ])
  return listed.split('\n').sort().join('\n')
}

/** Numbers of those that have this folder for their root. */
function processesIn(root: string): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^[0-9]+$/.test(name) && readlinkSync(`/proc/${name}/root`) === root
    } catch {
      return false // it has ended
    }
  })
}

tellStory('machines boot from an image that was prepared and sealed', (story, step) => {
  let root = ''
  let folder = ''
  const seen = new Map<string, Record<string, string>>()

  /** In the image with chroot, without a running systemd, where the packages and the programs can be downloaded. */
  const inImage = (script: string): Promise<Outcome> =>
    run('ip', [
      ...['netns', 'exec', story.world.outside.name, 'unshare', '--mount', 'sh', '-euc'],
      `mount -t proc proc "$0/proc"; mount --rbind /dev "$0/dev"; mount -t tmpfs none "$0/run"
        mkdir -p "$0/run/systemd/resolve"; echo nameserver "$2" >"$0/run/systemd/resolve/stub-resolv.conf"
        exec chroot "$0" sh -c "$1"`,
      ...[root, script, addresses.siteDns],
    ])

  step(
    'prepare refuses a machine that is somebody, and a layer that is not as it was generated',
    async () => {
      const { world } = story
      const document = makeImageDocument(world)
      story.machine = await createMachine(world, {
        generated: generateMachine(document),
        bare: true,
        withoutUserData: true,
      })
      root = story.machine.root
      const artifacts = generateArtifacts(document, ['image'])
      for (const { path, mode, content } of artifacts) {
        // As a checkout and an upload leave them: of the modes no more than that something is a program.
        place(root, `/var/tmp/${path}`, String(content), mode & 0o755)
      }
      const [layer, ...more] = readdirSync(join(root, 'var/tmp/image')).filter((name) =>
        /^[0-9a-f]{12}$/.test(name),
      )
      assert.equal(more, [], 'all of them share a layer')
      folder = `/var/tmp/image/${layer}`
      const before = await listTree(root)

      place(root, '/etc/linkerd/machine.env', '')
      const somebody = await inImage(`sh ${folder}/prepare`)
      assert.is(somebody.code, 3, somebody.stderr)
      assert.match(
        somebody.stderr,
        /somebody in the mesh: \/etc\/linkerd\/machine\.env.*To do: mesh-machine leave/,
      )
      rmSync(join(root, 'etc/linkerd'), { recursive: true })

      const file = join(root, folder, 'root/etc/systemd/system/linkerd-proxy.service')
      const unit = readFileSync(file, 'utf8')
      writeFileSync(file, unit.replaceAll('\n', '\r\n'))
      const changed = await inImage(`sh ${folder}/prepare`)
      assert.is(changed.code, 3, changed.stderr)
      assert.match(changed.stderr, /linkerd-proxy\.service is missing, or is not as it was generated/)
      writeFileSync(file, unit)
      const apart = await inImage(`cp ${folder}/prepare /tmp/alone && sh /tmp/alone`)
      assert.is(apart.code, 3)
      assert.match(apart.stderr, /copy the whole folder/)
      const times = (tree: string) => tree.replace(/^etc d .*$/m, '')
      assertSame(times(await listTree(root)), times(before))
    },
  )

  step('prepare brings packages, files, users and programs into a chroot, and starts nothing', async () => {
    const { code, stderr } = await inImage(`sh ${folder}/prepare`)
    assert.is(code, 0, stderr)
    assert.match(stderr, /mesh-machine: apt-get -q -y install .*iptables/)
    const asked = await inImage(`command -v curl; command -v iptables
      getent passwd linkerd-proxy spire-agent; readlink /opt/linkerd/current /opt/spire/current
      for unit in linkerd-mesh.target linkerd-redirect-early.service mesh-machine-join.timer; do
        systemctl is-enabled $unit; done`)
    assert.is(
      asked.stdout,
      `/usr/bin/curl\n/usr/sbin/iptables
linkerd-proxy:x:2102:2102:Linkerd proxy (meshjoin):/:/usr/sbin/nologin
spire-agent:x:2103:2103:SPIRE agent (meshjoin):/:/usr/sbin/nologin
${versions.proxy}\n${versions.agent}\nenabled\nenabled\nenabled\n`,
    )
    assert.equal(processesIn(root), [])
  })

  step('a second run downloads nothing and changes nothing', async () => {
    const { world } = story
    await world.stopDownloads()
    await world.stopPackages()
    const before = await listTree(root)
    const { code, stderr } = await inImage(`sh ${folder}/prepare`)
    assert.is(code, 0, stderr)
    assertSame(await listTree(root), before)
  })

  step(
    'booted it is nobody; seal refuses while something of ours runs, and says how to stop it',
    async () => {
      const { machine } = story
      await machine.boot()
      await until('it has booted', 120, async () =>
        /^(running|degraded)/.test((await machine.run('systemctl', 'is-system-running')).stdout),
      )
      assert.is((await machine.run('systemctl', '--failed', '-q', '--no-legend')).stdout, '')
      for (const unit of ['spire-agent', 'linkerd-proxy', 'linkerd-redirect'])
        assert.is(await machine.unit(unit), 'inactive', unit)
      assert.equal(await machine.rules(), [])
      seen.set('the image', {
        hostKey: await machine.sh(own.hostKey),
        machineId: await machine.sh(own.machineId),
      })
      const refused = await machine.run('sh', `${folder}/seal`)
      assert.is(refused.code, 3, refused.stderr)
      const remedy = /still runs here:.*To do: (systemctl stop [^\n]*)\.\n/.exec(refused.stderr)?.[1]
      assert.match(remedy ?? '', /linkerd-mesh\.target/)
      assert.ok((await machine.sh(own.machineId)).trim().length === 32, 'nothing was taken away')
      await machine.sh(String(remedy))
    },
  )

  step('seal takes away who it was, also when run again', async () => {
    const { machine } = story
    for (let count = 0; count < 2; count++) {
      const sealed = await machine.run('sh', `${folder}/seal`)
      assert.is(sealed.code, 0, sealed.stderr)
    }
    await machine.sh(`rm -r /var/tmp/image`)
    await machine.powerOff()
    // The second is a link to the first, or no file.
    assert.is(readFileSync(join(root, 'etc/machine-id'), 'utf8'), '')
    const dbus = readdirSync(join(root, 'var/lib/dbus'), { withFileTypes: true })
    assert.ok(dbus.every((entry) => entry.name !== 'machine-id' || entry.isSymbolicLink()))
    const gone = [
      ...['/etc/spire/join-token', '/var/lib/spire-agent', '/var/lib/linkerd', '/etc/linkerd/machine.env'],
      ...[
        '/var/lib/cloud/instance',
        '/var/lib/cloud/instances',
        '/var/lib/cloud/seed',
        '/var/log/cloud-init.log',
      ],
      ...['/var/lib/systemd/random-seed', '/var/lib/systemd/credential.secret'],
    ]
    for (const path of gone) assert.not.ok(existsSync(join(root, path)), path)
    assert.equal(readdirSync(join(root, 'var/log/journal')), [])
    assert.equal(
      readdirSync(join(root, 'etc/ssh')).filter((name) => name.startsWith('ssh_host_')),
      [],
    )
  })

  for (const name of instances) {
    step(`${name} boots from it with the download server away, and is itself`, async () => {
      const { world } = story
      if (name !== machineName) await story.machine.powerOff()
      else await run('umount', [root])
      if (name !== machineName) await world.spire.addEntry(spiffeId(name), parentId(name), 'unix:uid:2102')
      const generated = generateOne(makeImageDocument(world), name)
      story.machine = await createMachine(world, {
        generated,
        image: join(dirname(root), 'upper'),
        parent: parentId(name),
      })
      const { machine } = story
      await machine.boot()
      await machine.joined()
      assert.is((await machine.cloudInit()).code, 0)
      assert.is((await machine.status()).spiffeId, spiffeId(name))
      assert.is((await machine.run('systemctl', '--failed', '-q', '--no-legend')).stdout, '')
      assert.is(
        await machine.sh('journalctl -q --no-pager | grep -c "mesh-machine: downloading" || :'),
        '0\n',
      )
      hasFiles(story, generated)
      const values: Record<string, string> = {}
      for (const [key, command] of Object.entries(own)) {
        values[key] = await machine.sh(command)
        for (const [other, theirs] of seen) assert.is.not(values[key], theirs[key], `${key} of ${other}`)
      }
      seen.set(name, values)
      if (name === instance)
        assert.equal((await machine.status()).workload?.addresses, ['203.0.113.42'], 'found, not told')
      if (name === machineName)
        assert.equal(await lookAtTraffic(world, machine), {
          inbound: 'proxied',
          outbound: 'proxied',
          ssh: 'works',
        })
    })
  }

  step('is upgraded, and leaves with all that the image had of ours', async () => {
    const { machine, world } = story
    await world.startDownloads()
    const newer = generateOne(makeImageDocument(world, { newProxy: true }), instance)
    for (const [path, { mode, content }] of newer.files)
      place(`/proc/${machine.pid()}/root`, path, content, mode)
    const upgraded = await machine.run('mesh-machine', 'upgrade')
    assert.is(upgraded.code, 0, upgraded.stderr)
    await leaves(story, newer)
    const left = await machine.sh(
      `find /etc/systemd /opt /etc/linkerd /var/lib/linkerd /usr/local/sbin 2>/dev/null | grep -E 'linkerd|spire|mesh-machine' || :`,
    )
    assert.is(left, '')
  })
})
