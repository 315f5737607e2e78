import * as assert from 'uvu/assert'
import type { ResolverProvider } from '../../lib/config/resolved.ts'
import { addresses, identity, names } from './harness/addresses.ts'
import { until } from './harness/command.ts'
import { look as examine, isHealthy } from './harness/doctor.ts'
import { generateMachine, makeDocument } from './harness/document.ts'
import { createMachine, type Machine } from './harness/machine.ts'
import { testing } from './harness/programs.ts'
import { place } from './harness/root.ts'
import { assertSame, takeSnapshot } from './harness/snapshot.ts'
import { type Story, tellStory } from './harness/story.ts'

const toSelf = "rm -f /etc/resolv.conf; printf 'nameserver 127.0.0.1\\n' >/etc/resolv.conf"

const toSite = `systemctl disable --now NetworkManager site-dns
    printf 'nameserver ${addresses.siteDns}\\n' >/etc/resolv.conf`

/** What it takes to have a machine ask each resolver, from the one before, and how it is asked anew. */
const setUps: Readonly<Partial<Record<ResolverProvider, string>>> = {
  dnsmasq: `systemctl disable --now systemd-resolved
    printf 'no-resolv\\nserver=${addresses.siteDns}\\nstop-dns-rebind\\nrebind-domain-ok=/example.internal/\\n' >/etc/dnsmasq.d/site.conf
    ${toSelf}; systemctl enable --now dnsmasq`,
  unbound: `systemctl disable --now dnsmasq
    printf 'server:\\n  domain-insecure: example.internal\\nforward-zone:\\n  name: .\\n  forward-addr: ${addresses.siteDns}\\n' \\
      >/etc/unbound/unbound.conf.d/site.conf
    systemctl enable --now unbound`,
  networkmanager: `systemctl disable --now unbound
    printf '[main]\\ndns=dnsmasq\\nrc-manager=file\\n[keyfile]\\nunmanaged-devices=interface-name:*\\n[global-dns-domain-*]\\nservers=${addresses.siteDns}\\n' \\
      >/etc/NetworkManager/conf.d/site.conf
    printf '[Unit]\\nAfter=NetworkManager.service\\n[Service]\\nType=oneshot\\nExecStart=/bin/sh -c "until nmcli general reload dns-full; do sleep 1; done"\\n[Install]\\nWantedBy=multi-user.target\\n' \\
      >/etc/systemd/system/site-dns.service
    systemctl enable --now NetworkManager site-dns`,
  hosts: `${toSite}; printf '192.0.2.77 printer' >>/etc/hosts`,
  'dns-delegate': ':',
}

