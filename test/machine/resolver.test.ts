import * as assert from 'uvu/assert'
import { addresses, identity, names } from './harness/addresses.ts'
import { must, until } from './harness/command.ts'
import { downloadAuthority, generateMachine, makeDocument } from './harness/document.ts'
import { createMachine } from './harness/machine.ts'
import { place } from './harness/root.ts'
import { assertSame, takeSnapshot } from './harness/snapshot.ts'
import { type Step, type Story, tellStory } from './harness/story.ts'

const siteConf = '/etc/systemd/resolved.conf.d/site.conf'
const network = '/etc/systemd/network/10-host0.network'

/** Each way in which sites arrange their names, and what it takes to get from the one before to it. */
const setUps: Readonly<Record<string, string>> = {
  'the stock stub, with DNS from the link': ':',
  'a global DNS= of the site, and a networkd that takes every link': `
    printf '[Resolve]\\nDNS=${addresses.siteDns}\\nDomains=~.\\n' >${siteConf}
    printf '[Match]\\nName=*\\n[Network]\\nLinkLocalAddressing=no\\nDNS=${addresses.siteDns}\\n' >/etc/systemd/network/50-all.network
    systemctl restart systemd-networkd systemd-resolved`,
  'DNSOverTLS=yes': `
    rm /etc/systemd/network/50-all.network
    printf '[Resolve]\\nDNSOverTLS=yes\\n' >${siteConf}
    sed -i 's/^DNS=.*/DNS=${addresses.siteDns}#${names.downloads}/' ${network}
    systemctl restart systemd-networkd systemd-resolved`,
}

/**
 * Names of the site and of the cluster, asked before joining, after it, and after leaving, with a look at what each DNS server
 * was asked. The site's server knows nothing of the cluster and says so: whoever asks it for such a name is told that there is none.
 */
tellStory('a machine with a resolver of its own', (story, step) => {
  let before = ''

  step('boots without user-data', async () => {
    const { world } = story
    story.machine = await createMachine(world, {
      generated: generateMachine(makeDocument(world)),
      withoutUserData: true,
      withToken: false,
      edit: async (root) => {
        // What DNS over TLS is trusted by. In place from the start: it is no part of the comparison.
        const authority = world.authorities.text(world.authorities.downloads.certificate)
        place(root, '/usr/local/share/ca-certificates/site.crt', authority)
        await must('chroot', [root, 'update-ca-certificates'])
        await must('mkdir', ['-p', `${root}/etc/systemd/resolved.conf.d`])
      },
    })
    await story.machine.startPolling()
    await story.machine.boot()
    await until('it is up', 120, async () =>
      /running|degraded/.test((await story.machine.run('systemctl', 'is-system-running')).stdout),
    )
  })

  for (const [title, change] of Object.entries(setUps)) {
    step(`${title}: names before`, async () => {
      await story.machine.sh(change)
      await sitesOnly(story)
      before = await look(story)
    })
    step(`${title}: joins, and each name is asked of whose it is`, async () => {
      await copyFiles(story)
      await story.machine.must('mesh-machine', 'install')
      await apart(story)
    })
    if (title === 'DNSOverTLS=yes') tellWhatItSurvives(story, step)
    step(`${title}: a cluster DNS that drops packets costs the site's names nothing`, () =>
      undisturbed(story),
    )
    step(`${title}: leaves all as it was`, async () => {
      await leave(story)
      assertSame(await look(story), before)
      await sitesOnly(story)
    })
  }

  step('the stub is off: refuses, with nothing changed, and names the file', async () => {
    await story.machine.sh(`
      sed -i 's/^DNS=.*/DNS=${addresses.siteDns}/' ${network}
      printf '[Resolve]\\nDNSStubListener=no\\n' >${siteConf}
      ln -sf ../run/systemd/resolve/resolv.conf /etc/resolv.conf
      systemctl restart systemd-networkd systemd-resolved`)
    await refuses(story, /does not listen on 127\.0\.0\.53: .*site\.conf:DNSStubListener=no/)
  })

  step('the stub is off: what the refusal says is enough to join', async () => {
    await mend(story)
    // A refused machine can leave as well.
    await leave(story)
    before = await look(story)
    await copyFiles(story)
    await story.machine.must('mesh-machine', 'install')
    await apart(story)
    await leave(story)
    assertSame(await look(story), before)
    await sitesOnly(story)
  })

  step(
    'a file of the site in place of the link: the remedy keeps its servers and its search list',
    async () => {
      await story.machine.sh(`
      rm -f ${siteConf} /etc/systemd/resolved.conf.d/zz-stub.conf /etc/resolv.conf
      sed -i '/^DNS=/d' ${network}
      printf 'nameserver ${addresses.siteDns}\\nsearch example.internal\\n' >/etc/resolv.conf
      systemctl restart systemd-networkd; systemctl disable --now systemd-resolved`)
      await refuses(story, /does not listen on 127\.0\.0\.53/)
      await mend(story)
      assert.is(await ask(story, 'spire'), addresses.spire)
      await story.machine.must('mesh-machine', 'install')
      await apart(story)
    },
  )

  step('SSH never failed', async () => {
    assert.equal((await story.machine.stopPolling()).failures, [])
  })
})

