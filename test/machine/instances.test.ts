import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { until } from './harness/command.ts'
import { type Generated, generateMachine, makeDocument } from './harness/document.ts'
import { addInstances, generateInstances, stateNetworks } from './harness/instances.ts'
import { createMachine, type Machine } from './harness/machine.ts'
import { place } from './harness/root.ts'
import { tellStory } from './harness/story.ts'
import { lookInbound } from './harness/traffic.ts'
import type { World } from './harness/world.ts'

const domain = 'spiffe://root.linkerd.cluster.local'
const group = 'web'
/** Addresses that the machine gets from its network, and no document has. */
const found = { first: '203.0.113.77', later: '203.0.113.78', second: '203.0.113.99' } as const

/** One user-data for all instances of a group, and two that boot with it. */
tellStory('instances of a group find their addresses and their names when they boot', (story, step) => {
  step(
    'a host name that is no name is refused in plain words, nothing of it is run, and nothing is written',
    async () => {
      const { world } = story
      await register(world, 'web-1')
      await register(world, 'web-2')
      story.machine = await launch(world, {
        host: 'localhost',
        id: 'i-1',
        address: found.first,
        name: 'web-1',
      })
      const { machine } = story
      await machine.boot()
      await until(
        'the status names no-name',
        120,
        async () => (await machine.status()).failure?.id === 'no-name',
      )
      assert.is((await machine.status()).state, 'refused')
      assert.match(
        machine.console(),
        /meshjoin: the hostname of this machine is localhost, which cannot be its name/,
      )
      assert.ok((await machine.cloudInit()).code !== 0)
      for (const name of ["evil'; touch /root/owned; '", '$(touch /root/owned)', 'two\nlines', 'web_1']) {
        await setHostName(machine, name)
        const { code, stderr } = await machine.run('mesh-machine', 'install')
        assert.is(code, 3, stderr)
        assert.match(stderr, /the hostname of this machine is .*, which cannot be its name/)
      }
      for (const path of [
        '/root/owned',
        '/etc/linkerd/machine.env',
        '/etc/linkerd/redirect.v4',
        '/var/lib/linkerd/workload',
      ])
        assert.not.ok(existsSync(join(rootOf(machine), path)), path)
      assert.equal(await machine.rules(), [])
    },
  )

  step(
    'joins with the name and the address that it finds, and says what the cluster has to be told',
    async () => {
      const { machine, world } = story
      await setHostName(machine, 'Web-1.example.internal')
      const { code, stderr } = await machine.run('mesh-machine', 'install')
      assert.is(code, 0, stderr)
      await machine.joined()
      await isInstance(machine, 'web-1', found.first)
      assert.is(await lookInbound(world, found.first), 'proxied')
      assert.match(
        machine.console(),
        new RegExp(
          `meshjoin: tell the cluster: ExternalWorkload mixed-env/web-1, addresses ${found.first}, SPIFFE ID`,
        ),
      )
    },
  )

  step('has the files, byte for byte, that a document with its name and its address gives', async () => {
    const { machine, world } = story
    const document = stateNetworks(makeDocument(world))
    Object.assign(document.machines[0] ?? {}, { addresses: [found.first] })
    const typed = generateMachine(document)
    for (const path of [
      '/etc/linkerd/machine.env',
      '/etc/linkerd/redirect.v4',
      '/etc/linkerd/redirect.probes',
    ]) {
      const expected = typed.files.get(path)?.content.replaceAll('legacy-app', 'web-1')
      assert.is(readFileSync(join(rootOf(machine), path), 'utf8'), expected, path)
    }
    assert.is((await machine.sh('stat -c %a /etc/linkerd/machine.env')).trim(), '600')
  })

  step(
    'keeps its name at a reboot, whatever the host is called, and finds an address that has changed',
    async () => {
      const { machine, world } = story
      place(rootOf(machine), '/etc/hostname', 'renamed\n')
      giveAddress(rootOf(machine), found.later)
      await machine.powerOff()
      await machine.boot()
      await machine.joined()
      await isInstance(machine, 'web-1', found.later)
      assert.is(await lookInbound(world, found.later), 'proxied')
      assert.is((await machine.run('systemctl', '--failed', '-q', '--no-legend')).stdout, '')
    },
  )

  step('leaves, and nothing of it stays', async () => {
    const { machine, world } = story
    const root = rootOf(machine)
    const left = await machine.run('mesh-machine', 'leave')
    assert.is(left.code, 0, left.stderr)
    for (const path of generateInstance(world, 'i-1', 'web-1').files.keys())
      for (const one of [path, path.replace(/\.in$/, '')]) assert.not.ok(existsSync(join(root, one)), one)
    for (const path of ['/etc/linkerd', '/var/lib/linkerd']) assert.not.ok(existsSync(join(root, path)), path)
    assert.equal(await machine.rules(), [])
    assert.is(await lookInbound(world, found.later), 'bypassed')
    await machine.powerOff()
  })

  step('a second one joins untouched by the same user-data, as another identity', async () => {
    const { world } = story
    const first = generateInstance(world, 'i-1', 'web-1')
    const second = generateInstance(world, 'i-2', 'web-2')
    assert.is(second.userData, first.userData)
    story.machine = await launch(world, { host: 'web-2', id: 'i-2', address: found.second, name: 'web-2' })
    const { machine } = story
    await machine.boot()
    await machine.joined(180)
    assert.is((await machine.cloudInit()).code, 0)
    await isInstance(machine, 'web-2', found.second)
    assert.is(await lookInbound(world, found.second), 'proxied')
  })
})