/** Machines that ask another resolver than systemd-resolved, one after the other on one machine. */
tellStory('a machine that asks another resolver', (story, step) => {
  let before = ''
  let count = 0
  const isNew = story.debian === testing
  const providers = (Object.keys(setUps) as ResolverProvider[]).filter(
    (provider) => (provider === 'dns-delegate') === isNew,
  )

  step('boots without user-data, and gets the resolvers', async () => {
    const { world } = story
    const generated = generateMachine(makeDocument(world))
    story.machine = await createMachine(world, { generated, withoutUserData: true, withToken: false })
    const { machine } = story
    await machine.boot()
    await until('it is up', 120, async () =>
      /running|degraded/.test((await machine.run('systemctl', 'is-system-running')).stdout),
    )
    if (isNew) return
    // cloud-init makes the group netdev, and NetworkManager's package wants to.
    await machine.sh(`! getent group netdev || groupdel netdev
      printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d
      export DEBIAN_FRONTEND=noninteractive; apt-get -q update
      apt-get -q -y --no-install-recommends install dnsmasq unbound dns-root-data network-manager
      rm /usr/sbin/policy-rc.d; systemctl reload dbus; systemctl disable dnsmasq unbound NetworkManager 2>&1`)
  })

  /** A name that nobody has, and nobody was asked for. */
  const fresh = (domain: string) => {
    count += 1
    return `nothing-${count}.${domain}`
  }

  /** Its own names are found and not, and the cluster hears of none of them. */
  const ownNames = async () => {
    await asked(story)
    await until(
      "the site's names are found",
      60,
      async () => (await ask(story, names.spire)) === addresses.spire,
    )
    const name = fresh('example.internal')
    assert.is(await ask(story, name), '')
    const { site, cluster } = await asked(story)
    assert.ok(site.includes(name), site.join())
    assert.equal(
      cluster.filter((one) => !one.endsWith('.cluster.local')),
      [],
    )
  }

  const clusterNames = async (provider: ResolverProvider) => {
    await until(
      "the control plane's names are found",
      60,
      async () => (await ask(story, names.destination)) === addresses.destination,
    )
    if (provider === 'hosts') return
    const name = fresh('svc.cluster.local')
    assert.is(await ask(story, name), '')
    const { site, cluster } = await asked(story)
    assert.ok(cluster.includes(name), cluster.join())
    assert.not.ok(site.includes(name))
  }

  const darken = async () => {
    await story.world.stopClusterDns()
    await story.world.startClusterDns(addresses.clusterDns, true)
  }
  const lighten = async () => {
    await story.world.stopClusterDns()
    await story.world.startClusterDns()
  }

  for (const provider of providers) {
    step(`${provider}: names before, and what does not fit is refused with what does`, async () => {
      const { machine } = story
      await machine.sh(`(${setUps[provider]}) 2>&1`)
      await ownNames()
      assert.is(await ask(story, names.destination), '')
      before = await look(machine)
      for (const other of ['systemd-resolved', provider === 'unbound' ? 'dnsmasq' : 'unbound'] as const) {
        if (isNew && other === 'systemd-resolved') continue
        await copyFiles(story, other)
        const { code, stderr } = await machine.run('mesh-machine', 'install')
        assert.is(code, 3, stderr)
        const fitting = isNew ? 'systemd-resolved' : provider
        assert.match(stderr, new RegExp(`mesh\\.dns\\.provider: ${fitting}`))
        const [first] = await examine(story, '--before')
        assert.match(`${first?.id} ${first?.next}`, `mesh.dns.provider: ${fitting}`)
        assert.match(first?.id ?? '', other === 'systemd-resolved' ? 'resolver-stub' : 'resolver-other')
      }
      await leave(story)
      assertSame(await look(machine), before)
    })

    step(`${provider}: joins, and each name is asked of whose it is`, async () => {
      await copyFiles(story, provider)
      await story.machine.must('mesh-machine', 'install')
      await story.machine.joined()
      await clusterNames(provider)
      await ownNames()
      await saysNothingIsWrong(story)
    })

    step(
      `${provider}: a cluster DNS that drops packets, also at boot, costs its own names nothing`,
      async () => {
        const { machine } = story
        await darken()
        await ownNames()
        await machine.powerOff()
        await machine.boot()
        await ownNames()
        // /etc/hosts is there before any DNS is; the others have the names only while the cluster's DNS answers.
        if (provider === 'hosts') await machine.joined()
        else await missesControlPlane(story)
        const away = await examine(story)
        assert.is(away[0]?.id, 'cluster-dns-away', JSON.stringify(away))
        await lighten()
        await clusterNames(provider)
        await ownNames()
        await machine.joined(180)
        await saysNothingIsWrong(story)
      },
    )

    step(`${provider}: leaves all as it was`, async () => {
      await leave(story)
      assertSame(await look(story.machine), before)
      await ownNames()
      assert.is(await ask(story, names.destination), '')
    })
  }

  if (!isNew)
    step('hosts: follows a control plane that moves', async () => {
      const { machine, world } = story
      await copyFiles(story, 'hosts')
      await machine.must('mesh-machine', 'install')
      const started = () => machine.sh('systemctl show -P InvocationID linkerd-proxy')
      const proxy = await started()
      const refresh = 'systemctl start linkerd-dns-hosts'
      await machine.sh(refresh)
      assert.is(await started(), proxy)
      const { service, policy } = addresses
      const records = { [names.destination]: service, [names.policy]: policy }
      await world.stopClusterDns()
      await world.cluster.call('startDns', { address: addresses.clusterDns, records })
      await world.cluster.call('listen', { address: service, port: 8086 })
      await machine.sh(refresh)
      assert.is(await ask(story, names.destination), service)
      await until('the proxy reads it', 60, async () => (await started()) !== proxy)
      await machine.joined()
      await lighten()
      await machine.sh(refresh)
      await clusterNames('hosts')
    })

  step('another provider in the document: an upgrade takes the files of the one before', async () => {
    const { machine } = story
    let last: ResolverProvider = isNew ? 'dns-delegate' : 'hosts'
    await copyFiles(story, last)
    if (isNew) await machine.must('mesh-machine', 'install')
    const others: ResolverProvider[] = isNew ? ['systemd-resolved'] : ['dnsmasq', 'unbound', 'networkmanager']
    for (const provider of others) {
      await copyFiles(story, provider)
      const refused = await machine.run('mesh-machine', 'upgrade')
      if (!isNew) {
        assert.is(refused.code, 7, refused.stderr)
        assert.match(refused.stderr, `mesh.dns.provider: ${last} fits`)
        await clusterNames(last)
        assert.is(await findOurs(story), fileOf[last])
        await machine.sh(`(${setUps[provider]}) 2>&1`)
        await copyFiles(story, provider)
        await machine.must('mesh-machine', 'upgrade')
      } else assert.is(refused.code, 0, refused.stderr)
      await clusterNames(provider)
      await ownNames()
      assert.is(await findOurs(story), fileOf[provider] ?? '')
      last = provider
    }
  })

  step('and back again; what is left is taken away by leaving', async () => {
    const { machine } = story
    const back: ResolverProvider = isNew ? 'dns-delegate' : 'hosts'
    if (!isNew) await machine.sh(`(${toSite}) 2>&1`)
    await copyFiles(story, back)
    await machine.must('mesh-machine', 'upgrade')
    await clusterNames(back)
    await ownNames()
    await saysNothingIsWrong(story)
    await leave(story)
    assertSame(await look(machine), before)
  })
})

