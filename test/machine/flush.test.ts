import * as assert from 'uvu/assert'
import { until } from './harness/command.ts'
import { generateMachine, makeDocument } from './harness/document.ts'
import { createMachine } from './harness/machine.ts'
import { type Story, tellStory } from './harness/story.ts'
import { lookAtTraffic } from './harness/traffic.ts'

const proxied = { inbound: 'proxied', outbound: 'proxied', ssh: 'works' }

/** What other software does to rules. Docker is a unit that does to them what Docker does; the rest are the real ones. */
const disturbances: readonly { readonly what: string; readonly script: string; readonly after?: string }[] = [
  { what: 'nft flush ruleset', script: 'nft flush ruleset' },
  { what: 'iptables -F and iptables -t nat -F', script: 'iptables -F; iptables -t nat -F' },
  { what: 'a restart of nftables.service', script: 'systemctl restart nftables' },
  {
    what: 'a reload of nftables.service',
    script: 'systemctl reload nftables',
    after: 'systemctl stop nftables',
  },
  { what: 'a start of firewalld', script: 'systemctl start firewalld' },
  { what: 'firewall-cmd --reload', script: 'firewall-cmd --reload' },
  {
    what: 'a restart of firewalld',
    script: 'systemctl restart firewalld',
    after: 'systemctl stop firewalld',
  },
  { what: 'ufw enable', script: 'ufw allow 22,80,4143/tcp; ufw --force enable' },
  { what: 'ufw reload', script: 'ufw reload', after: 'ufw disable' },
  { what: 'a start of Docker', script: 'systemctl start docker' },
  { what: 'a restart of Docker', script: 'systemctl restart docker', after: 'systemctl stop docker' },
]

/** Nat rules as Docker's, put in front, as some tools do, and taken away on a stop. */
const dockerUnit = `[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=sh -c 'iptables -t nat -N DOCKER; iptables -t nat -I PREROUTING -m addrtype --dst-type LOCAL -j DOCKER; \\
  iptables -t nat -I OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER; \\
  iptables -t nat -A DOCKER -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80'
ExecStop=sh -c 'iptables -t nat -D PREROUTING -m addrtype --dst-type LOCAL -j DOCKER; \\
  iptables -t nat -D OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER; \\
  iptables -t nat -F DOCKER; iptables -t nat -X DOCKER'
`

for (const backend of ['iptables', 'nftables'] as const) {
  tellStory(`rules that others flush, with ${backend}`, (story, step) => {
    let before: string[] = []

    step('joins, and gets every firewall that there is', async () => {
      const { world } = story
      story.machine = await createMachine(world, {
        generated: generateMachine(makeDocument(world, { backend })),
      })
      const { machine } = story
      await machine.startPolling()
      await machine.boot()
      await machine.joined(120)
      await installFirewalls(story)
      // Whatever comes back from here on comes back because the kernel or systemd told.
      await machine.must('systemctl', 'stop', 'linkerd-redirect-assert.timer')
      await machine.must('systemctl', 'restart', 'linkerd-redirect')
      before = await machine.rules()
      assert.ok(before.length > 10)
      assert.equal(await lookAtTraffic(world, machine), proxied)
    })

    for (const { what, script, after } of disturbances) {
      step(`${backend}: ${what}`, async () => {
        const started = Date.now()
        await story.machine.sh(`(${script}) 2>&1`)
        await areBack(story, before)
        process.stdout.write(
          `time: ${(Date.now() - started) / 1000} s until the rules were back after ${what}\n`,
        )
        await isMeshed(story)
        if (after === undefined) return
        await story.machine.sh(`(${after}) 2>&1`)
        await areBack(story, before)
      })
    }

    step(`${backend}: rules of ours in a saved rule set are reported`, async () => {
      const { machine } = story
      const [file, save] =
        backend === 'iptables'
          ? ['/etc/iptables/rules.v4', 'iptables-save']
          : ['/etc/nftables.conf', 'nft list ruleset']
      await machine.sh(`mkdir -p /etc/iptables; cp -a /etc/nftables.conf /root; ${save} >${file}`)
      const { code, stderr } = await machine.run('mesh-machine', 'redirect', 'check')
      assert.is(code, 6, stderr)
      assert.ok(stderr.includes(file), stderr)
      await machine.sh(`rm -f ${file}; cp -a /root/nftables.conf /etc`)
      assert.is((await machine.run('mesh-machine', 'redirect', 'check')).code, 0)
    })

    if (backend === 'iptables') tellMix(story, step)

    step('SSH never failed', async () => {
      assert.equal((await story.machine.stopPolling()).failures, [])
    })
  })
}

