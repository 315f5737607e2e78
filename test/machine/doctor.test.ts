import * as assert from 'uvu/assert'
import { identity } from './harness/addresses.ts'
import {
  assertAllRaised,
  broken,
  brokenBefore,
  brokenBy,
  findsBeside,
  isHealthy,
  look,
} from './harness/doctor.ts'
import { generateMachine, makeDocument } from './harness/document.ts'
import { listSecrets } from './harness/leaks.ts'
import { createMachine } from './harness/machine.ts'
import { place } from './harness/root.ts'
import { assertSame, takeSnapshot } from './harness/snapshot.ts'
import { tellStory } from './harness/story.ts'

const proxy = '/opt/linkerd/current/linkerd2-proxy'
const rules = '/etc/linkerd/redirect.v4'
const reload = 'systemctl daemon-reload'
const load = 'mesh-machine redirect apply'

/** Rules without counters, units with their states, and the connections of the agent and to the control plane. */
const running = `
  ! command -v nft >/dev/null || nft -s list ruleset
  systemctl list-units --all --no-pager --no-legend --plain | awk '{print $1, $2, $3, $4}' |
    grep -v -e linkerd-certificate.service -e linkerd-redirect-assert.service | sort
  find /run/mesh-machine /run/linkerd-proxy /run/spire -printf '%p %m %s\\n' | grep -v status.json | sort
  ss -Htnp state established | grep -e spire-agent -e ':8086 ' -e ':8090 ' | awk '{print $3, $4}' | sort`