function tellWhatItSurvives(story: Story, step: Step): void {
  const events: Readonly<Record<string, string>> = {
    'a restart of systemd-resolved': 'systemctl restart systemd-resolved',
    'a restart of systemd-networkd': 'systemctl restart systemd-networkd',
    'a kill of what asks the cluster': 'kill -9 "$(systemctl show -p MainPID --value linkerd-dns)"',
    'a stop of the mesh': 'systemctl stop linkerd-mesh.target',
    'a start of the mesh': 'systemctl start linkerd-mesh.target',
  }
  for (const [event, script] of Object.entries(events))
    step(`the names survive ${event}`, async () => {
      await story.machine.sh(script)
      await apart(story)
    })
  step('the names survive a reboot', async () => {
    const { machine } = story
    // The poll of SSH counts failures, and a reboot is none.
    assert.equal((await machine.stopPolling()).failures, [])
    await machine.powerOff()
    await machine.boot()
    await machine.joined()
    await apart(story)
    await machine.startPolling()
  })
}

async function copyFiles({ machine, world }: Story): Promise<void> {
  const root = `/proc/${machine.pid()}/root`
  const token = await world.spire.makeToken(identity.parent)
  place(root, '/etc/spire/join-token', `${token}\n`, 0o600)
  for (const [path, { mode, content }] of generateMachine(makeDocument(world)).files)
    place(root, path, content, mode)
  await machine.must('test', '-e', downloadAuthority)
}

async function leave({ machine }: Story): Promise<void> {
  await machine.must('mesh-machine', 'leave')
  // The token is the operator's.
  await machine.sh('rm -f /etc/spire/join-token; rmdir /etc/spire')
}

/** The first address of a name, past /etc/hosts; `''` where there is none. */
async function ask({ machine }: Story, name: string): Promise<string> {
  const { stdout } = await machine.run('timeout', '60', 'getent', '-s', 'dns', 'ahosts', name)
  return stdout.split(/\s/)[0] ?? ''
}

/** What both servers were asked since the last look. */
async function asked({ world }: Story): Promise<{ site: string[]; cluster: string[] }> {
  return {
    site: await world.outside.call('asked', { address: addresses.siteDns }),
    cluster: await world.cluster.call('asked', { address: addresses.clusterDns }),
  }
}

/** Before joining and after leaving: the site's names are found, the cluster's are not, and the cluster is asked nothing. */
async function sitesOnly(story: Story): Promise<void> {
  await until(
    "the site's names are found",
    60,
    async () => (await ask(story, names.spire)) === addresses.spire,
  )
  await story.machine.must('resolvectl', 'flush-caches')
  await asked(story)
  assert.is(await ask(story, names.spire), addresses.spire)
  assert.is(await ask(story, names.destination), '')
  assert.is(await ask(story, 'nothing.example.internal'), '')
  const { site, cluster } = await asked(story)
  assert.ok(site.includes(names.spire))
  assert.equal(cluster, [])
}