/** A document with a group of instances and no machine. */
function instancesDocument(world: World): unknown {
  const whole = addInstances(makeDocument(world), group)
  whole.machines = []
  return whole
}

function generateInstance(world: World, id: string, host: string): Generated {
  return generateInstances(instancesDocument(world), group, id, host)
}

interface Launch {
  readonly host: string
  readonly id: string
  readonly address: string
  /** The name that it is registered by. */
  readonly name: string
}

async function launch(world: World, { host, id, address, name }: Launch): Promise<Machine> {
  const token = await world.spire.makeToken(`${domain}/meshjoin/node/${name}`)
  return createMachine(world, {
    generated: generateInstance(world, id, host),
    withToken: false,
    edit: async (root) => {
      place(root, '/etc/spire/join-token', `${token}\n`, 0o600)
      giveAddress(root, address)
    },
  })
}

function register(world: World, name: string): Promise<void> {
  return world.spire.addEntry(
    `${domain}/mixed-env/${name}`,
    `${domain}/meshjoin/node/${name}`,
    'unix:uid:2102',
  )
}

function giveAddress(root: string, address: string): void {
  const path = '/etc/systemd/network/10-host0.network'
  place(root, path, readFileSync(join(root, path), 'utf8').replace(/Address=.*/, `Address=${address}/24`))
}

/** As no tool would: the kernel takes any bytes. */
async function setHostName(machine: Machine, name: string): Promise<void> {
  await machine.must('python3', '-c', `import socket; socket.sethostname(${JSON.stringify(name)})`)
}

/** Its status, its proxy and its rules say the same. */
async function isInstance(machine: Machine, name: string, address: string): Promise<void> {
  const spiffeId = `${domain}/mixed-env/${name}`
  await until('it has joined with its address', 60, async () => {
    const { state, workload } = await machine.status()
    assert.equal(workload, { name, namespace: 'mixed-env', addresses: [address], spiffeId })
    return state === 'joined'
  })
  const { stdout } = await machine.run('cat', '/etc/linkerd/machine.env')
  assert.match(stdout, `LINKERD2_PROXY_IDENTITY_SERVER_ID='${spiffeId}'`)
  assert.match(stdout, `LINKERD2_PROXY_INBOUND_IPS='${address}'`)
  // Looked at once: `joined` says that they are those of its address, at a reboot as well.
  assert.ok((await machine.rules()).some((line) => line.includes(`-d ${address}/32`)))
}

function rootOf(machine: Machine): string {
  return machine.pid() === 0 ? machine.root : `/proc/${machine.pid()}/root`
}
