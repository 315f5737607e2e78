import { X509Certificate } from 'node:crypto'
import * as assert from 'uvu/assert'
import { identity } from './harness/addresses.ts'
import { until } from './harness/command.ts'
import { assertAllRaised, broken, finds, findsBeside, isHealthy, look } from './harness/doctor.ts'
import { generateMachine, makeDocument } from './harness/document.ts'
import { removeEntry, updateEntry } from './harness/entries.ts'
import { createMachine } from './harness/machine.ts'
import { place } from './harness/root.ts'
import { assertSame, takeSnapshot } from './harness/snapshot.ts'
import { type Story, tellStory } from './harness/story.ts'

const other = 'spiffe://root.linkerd.cluster.local/mixed-env/other'
const own = '/usr/local/sbin'
const textfileDirectory = '/var/lib/node-exporter'

/** A certificate that is not renewed is seen before it ends, with its reason; and the doctor has a name for every breakage. */
tellStory('what is wrong with the identity is said', (story, step) => {
  step('a healthy machine says so in one line, and looking changes nothing', async () => {
    const { world } = story
    const document = Object.assign(makeDocument(world) as object, {
      monitoring: { textfileDirectory },
    })
    story.machine = await createMachine(world, { generated: generateMachine(document) })
    const { machine } = story
    await machine.boot()
    await machine.joined(120)
    assert.is((await machine.cloudInit()).code, 0)
    const { certificate } = await machine.status()
    assert.ok(Date.parse(certificate.refreshed ?? '') < Date.now())
    assert.ok(Date.parse(certificate.expires ?? '') > Date.now())
    const before = await takeSnapshot(machine)
    const { code, stdout, stderr } = await machine.run('mesh-machine-doctor')
    assert.is(code, 0, stdout + stderr)
    assert.is(
      stdout,
      `nothing is wrong with ${identity.spiffeId}: its certificate ends ${certificate.expires}\n`,
    )
    assert.equal(await look(story), [])
    assertSame(await takeSnapshot(machine), before)
    assert.is((await machine.run('mesh-machine-doctor', '--all')).code, 2)
    const stranger = ['setpriv', '--reuid=33', '--clear-groups', 'mesh-machine-doctor']
    assert.is((await machine.run(...stranger)).code, 2)
  })

  step('node_exporter is told the same, from when its directory is there until the unit stops', async () => {
    const { machine } = story
    const file = `${textfileDirectory}/meshjoin.prom`
    const told = (words: string) =>
      until(`it is told ${words}`, 90, async () => {
        const { stdout, stderr } = await machine.run('cat', file)
        if (stdout.split('\n').some((line) => line.endsWith(words))) return true
        throw new Error(stdout + stderr)
      })
    const again = () => machine.must('systemctl', 'restart', 'linkerd-metrics')
    assert.match(
      await machine.sh('journalctl -q -o cat -u linkerd-metrics'),
      `${textfileDirectory} is missing`,
    )
    await machine.must('mkdir', textfileDirectory)
    await told('state="joined"} 1')
    await told('redirect_loaded{machine="legacy-app",namespace="mixed-env"} 1')
    const { stdout } = await machine.run('cat', file)
    const ends = Date.parse((await machine.status()).certificate.expires ?? '') / 1000
    assert.match(stdout, new RegExp(`certificate_expiration_timestamp_seconds\\{.*\\} ${ends}\n`))
    assert.is((await machine.sh(`stat -c '%a %U' ${file}`)).trim(), '644 root')
    await machine.must('mesh-machine', 'redirect', 'down')
    await again()
    await told('redirect_off{machine="legacy-app",namespace="mixed-env"} 1')
    await told('redirect_loaded{machine="legacy-app",namespace="mixed-env"} 0')
    await machine.must('mesh-machine', 'redirect', 'up')
    await again()
    await told('redirect_loaded{machine="legacy-app",namespace="mixed-env"} 1')
    await machine.must('systemctl', 'stop', 'linkerd-metrics')
    assert.is((await machine.run('ls', textfileDirectory)).stdout, '')
  })

  step(
    'the server is away: degraded before the certificate ends, with the reason; then the agent',
    async () => {
      const { machine, world } = story
      await machine.sh(`mkdir -p /run/systemd/system/linkerd-certificate.timer.d
      printf '[Timer]\\nOnActiveSec=\\nOnUnitInactiveSec=\\nOnActiveSec=1s\\nOnUnitInactiveSec=2s\\nAccuracySec=100ms\\n' \
        >/run/systemd/system/linkerd-certificate.timer.d/fast.conf
      systemctl daemon-reload; systemctl restart linkerd-certificate.timer`)
      await shorten(story)
      await world.spire.stop()
      await degraded(story, 'server-away')
      await finds(story, 'server-away', /refused/)
      await findsBeside(story, 'not-renewed', /server|8081/)
      await machine.must('systemctl', 'stop', 'spire-agent')
      await degraded(story, 'agent-away')
      await finds(story, 'agent-absent', /inactive/)
      await said(
        story,
        /the certificate ends \S+ and is not renewed: the SPIRE agent cannot reach its server/,
        1,
      )
      await said(story, /the certificate ends \S+ and is not renewed: nothing listens on/, 1)
      const end = Date.parse((await machine.status()).certificate.expires ?? '')
      await until('it has ended', 60, () => Date.now() > end)
      await until('that is said', 20, async () => /ended/.test((await machine.status()).failure?.what ?? ''))
      await findsBeside(story, 'certificate-ended', /./)
      await world.spire.start()
      await machine.must('systemctl', 'start', 'spire-agent')
      await well(story)
      await said(story, /the certificate is renewed/, 1)
    },
  )

  step(
    'the alias of the machine is gone: degraded before the certificate ends, and joined when it is back',
    async () => {
      const { machine, world } = story
      const putBack = await removeEntry(world, identity.parent)
      await finds(story, 'no-entry', /no identity issued/)
      await degraded(story, 'no-entry')
      const { certificate, failure } = await machine.status()
      assert.ok(Date.parse(certificate.expires ?? '') > Date.now())
      assert.match(failure?.remedy ?? '', identity.spiffeId)
      await findsBeside(story, 'not-renewed', /identity issued/)
      await said(story, /is not renewed: the SPIRE agent has no identity for the proxy/, 1)
      await putBack()
      await well(story)
      await said(story, /the certificate is renewed/, 2)
      await updateEntry(world, identity.spiffeId, identity.parent, '-x509SVIDTTL', '3600')
    },
  )

  step('two machines share a parent ID: the doctor names the wrong identity', async () => {
    const { world } = story
    await world.spire.addEntry(other, identity.parent, 'unix:uid:2102')
    await finds(story, 'second-identity', new RegExp(other))
    const putBack = await removeEntry(world, identity.spiffeId)
    await finds(story, 'wrong-identity', new RegExp(other))
    await putBack()
    await removeEntry(world, other)
    await isHealthy(story)
  })

  step('a DNS name, another type of key, and anchors of another root', async () => {
    const { machine, world } = story
    await updateEntry(world, identity.spiffeId, identity.parent, '-dns', 'shop.example.com')
    await finds(story, 'dns-name', /shop\.example\.com/)
    await updateEntry(world, identity.spiffeId, identity.parent)
    await isHealthy(story)
    await broken(
      story,
      'key-type',
      /rsa-2048/,
      `sed -i '0,/"agent": {/s//"agent": {"workload_x509_svid_key_type": "rsa-2048",/' /etc/spire/agent.json`,
      '/etc/spire/agent.json',
      'systemctl restart spire-agent',
    )
    const anchors = world.authorities.text(world.authorities.other.certificate)
    await broken(
      story,
      'untrusted-chain',
      /openssl: /,
      `cat >/run/anchors <<'END'
LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS='${anchors}'
END
      sed -i -e '/^LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS=/,/^.$/d' -e '1r /run/anchors' /etc/linkerd/mesh.env`,
      '/etc/linkerd/mesh.env',
    )
    await broken(
      story,
      'old-identity',
      new RegExp(identity.spiffeId),
      `sed -i "s|^\\(LINKERD2_PROXY_IDENTITY_SERVER_ID='.*\\)'|\\1-2'|" /etc/linkerd/machine.env`,
      '/etc/linkerd/machine.env',
    )
    await machine.must('systemctl', 'stop', 'linkerd-proxy')
    await finds(story, 'no-certificate', /inactive/)
    await machine.must('systemctl', 'start', 'linkerd-proxy')
    await isHealthy(story)
  })

  step('a socket that the proxy cannot open', async () => {
    const { machine } = story
    await machine.sh('chmod 700 /run/spire/agent/public')
    await finds(story, 'socket-permissions', /^drwx------ .* \/run\/spire\/agent\/public$/)
    await machine.sh('chmod 755 /run/spire/agent/public')
    await isHealthy(story)
  })

  step('a clock that is behind, and one that nobody sets', async () => {
    const { machine } = story
    const program = (name: string, text: string) =>
      machine.sh(`printf '%s\\n' '#!/bin/sh' '${text}' >${own}/${name}; chmod 755 ${own}/${name}`)
    // Only what it prints for "date +%s" alone is that moment.
    const clockSays = (moment: string) =>
      program(
        'date',
        `if [ "$*" = +%s ]; then exec /usr/bin/date -d "${moment}" +%s; fi; exec /usr/bin/date "$@"`,
      )
    const { authorities } = story.world
    const anchor = new X509Certificate(authorities.text(authorities.mesh.certificate))
    await clockSays(`${anchor.validFrom} + 1 second`)
    await finds(story, 'clock-wrong', /the certificate begins/)
    await clockSays('-2 days')
    await finds(story, 'clock-wrong', /the trust anchor begins/)
    await machine.sh(`rm ${own}/date`)
    await program('systemd-detect-virt', 'exit 1')
    await program('timedatectl', 'echo NTP=no; echo NTPSynchronized=no')
    await finds(story, 'clock-unsynchronised', /NTPSynchronized=no/)
    await machine.sh(`rm ${own}/timedatectl ${own}/systemd-detect-virt`)
    await isHealthy(story)
  })

  step('a server that is not trusted, and an agent that was evicted', async () => {
    const { machine, world } = story
    const { authorities, spire } = world
    const printed = await spire.ask('agent', 'list', '-output', 'json')
    const [agent] = (JSON.parse(printed) as { agents: { id: { trust_domain: string; path: string } }[] })
      .agents
    await spire.ask('agent', 'evict', '-spiffeID', `spiffe://${agent?.id.trust_domain}${agent?.id.path}`)
    await finds(story, 'not-attested', /already been used/)
    const token = await spire.makeToken(identity.parent)
    place(`/proc/${machine.pid()}/root`, '/etc/spire/join-token', `${token}\n`, 0o600)
    await machine.sh(`systemctl stop spire-agent; rm -rf /var/lib/spire-agent/*
      cp /etc/spire/bundle.pem /run/bundle.pem
      cat >/etc/spire/bundle.pem <<'END'
${authorities.text(authorities.other.certificate)}END
      systemctl start spire-agent`)
    await finds(story, 'server-not-trusted', /unknown authority/)
    await machine.sh('cp /run/bundle.pem /etc/spire/bundle.pem; systemctl restart spire-agent')
    await isHealthy(story)
  })

  step('every finding that this story names was raised', async () => {
    assertAllRaised(import.meta.url)
  })
})