/** Where a resolver reads what is ours. */
const fileOf: Readonly<Partial<Record<ResolverProvider, string>>> = {
  dnsmasq: '/etc/dnsmasq.d/linkerd-mesh.conf',
  unbound: '/etc/unbound/unbound.conf.d/linkerd-mesh.conf',
  networkmanager: '/etc/NetworkManager/dnsmasq.d/linkerd-mesh.conf',
  'dns-delegate': '/etc/systemd/dns-delegate.d/linkerd-mesh.dns-delegate',
  hosts: '/etc/hosts',
}

/** Files of any resolver in which something of ours stands. */
async function findOurs({ machine }: Story): Promise<string> {
  const places = [
    '/etc/hosts',
    '/etc/dnsmasq.d',
    '/etc/unbound',
    '/etc/NetworkManager',
    '/etc/systemd/dns-delegate.d',
  ]
  return (
    await machine.sh(`grep -rlE 'meshjoin|mesh-machine-resolver' ${places.join(' ')} 2>/dev/null || :`)
  ).trim()
}

/** What `takeSnapshot` sees, but for what NetworkManager notes for itself when it ends. */
async function look(machine: Machine): Promise<string> {
  const lines = (await takeSnapshot(machine)).split('\n')
  return lines.filter((line) => !line.startsWith('/var/lib/NetworkManager/')).join('\n')
}

async function copyFiles({ machine, world }: Story, provider: ResolverProvider): Promise<void> {
  const root = `/proc/${machine.pid()}/root`
  const joined = await machine.run('test', '-e', '/var/lib/linkerd/joined')
  if (joined.code !== 0)
    place(root, '/etc/spire/join-token', `${await world.spire.makeToken(identity.parent)}\n`, 0o600)
  for (const [path, { mode, content }] of generateMachine(makeDocument(world, { provider })).files)
    place(root, path, content, mode)
}

async function leave({ machine }: Story): Promise<void> {
  await machine.must('mesh-machine', 'leave')
  // The token is the operator's.
  await machine.sh('rm -f /etc/spire/join-token; [ ! -d /etc/spire ] || rmdir /etc/spire')
}

/** The first address of a name, as the proxy looks it up; `''` where there is none. */
async function ask({ machine }: Story, name: string): Promise<string> {
  const { stdout } = await machine.run('timeout', '60', 'getent', '-s', 'files dns', 'ahosts', name)
  return stdout.split(/\s/)[0] ?? ''
}

async function saysNothingIsWrong(story: Story): Promise<void> {
  await isHealthy(story)
  const said = await story.machine.must('mesh-machine-doctor')
  assert.match(said, /^nothing is wrong with [^\n]+\n$/)
}

async function missesControlPlane({ machine }: Story): Promise<void> {
  await until(
    'the control plane is missed',
    120,
    async () => (await machine.status()).failure?.id === 'control-plane-away',
  )
}

/** What both servers were asked since the last look. */
async function asked({ world }: Story): Promise<{ site: string[]; cluster: string[] }> {
  return {
    site: await world.outside.call('asked', { address: addresses.siteDns }),
    cluster: await world.cluster.call('asked', { address: addresses.clusterDns }),
  }
}