/** Both kinds of iptables on one machine: ours are in one of them only, and the timer looks after those that nobody tells of. */
function tellMix(story: Story, step: (name: string, body: () => Promise<void>) => void): void {
  const use = (kind: 'legacy' | 'nft') =>
    story.machine.sh(
      `for t in iptables ip6tables; do update-alternatives --set $t /usr/sbin/$t-${kind}; done`,
    )
  const redirectsIn = async (kind: 'legacy' | 'nft') =>
    (await story.machine.sh(`iptables-${kind}-save -t nat`))
      .split('\n')
      .filter((line) => line.includes('REDIRECT'))

  step('iptables: refuses to have rules in both kinds of tables', async () => {
    const { machine } = story
    await use('legacy')
    const { code, stderr } = await machine.run('mesh-machine', 'redirect', 'up')
    assert.is(code, 3, stderr)
    assert.match(stderr, /\(legacy\) is in use here, but iptables-nft has our rules/)
    assert.equal(await redirectsIn('legacy'), [])
  })

  step('iptables: moves to the other kind as the refusal says', async () => {
    const { machine } = story
    await machine.must('systemctl', 'stop', 'linkerd-redirect')
    await machine.must('mesh-machine', 'redirect', 'up')
    assert.equal(await redirectsIn('nft'), [])
    assert.ok((await redirectsIn('legacy')).length > 0)
    assert.equal(await lookAtTraffic(story.world, machine), proxied)
  })

  step('iptables: the timer brings back legacy rules', async () => {
    const { machine } = story
    const before = await machine.rules()
    await machine.must('systemctl', 'start', 'linkerd-redirect-assert.timer')
    await machine.sh('iptables -t nat -F')
    await areBack(story, before)
    await machine.must('systemctl', 'stop', 'linkerd-redirect')
    assert.equal(await machine.rules(), [])
    await use('nft')
    await machine.must('mesh-machine', 'redirect', 'up')
    assert.equal(await lookAtTraffic(story.world, machine), proxied)
  })
}

/** Rules that are there but not first let traffic pass for the second that the watch takes. */
async function isMeshed({ world, machine }: Story): Promise<void> {
  await until('traffic is meshed', 30, async () => {
    const seen = JSON.stringify(await lookAtTraffic(world, machine))
    if (seen === JSON.stringify(proxied)) return true
    throw new Error(seen)
  })
}

async function areBack({ machine }: Story, before: readonly string[]): Promise<void> {
  await until('our rules are as they were', 60, async () => {
    const now = await machine.rules()
    if (JSON.stringify(now) === JSON.stringify(before)) return true
    throw new Error(now.join('\n'))
  })
}

/** Installed but not started; firewalld would close the ports of the mesh, which is not what this is about. */
async function installFirewalls({ machine }: Story): Promise<void> {
  await machine.sh(`printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q update; apt-get -q -y --no-install-recommends install nftables ufw firewalld; rm /usr/sbin/policy-rc.d
    sed -i 's/^DefaultZone=.*/DefaultZone=trusted/' /etc/firewalld/firewalld.conf
    cat >/etc/systemd/system/docker.service <<'UNIT'
${dockerUnit}UNIT
    systemctl daemon-reload; systemctl reload dbus; systemctl start polkit`)
}