/** From now on certificates end soon, and most of that is over before they count as late. */
async function shorten(story: Story): Promise<void> {
  const { machine, world } = story
  await world.spire.shorten(identity.spiffeId, identity.parent, 'unix:uid:2102', 45)
  await machine.must('systemctl', 'restart', 'spire-agent')
  await until('a short certificate', 90, async () => {
    await machine.must('mesh-machine', 'status')
    const { expires } = (await machine.status()).certificate
    return Date.parse(expires ?? '') < Date.now() + 3_600_000
  })
}

async function degraded({ machine }: Story, id: string): Promise<void> {
  await until(`degraded, ${id}`, 90, async () => {
    const { state, failure } = await machine.status()
    if (state !== 'degraded' || failure?.id !== id) throw new Error(`${state}: ${failure?.what ?? ''}`)
    return true
  })
}

async function well({ machine }: Story): Promise<void> {
  await until('it is well again', 120, async () => {
    const { state, failure } = await machine.status()
    if (state !== 'joined' || failure !== null) throw new Error(`${state}: ${failure?.what ?? ''}`)
    return (await machine.run('test', '-e', '/run/mesh-machine/late')).code === 1
  })
}

/** On the console and in the journal, so many times and no more. */
async function said({ machine }: Story, words: RegExp, times: number): Promise<void> {
  const count = (text: string) => text.match(new RegExp(words, 'g'))?.length ?? 0
  const journal = () => machine.sh('journalctl --sync; journalctl -q -o cat -t mesh-machine-certificate')
  await until(
    'that is said',
    10,
    async () => count(await journal()) >= times && count(machine.console()) >= times,
  )
  assert.is(count(await journal()), times, await journal())
  assert.is(count(machine.console()), times)
}