/** Joined: both are found, and neither server hears of the other's, also where there is no such name. */
async function apart(story: Story): Promise<void> {
  await until("the cluster's names are found", 60, async () => (await ask(story, names.destination)) !== '')
  await story.machine.must('resolvectl', 'flush-caches')
  await asked(story)
  assert.is(await ask(story, names.destination), addresses.destination)
  assert.is(await ask(story, names.spire), addresses.spire)
  assert.is(await ask(story, 'nothing.svc.cluster.local'), '')
  assert.is(await ask(story, 'nothing.example.internal'), '')
  const { site, cluster } = await asked(story)
  assert.ok(
    cluster.includes(names.destination) && cluster.includes('nothing.svc.cluster.local'),
    cluster.join(),
  )
  assert.ok(site.includes(names.spire) && site.includes('nothing.example.internal'), site.join())
  const ofCluster = (name: string) => name.endsWith('.cluster.local')
  assert.equal(site.filter(ofCluster), [])
  assert.equal(
    cluster.filter((name) => !ofCluster(name)),
    [],
  )
  // Docker, and whoever has the stub off, read this one.
  const list = await story.machine.must('cat', '/run/systemd/resolve/resolv.conf')
  assert.not.match(list, /127\.0\.0\.108|10\.43\./)
}

async function undisturbed(story: Story): Promise<void> {
  const { machine, world } = story
  await world.stopClusterDns()
  await world.startClusterDns(addresses.clusterDns, true)
  await machine.must('resolvectl', 'flush-caches')
  await asked(story)
  assert.is(await ask(story, names.spire), addresses.spire)
  assert.is(await ask(story, 'nothing.example.internal'), '')
  const { site, cluster } = await asked(story)
  assert.ok(site.includes('nothing.example.internal'))
  assert.equal(
    cluster.filter((name) => !name.endsWith('.cluster.local')),
    [],
  )
  await world.stopClusterDns()
  await world.startClusterDns()
}

/** Files, and what the resolver says of itself but for the numbers of links and the server of its last question. */
async function look({ machine }: Story): Promise<string> {
  const resolver = await machine.sh(`
    resolvectl status | sed 's/^ *//; s/^Link [0-9]*/Link/; /^Current DNS Server/d; /^$/d'
    grep -v '^#' /run/systemd/resolve/resolv.conf; ls -l /etc/resolv.conf; ls /run/systemd/resolve/netif
    ip -o link | sed 's/^[0-9]*: //; s/@if[0-9]*//; s/ link.ether.*//'; ip -o address | sed 's/^[0-9]*: //; s/ *valid_lft.*//'; ip route
    ss -Hlun | awk '{print $4}' | sort`)
  return (await takeSnapshot(machine)) + resolver
}

let remedy = ''

async function refuses(story: Story, says: RegExp): Promise<void> {
  const { machine } = story
  await copyFiles(story)
  const names = () =>
    machine.sh(
      'cat /etc/resolv.conf; ls /etc/systemd/resolved.conf.d; ip -o link; systemctl is-active systemd-resolved || :',
    )
  const unchanged = await names()
  const { code, stderr } = await machine.run('mesh-machine', 'install')
  assert.is(code, 3, stderr)
  assert.match(stderr, says)
  assert.is((await machine.status()).failure?.id, 'resolver-stub')
  assert.is(await names(), unchanged)
  await sitesOnlyUncached(story)
  remedy = /To do: (.*); or mesh\.dns\.provider/.exec(stderr)?.[1] ?? ''
  assert.match(remedy, /ln -sf/)
}

/** Where the stub is off there may be no cache to empty. */
async function sitesOnlyUncached(story: Story): Promise<void> {
  assert.is(await ask(story, names.spire), addresses.spire)
  assert.equal((await asked(story)).cluster, [])
}

/** Does what the refusal said, to the letter. */
async function mend(story: Story): Promise<void> {
  await story.machine.sh(remedy)
  await until(
    "the site's names are found",
    60,
    async () => (await ask(story, names.spire)) === addresses.spire,
  )
}