/** Before it joins and after: the doctor has a name for whatever is broken on the machine itself. */
tellStory('what is wrong with the machine itself is said', (story, step) => {
  step('from its files alone, a machine is told that it can join, and what keeps it from that', async () => {
    const generated = generateMachine(makeDocument(story.world))
    story.machine = await createMachine(story.world, {
      generated,
      withoutUserData: true,
      edit: async (root) => {
        for (const [path, { mode, content }] of generated.files) place(root, path, content, mode)
      },
    })
    const { machine } = story
    await machine.boot()
    await machine.run('systemctl', 'is-system-running', '--wait')
    const { code, stdout } = await machine.run('mesh-machine-doctor', '--before')
    assert.is(stdout, `nothing is wrong with ${identity.spiffeId}\n`)
    assert.is(code, 0)
    await brokenBefore(story, 'file-missing', /redirect\.v4/, `mv ${rules} /run/v4`, `mv /run/v4 ${rules}`)
    await brokenBefore(
      story,
      'missing-packages',
      /openssl/,
      'mv /usr/bin/openssl /run/',
      'mv /run/openssl /usr/bin/',
    )
    await brokenBefore(
      story,
      'uid-taken',
      /passwd 2102 is taken/,
      "cp -p /etc/passwd /run/; sed -i '1i taken:x:2102:2102::/:/bin/false' /etc/passwd",
      'cp -p /run/passwd /etc/',
    )
    const token = '/etc/spire/join-token'
    await brokenBefore(
      story,
      'no-join-token',
      /join-token/,
      `mv ${token} /run/token`,
      `mv /run/token ${token}`,
    )
    const unknown = `cp ${rules} /run/v4; sed -i '/^COMMIT/i -A MESHJOIN_OUTBOUND -m nosuch -j RETURN' ${rules}`
    await brokenBefore(story, 'rules-refused', /nosuch/, unknown, `cp /run/v4 ${rules}`)
    const resolver = '/etc/resolv.conf'
    const other = `mv ${resolver} /run/resolv; echo nameserver 192.0.2.53 >${resolver}`
    await brokenBefore(
      story,
      'resolver-stub',
      /resolv\.conf/,
      other,
      `rm ${resolver}; mv /run/resolv ${resolver}`,
    )
    const conf = '/etc/linkerd/mesh-machine.conf'
    const dnsmasq = '/etc/systemd/system/dnsmasq.service'
    const asks = (provider: string) =>
      `cp -p ${conf} /run/; sed -i "s/^RESOLVER_PROVIDER=.*/RESOLVER_PROVIDER='${provider}'/" ${conf}`
    const itself = `mv ${resolver} /run/resolv; echo nameserver 127.0.0.1 >${resolver}
      printf '[Service]\nExecStart=/bin/true\n' >${dnsmasq}; ${reload}`
    const mend = `cp -p /run/mesh-machine.conf ${conf}; rm ${resolver}; mv /run/resolv ${resolver}; rm -f ${dnsmasq}; ${reload}`
    await brokenBefore(story, 'resolver-other', /nobody answers/, `${itself}; ${asks('unbound')}`, mend)
    await brokenBefore(story, 'resolver-settings', /nobody answers/, `${itself}; ${asks('dnsmasq')}`, mend)
    const thief = 'systemd-run -q --unit=thief systemd-socket-activate -l 0.0.0.0:4143 /bin/cat; sleep 0.5'
    await brokenBefore(story, 'port-taken', /:4143/, thief, 'systemctl stop thief')
    const dropIn = '/etc/systemd/system/service.d'
    const clear = `mkdir ${dropIn}; printf '[Service]\\nLoadCredential=\\n' >${dropIn}/zzz.conf`
    await brokenBefore(story, 'credentials', /zzz\.conf/, `${clear}; ${reload}`, `rm -r ${dropIn}; ${reload}`)
    await brokenBefore(
      story,
      'without-ipv-six',
      /if_inet6/,
      `cp -p /etc/linkerd/machine.env /run/; sed -i "s/^\\(LINKERD2_PROXY_INBOUND_IPS='[^']*\\)/\\1,2001:db8::42/" /etc/linkerd/machine.env
      ip -6 address flush dev lo; ip -6 address flush dev host0`,
      'cp -p /run/machine.env /etc/linkerd/; ip address add ::1/128 dev lo',
    )
    assert.equal(await look(story, '--before'), [])
  })

  step('it joins, is told so in one line, and looking changes nothing', async () => {
    const { machine } = story
    await machine.sh('mesh-machine install')
    await isHealthy(story)
    const snapshot = (await takeSnapshot(machine)) + (await machine.sh(running))
    const { code, stdout, stderr } = await machine.run('mesh-machine-doctor')
    assert.is(code, 0, stdout + stderr)
    assert.match(
      stdout,
      new RegExp(`^nothing is wrong with ${identity.spiffeId}: its certificate ends \\S+\n$`),
    )
    assertSame((await takeSnapshot(machine)) + (await machine.sh(running)), snapshot)
  })

  step('disks', async () => {
    const state = '/var/lib/linkerd'
    const tmpfs = `mount -t tmpfs -o size=64k tmpfs ${state}`
    await brokenBy(
      story,
      'disk-full',
      /tmpfs +64/,
      `cp -a ${state} /run/state; ${tmpfs}; cp -a /run/state/joined ${state}`,
      `umount ${state}; rm -r /run/state`,
    )
    const bind = (folder: string, option: string) =>
      `mount --bind ${folder} ${folder}; mount -o remount,bind,${option} ${folder}`
    await brokenBy(story, 'disk-read-only', /linkerd .*ro/, bind(state, 'ro'), `umount ${state}`)
    await brokenBy(story, 'mounted-noexec', /noexec/, bind('/opt/linkerd', 'noexec'), 'umount /opt/linkerd')
  })

  step('programs, users and units', async () => {
    const changed = (script: string) => `cp -p ${proxy} ${proxy}.new; ${script}; mv ${proxy}.new ${proxy}`
    await brokenBy(
      story,
      'program-missing',
      /linkerd2-proxy/,
      `mv ${proxy} ${proxy}.old`,
      `mv ${proxy}.old ${proxy}`,
    )
    const machine = `printf '\\267\\000' | dd of=${proxy}.new bs=1 seek=18 conv=notrunc status=none`
    await broken(story, 'wrong-architecture', /183/, changed(machine), proxy)
    await broken(story, 'glibc-too-old', /GLIBC_2\.99/, changed(`printf GLIBC_2.99 >>${proxy}.new`), proxy)
    await broken(story, 'program-changed', /sha256/, changed(`printf x >>${proxy}.new`), proxy)
    await broken(story, 'user-missing', /2102/, "sed -i '/^linkerd-proxy:/d' /etc/passwd", '/etc/passwd')
    const timer = '/etc/systemd/system/mesh-machine-join.timer'
    await brokenBy(
      story,
      'unit-masked',
      /masked/,
      `mv ${timer} /run/; ln -s /dev/null ${timer}; ${reload}`,
      `rm ${timer}; mv /run/mesh-machine-join.timer ${timer}; ${reload}`,
    )
    const dropIn = '/run/systemd/system/linkerd-certificate.service.d'
    const fail = `mkdir -p ${dropIn}; printf '[Service]\\nExecStart=\\nExecStart=/bin/false\\n' >${dropIn}/fail.conf`
    await brokenBy(
      story,
      'unit-failed',
      /exit-code/,
      `${fail}; ${reload}; ! systemctl start linkerd-certificate`,
      `rm -r ${dropIn}; ${reload}; systemctl reset-failed; systemctl start linkerd-certificate linkerd-certificate.timer`,
    )
    await brokenBy(
      story,
      'unit-disabled',
      /disabled/,
      'systemctl -q disable linkerd-mesh.target',
      'systemctl -q enable linkerd-mesh.target',
    )
  })

  step('our rules', async () => {
    await story.machine.must('systemctl', 'stop', 'linkerd-redirect-watch', 'linkerd-redirect-assert.timer')
    await brokenBy(
      story,
      'redirect-off',
      /redirect\.disabled/,
      'mesh-machine redirect down',
      'mesh-machine redirect up',
    )
    await brokenBy(story, 'rules-missing', /active/, 'iptables -t nat -F; iptables -t nat -X', load)
    await brokenBy(
      story,
      'rules-changed',
      /192\.0\.2\.77/,
      'iptables -t nat -A MESHJOIN_OUTBOUND -d 192.0.2.77 -j RETURN',
      load,
    )
    await broken(story, 'rules-stale', /redirect\.v4/, `echo '# later' >>${rules}`, rules)
    const first = 'OUTPUT -d 192.0.2.77 -j RETURN'
    await brokenBy(
      story,
      'rules-not-first',
      /192\.0\.2\.77/,
      `iptables -t nat -I ${first}`,
      `iptables -t nat -D ${first}; ${load}`,
    )
    await brokenBy(
      story,
      'redirect-on-trial',
      /s are left/,
      'mesh-machine redirect up --confirm-within 300',
      'mesh-machine redirect confirm',
    )
    await brokenBy(
      story,
      'mixed-variants',
      /iptables-legacy/,
      'iptables-legacy -t nat -N MESHJOIN_OLD',
      'iptables-legacy -t nat -X MESHJOIN_OLD',
    )
    await brokenBy(
      story,
      'rules-saved',
      /rules\.v4/,
      'mkdir -p /etc/iptables; iptables-save >/etc/iptables/rules.v4',
      'rm -r /etc/iptables',
    )
  })

  step('rules of others', async () => {
    const rule = (table: string, words: string) =>
      [`iptables -t ${table} -A ${words}`, `iptables -t ${table} -D ${words}`] as const
    await brokenBy(
      story,
      'untracked',
      /notrack/i,
      ...rule('raw', 'PREROUTING -p tcp --dport 80 -j CT --notrack'),
    )
    await brokenBy(
      story,
      'made-by-hand',
      /--to-ports 4140/,
      ...rule('nat', 'OUTPUT -p tcp --dport 9 -j REDIRECT --to-ports 4140'),
    )
    const port = '/etc/ssh/sshd_config.d/port.conf'
    await brokenBy(story, 'ssh', /port 80/, `printf 'Port 22\\nPort 80\\n' >${port}`, `rm ${port}`)
    await brokenBy(
      story,
      'firewall-closed',
      /INPUT.*DROP|drop/,
      `iptables -A INPUT -i lo -j ACCEPT; iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
      iptables -A INPUT -p tcp --dport 22 -j ACCEPT; iptables -A INPUT -j DROP`,
      'iptables -F INPUT',
    )
  })

  step('applications and containers', async () => {
    await brokenBy(
      story,
      'application-absent',
      /:80 is empty/,
      'systemctl stop application',
      'systemctl start application',
    )
    await brokenBy(
      story,
      'application-loopback',
      /127\.0\.0\.1:80/,
      'systemctl stop application; systemd-run -q --unit=near systemd-socket-activate -l 127.0.0.1:80 /bin/cat',
      'systemctl stop near; systemctl start application',
    )
    await brokenBy(
      story,
      'containers-bypass',
      /on it: inside0/,
      `ip link add docker0 type bridge; ip link add inside0 type veth peer name inside1
      ip link set inside0 master docker0`,
      'ip link del inside0; ip link del docker0',
    )
  })

  step('a timer looks, and says what is new and what is gone, once each', async () => {
    const { machine } = story
    assert.is(await machine.unit('mesh-machine-doctor.timer'), 'active')
    const lookAgain = async () => {
      await machine.must('systemctl', 'start', 'mesh-machine-doctor')
      const said = await machine.sh(
        'journalctl --sync; journalctl -q -o cat -u mesh-machine-doctor | grep "^mesh-machine:" || :',
      )
      return said.replaceAll(/ +/g, ' ').split('\n').slice(0, -1)
    }
    await machine.sh('rm -f /run/mesh-machine/doctor; journalctl --rotate -q; journalctl -q --vacuum-time=1s')
    const before = (await lookAgain()).length
    const saidSince = async () => (await lookAgain()).slice(before)
    assert.equal(await saidSince(), [])
    await machine.must('systemctl', 'stop', 'application')
    await machine.must('systemctl', 'start', 'mesh-machine-doctor')
    const [found, ...more] = await saidSince()
    assert.match(
      found ?? '',
      /^mesh-machine: found application-absent: no application listens on port 80\. Cause: /,
    )
    assert.equal(more, [])
    await machine.must('systemctl', 'start', 'application')
    await isHealthy(story)
    assert.equal(await saidSince(), [
      found,
      'mesh-machine: gone application-absent: no application listens on port 80',
    ])
  })

  step('a bundle has what helps, for root alone, and none of the secrets', async () => {
    const { machine, world } = story
    const password = 'a-password-of-a-site'
    const waiting = 'a-token-that-waits'
    await machine.sh(`cp -p /etc/linkerd/mesh-machine.conf /run/kept
      echo "PROXY_HTTP_PROXY='http://somebody:${password}@192.0.2.9:3128'" >>/etc/linkerd/mesh-machine.conf
      printf '%s\\n' ${waiting} >/etc/spire/join-token
      systemd-run -q --wait --unit=linkerd-note printf '%s\\n' \
        'the agent is spiffe://a/spire/agent/join_token/${waiting}, its token ${waiting}' \
        'its proxy http://somebody:${password}@192.0.2.9'`)
    await machine.must('mesh-machine-doctor', '--bundle', '/root/bundle.tar.gz')
    assert.is((await machine.sh('stat -c "%a %U" /root/bundle.tar.gz')).trim(), '600 root')
    const text = await machine.sh('tar -xzOf /root/bundle.tar.gz')
    const names = (
      await machine.sh('tar -tzf /root/bundle.tar.gz; ls -d /run/mesh-machine/bundle* 2>/dev/null || :')
    )
      .trim()
      .split('\n')
    assert.equal(
      names.sort(),
      [
        '',
        'doctor.json',
        'doctor.txt',
        'files.txt',
        'journal.txt',
        'metrics.txt',
        'network.txt',
        'resolver.txt',
        'rules.txt',
        'status.json',
        'system.txt',
        'units.txt',
      ].map((name) => `mesh-machine/${name}`),
    )
    const secrets = [...(await listSecrets(world, machine)), password, waiting]
    for (const secret of secrets) assert.not.ok(text.includes(secret), `a secret is in the bundle`)
    assert.not.match(text, 'PRIVATE KEY-----')
    for (const words of [
      'MESHJOIN_OUTBOUND',
      identity.spiffeId,
      '203.0.113.42',
      'join_token/...',
      'nothing is wrong',
    ])
      assert.ok(text.includes(words), words)
    await machine.sh(
      'mv /run/kept /etc/linkerd/mesh-machine.conf; rm /root/bundle.tar.gz /etc/spire/join-token',
    )
  })

  step('with everything unreachable it comes to its end, and names the server', async () => {
    const { machine } = story
    await machine.sh(
      'iptables -A OUTPUT ! -o lo -j DROP; iptables -A INPUT ! -i lo -p tcp --dport 22 -j ACCEPT',
    )
    // Ended by "timeout", it would print nothing.
    await findsBeside(story, 'server-away', /./)
    await machine.sh(
      'iptables -F OUTPUT; iptables -F INPUT; systemctl start linkerd-redirect-watch linkerd-redirect-assert.timer',
    )
    await isHealthy(story)
  })

  step('every finding that this story names was raised', async () => {
    assertAllRaised(import.meta.url)
  })
})
