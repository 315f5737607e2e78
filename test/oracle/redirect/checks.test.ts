/**
 * What the real `mesh-machine` looks at before it changes anything, and what it does about others who want the first place:
 * in a network namespace, without systemd, for each variant of the rules.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cleanUpTo, cleanupMark, type Outcome } from '../../machine/harness/command.ts'
import { type EditableDocument, firstMachine, minimalWith } from '../../unit/plan/document.ts'
import { addresses, createHost, type Host } from './host.ts'
import { type Variant, variants } from './kernel.ts'

const test = suite('mesh-machine looks before it changes anything')

function documentFor(variant: Variant, edit: (document: EditableDocument) => void = () => {}): object {
  return minimalWith((document) => {
    document.redirect = { backend: variant === 'nftables' ? 'nftables' : 'iptables' }
    edit(document)
  })
}

function bothFamilies(document: EditableDocument): void {
  document.mesh.clusterNetworks = ['10.42.0.0/16', 'fd00:10:42::/56']
  firstMachine(document).addresses = [addresses.machine, '2001:db8::42']
}

async function withHost(variant: Variant, tell: (host: Host) => Promise<void>): Promise<void> {
  const mark = cleanupMark()
  try {
    const host = await createHost(variant)
    host.place(documentFor(variant))
    // Nobody else's sshd, and no systemd.
    await host.sh(`printf '#!/bin/sh\\n' >/usr/local/sbin/systemctl; chmod 755 /usr/local/sbin/systemctl`)
    await host.sh('rm -rf /etc/ssh /etc/default/ssh; mkdir /etc/ssh')
    await tell(host)
  } finally {
    cleanUpTo(mark)
  }
}

/** Runs functions of the program and of its doctor. */
function ask(host: Host, script: string): Promise<Outcome> {
  const program = `sed '/^trap finish/,$d' /usr/local/sbin/mesh-machine-doctor >/run/doctor; . /run/doctor; state=/run/state; mkdir -p /run/state; load_configuration; ${script}`
  return host.run(`exec sh -c '${program.replaceAll("'", "'\\''")}' mesh-machine-doctor`)
}

async function refuses(host: Host, script: string, ...says: readonly RegExp[]): Promise<string> {
  const { code, stderr } = await ask(host, script)
  assert.is(code, 3, stderr)
  for (const pattern of says) assert.match(stderr, pattern)
  return stderr
}

async function accepts(host: Host, script: string): Promise<string> {
  const { code, stdout, stderr } = await ask(host, script)
  assert.is(code, 0, stderr)
  return stdout
}

/** As the published guide makes them, with comments as proxy-init has them. */
function byHand(command: string): string {
  return `${command} -t nat -N PROXY_INIT_REDIRECT
    ${command} -t nat -A PROXY_INIT_REDIRECT -p tcp -m multiport --dports 4190,4191 -j RETURN
    ${command} -t nat -A PROXY_INIT_REDIRECT -p tcp -m comment --comment "proxy-init/redirect all" -j REDIRECT --to-port 4143
    ${command} -t nat -A PREROUTING -j PROXY_INIT_REDIRECT
    ${command} -t nat -N PROXY_INIT_OUTPUT
    ${command} -t nat -A PROXY_INIT_OUTPUT -m owner --uid-owner 998 -j RETURN
    ${command} -t nat -A PROXY_INIT_OUTPUT -p tcp -j REDIRECT --to-port 4140
    ${command} -t nat -A OUTPUT -j PROXY_INIT_OUTPUT`
}
const nativeByHand = `nft -f - <<'TABLE'
table ip mesh {
  chain pre { type nat hook prerouting priority dstnat; policy accept; tcp dport 80 redirect to :4143; }
  chain out { type nat hook output priority -100; policy accept; jump more; }
  chain more { meta skuid != 998 ip daddr 10.42.0.0/16 tcp dport 1-65535 redirect to :4140; }
}
TABLE`

for (const variant of variants) {
  const loads =
    variant === 'nftables'
      ? [nativeByHand, byHand('iptables-nft'), byHand('ip6tables-legacy')]
      : [byHand('iptables'), byHand('ip6tables'), nativeByHand]
  for (const [index, load] of loads.entries()) {
    test(`${variant}: rules of a hand-made mesh ${index + 1} are named with what takes them away, and ours are not`, () =>
      withHost(variant, async (host) => {
        await host.sh('mesh-machine redirect apply')
        const whole = await host.ours()
        await accepts(host, 'refuse_made_by_hand')
        await host.sh(load)
        const said = await refuses(host, 'refuse_made_by_hand', /redirect to the ports of the proxy/)
        const [, remedy = ''] = /To do: (.*)\.$/m.exec(said) ?? []
        assert.match(remedy, /^((iptables|ip6tables)(-nft|-legacy)? -t nat -D |nft flush chain )/)
        assert.not.match(remedy, /meshjoin/i)
        await host.sh(remedy)
        await accepts(host, 'refuse_made_by_hand')
        assert.is(await host.ours(), whole)
      }))
  }

  test(`${variant}: a hand-made mesh that is saved is named by its file; ours there is another matter`, () =>
    withHost(variant, async (host) => {
      await host.sh('mesh-machine redirect apply; mkdir -p /etc/iptables')
      await host.sh(
        '{ iptables-save; ip6tables-save; } >/etc/iptables/rules.v4; nft list ruleset >/etc/nftables.conf',
      )
      await host.sh('mesh-machine redirect apply')
      await accepts(host, 'refuse_made_by_hand')
      for (const [file, text] of [
        ['/etc/iptables/rules.v6', '-A PROXY_INIT_OUTPUT -p tcp -j REDIRECT --to-ports 4140'],
        ['/etc/nftables.conf', 'table ip mesh { chain a { tcp dport 80 redirect to :4143; } }'],
        [
          '/etc/systemd/system/mesh-rules.service',
          'ExecStart=iptables -t nat -A X -j REDIRECT --to-port 4143',
        ],
      ] as const) {
        await host.sh(`mkdir -p /etc/systemd/system; echo '${text}' >>${file}`)
        await refuses(
          host,
          'refuse_made_by_hand',
          new RegExp(`take them out of ${file.replaceAll('.', '\\.')};`),
        )
        await host.sh(`sed -i '$d' ${file}`)
      }
      await accepts(host, 'refuse_made_by_hand')
    }))

  test(`${variant}: a rule that keeps the kernel from tracking what would be redirected is named, and others are not`, () =>
    withHost(variant, async (host) => {
      const load = (match: string) =>
        variant === 'nftables'
          ? `nft add table ip other; nft 'add chain ip other pre { type filter hook prerouting priority raw; }'
            nft add rule ip other pre ${match === '' ? '' : `tcp dport ${match}`} notrack`
          : `iptables -t raw -A PREROUTING ${match === '' ? '' : `-p tcp -m multiport --dports ${match}`} -j CT --notrack`
      const unload = variant === 'nftables' ? 'nft delete table ip other' : 'iptables -t raw -F'
      for (const match of ['53', variant === 'nftables' ? '{ 53, 8053 }' : '53,8053']) {
        await host.sh(load(match.includes('{') ? `"${match}"` : match))
        await accepts(host, 'refuse_untracked')
        await host.sh(unload)
      }
      for (const match of ['', '80', '4143', variant === 'nftables' ? '{ 53, 80 }' : '53,80']) {
        await host.sh(load(match.includes('{') ? `"${match}"` : match))
        await refuses(host, 'refuse_untracked', /untracked: .*notrack/i)
        await host.sh(unload)
      }
      await accepts(host, 'refuse_untracked')
    }))

  test(`${variant}: rules that the kernel does not take are refused before any is loaded, with its words`, () =>
    withHost(variant, async (host) => {
      await accepts(host, 'try_rules')
      // Both are well as text; the kernel knows no such estimator and no such helper.
      await host.sh(
        variant === 'nftables'
          ? 'sed -i \'0,/ return$/s// ct helper set "nobody" return/\' /etc/linkerd/redirect.nft'
          : "sed -i '0,/ -j RETURN/s// -m rateest --rateest nobody --rateest-lt --rateest-bps 1bit -j RETURN/' /etc/linkerd/redirect.v4",
      )
      await refuses(
        host,
        'try_rules',
        /the kernel does not take .*redirect\.(v4|nft): ./,
        /kernel-modules-extra/,
      )
      assert.is(await host.ours(), '')
      assert.match(await host.sh('cat /run/mesh-machine/failure'), /"id": "rules-refused"/)
    }))

  test(`${variant}: without IPv6 the rules are those of IPv4, and the proxy listens there`, () =>
    withHost(variant, async (host) => {
      host.place(documentFor(variant, bothFamilies))
      const start = `export RUNTIME_DIRECTORY=/run/proxy; mkdir -p /run/proxy; rm -f /run/proxy/*.env; set -a
        eval "$(grep -h _LISTEN_ADDR /etc/linkerd/*.env)"; within() { :; }; verb_wait_identity; cat /run/proxy/*.env 2>/dev/null | sort`
      assert.is(await accepts(host, start), '')
      const tables = variant === 'nftables' ? 'nft\n' : 'iptables ip6tables\n'
      assert.is(await accepts(host, 'echo $(tables)'), tables)
      await host.sh('sysctl -qw net.ipv6.conf.all.disable_ipv6=1')
      assert.is(await accepts(host, 'echo $(tables)'), variant === 'nftables' ? 'nft\n' : 'iptables\n')
      assert.is(
        await accepts(host, start),
        `${[
          'LINKERD2_PROXY_ADMIN_LISTEN_ADDR=127.0.0.1:4191',
          'LINKERD2_PROXY_INBOUND_LISTEN_ADDR=0.0.0.0:4143',
          'LINKERD2_PROXY_OUTBOUND_LISTEN_ADDRS=127.0.0.1:4140',
        ].join('\n')}\n`,
      )
      await host.sh('mesh-machine redirect apply')
      const lines = await host.ours()
      assert.match(lines, /10\.42\.0\.0\/16/)
      if (variant !== 'nftables') assert.not.match(lines, /fd00:10:42/)
    }))

  if (variant !== 'nftables')
    test(`${variant}: who insists on the first place gets it, and the status says so`, () =>
      withHost(variant, async (host) => {
        // The systemctl of these tests says that the units are active.
        await host.sh('iptables -t nat -N cali-PREROUTING; mesh-machine redirect apply')
        const fight = async () => {
          await host.sh('iptables -t nat -D PREROUTING -j cali-PREROUTING 2>/dev/null || :')
          await host.sh('iptables -t nat -I PREROUTING -j cali-PREROUTING')
          const { stderr } = await host.run('mesh-machine redirect assert')
          const first = await host.sh("iptables-save -t nat | sed -n '/^-A PREROUTING/{p;q;}'")
          return { first: first.includes('MESHJOIN_'), said: /insist/.test(stderr) }
        }
        const second = async () => {
          const status = JSON.parse(await host.sh('cat /run/mesh-machine/status.json'))
          return (status as { redirect: { second: boolean } }).redirect.second
        }
        for (let round = 1; round < 5; round++)
          assert.equal(await fight(), { first: true, said: false }, `${round}`)
        assert.is(await second(), false)
        assert.equal(await fight(), { first: true, said: true })
        assert.equal(await fight(), { first: false, said: false }, 'it is said once')
        assert.is(await second(), true)
        // What is missing is put back all the same; and when the half hour is over, the place is taken again.
        await host.sh('iptables -t nat -F MESHJOIN_INBOUND')
        assert.equal(await fight(), { first: true, said: false })
        await host.sh('touch -d "31 minutes ago" /run/mesh-machine/lost')
        assert.equal(await fight(), { first: true, said: false })
      }))
}

/** A stand-in for sshd or systemctl that prints a text and ends. */
function stub(name: string, text: string, code = 0): string {
  return `cat >/usr/local/sbin/${name} <<'STUB'
#!/bin/sh
cat >&${code === 0 ? 1 : 2} <<'TEXT'
${text}
TEXT
exit ${code}
STUB
chmod 755 /usr/local/sbin/${name}`
}

test('SSH is found by what activates it, by its options, and by what sshd says', () =>
  withHost('nft', async (host) => {
    const scopeAll = (document: EditableDocument) => {
      document.redirect = { inbound: { scope: 'all' } }
    }
    const declared80 = documentFor('nft')
    const everything = documentFor('nft', scopeAll)
    const sockets = (listen: string) =>
      stub('systemctl', `Id=dbus.socket\nTriggers=dbus.service\nListen=/run/dbus/x (Stream)\n\n${listen}`)
    const quiet = stub('systemctl', '')
    const cases: readonly [string, string, object, RegExp | undefined][] = [
      ['nothing but 22', stub('sshd', 'port 22\nlistenaddress [::]:22'), everything, undefined],
      ['what it says', stub('sshd', 'port 2022'), everything, /sshd's port 2022/],
      ['an address with a port', stub('sshd', 'port 22\nlistenaddress 10.0.0.1:80'), declared80, /port 80/],
      ['another port than the declared', stub('sshd', 'port 2022'), declared80, undefined],
      [
        'sshd.socket with Accept=yes',
        sockets('Id=sshd.socket\nListen=[::]:2222 (Stream)'),
        everything,
        /2222/,
      ],
      [
        'a socket that starts it, of two addresses',
        sockets(
          'Id=admin.socket\nTriggers=sshd.service\nListen=10.0.0.1:22 (Stream)\nListen=10.0.0.2:2223 (Stream)',
        ),
        everything,
        /port 2223/,
      ],
      [
        'a socket of others',
        sockets('Id=cups.socket\nTriggers=cups.service\nListen=[::]:631 (Stream)'),
        everything,
        undefined,
      ],
      ['options', `echo 'SSHD_OPTS="-p 2224"' >/etc/default/ssh`, everything, /2224/],
      ['options of dropbear', `echo 'DROPBEAR_PORT=80' >/etc/default/dropbear`, declared80, /port 80/],
    ]
    for (const [title, set, document, expected] of cases) {
      host.place(document)
      await host.sh('rm -f /etc/default/ssh /etc/default/dropbear /usr/local/sbin/sshd')
      await host.sh(`${quiet}\n${set}`)
      if (expected === undefined) assert.is((await ask(host, 'refuse_ssh')).code, 0, title)
      else await refuses(host, 'refuse_ssh', expected, /lock you out/)
    }
  }))

test('a sshd that does not answer is asked by its files, and where they may mean a port, that is refused', () =>
  withHost('nft', async (host) => {
    const mute = stub('sshd', 'no hostkeys available', 1)
    const cases: readonly [string, string, boolean, RegExp | undefined][] = [
      ['nothing is known', ':', true, /sshd -T fails \(no hostkeys available\), its port may be redirected/],
      ['nothing is known, and little is redirected', ':', false, undefined],
      ['equals and quotes', `printf 'PoRt="80"\\n' >/etc/ssh/sshd_config`, false, /sshd -T fails/],
      [
        'an address',
        `echo ' ListenAddress [::1]:80 rdomain x' >/etc/ssh/sshd_config`,
        false,
        /sshd -T fails/,
      ],
      [
        'what is included',
        `printf 'Include "/etc/more/*.x"\\n' >/etc/ssh/sshd_config; mkdir -p /etc/more; echo Port 80 >/etc/more/a.x`,
        false,
        /sshd -T fails/,
      ],
      ['a comment', `echo '#Port 80' >/etc/ssh/sshd_config`, false, undefined],
    ]
    for (const [title, set, all, expected] of cases) {
      host.place(
        documentFor('nft', (document) => {
          if (all) document.redirect = { inbound: { scope: 'all' } }
        }),
      )
      await host.sh(`rm -rf /etc/ssh/* /etc/more; ${mute}\n${set}`)
      if (expected === undefined) assert.is((await ask(host, 'refuse_ssh')).code, 0, title)
      else await refuses(host, 'refuse_ssh', expected, /lock you out/)
    }
  }))

test('what is missing is named with the package of whatever installs packages here', () =>
  withHost('nft', async (host) => {
    const lacking = (tool: string) => `mkdir -p /run/tools; rm -f /run/tools/*
      for c in cat cut date echo grep id mkdir mv readlink rm sed systemctl tr ${tool}; do ln -s "$(command -v $c || echo /bin/true)" /run/tools/$c; done
      PATH=/run/tools; check_packages`
    const names = 'iptables-restore'
    for (const [tool, remedy] of [
      ['apt-get', 'apt-get install ca-certificates curl openssl iproute2 iptables tar gzip systemd-resolved'],
      ['dnf', 'dnf install ca-certificates curl openssl iproute iptables-nft tar gzip systemd-resolved'],
      ['zypper', 'zypper install ca-certificates curl openssl iproute2 iptables tar gzip systemd-network'],
      [
        '',
        String.raw`install update-ca-certificates\|/etc/pki/tls/certs/ca-bundle.crt curl\|wget curl\|openssl ss iptables-restore tar gzip resolvectl`,
      ],
    ] as const)
      await refuses(
        host,
        lacking(tool),
        new RegExp(`missing here: .*${names}`),
        new RegExp(`To do: ${remedy}\\.$`, 'm'),
      )
    await accepts(host, 'resolvectl() { :; }; check_packages')
  }))

test('an account that is there under the name is kept, and the remedy says how to live with it', () =>
  withHost('nft', async (host) => {
    const uid = (number: number) =>
      `sed -i "s/^PROXY_UID=.*/PROXY_UID='${number}'/" /etc/linkerd/mesh-machine.conf`
    const check = 'check_user "$PROXY_USER" "$PROXY_UID" proxy.user'
    await accepts(host, check)
    await host.sh('echo taken:x:2102:2102::/:/bin/false >>/etc/passwd')
    await refuses(host, check, /To do: choose another proxy\.user\.uid or proxy\.user\.name\.$/m)
    await host.sh("sed -i '$d' /etc/passwd; echo linkerd-proxy:x:7998:7998::/:/bin/false >>/etc/passwd")
    await host.sh('echo linkerd-proxy:x:7998: >>/etc/group')
    await refuses(host, check, /proxy\.user\.uid: 7998 takes the linkerd-proxy that is there/)
    await host.sh(uid(7998))
    await accepts(host, check)
    await accepts(host, 'userdel() { echo deleted; }; [ -z "$(remove_user "$PROXY_USER")" ]')
    // With a group of another number no uid would do.
    await host.sh("sed -i '$d' /etc/group; echo linkerd-proxy:x:997: >>/etc/group")
    await refuses(host, check, /group 7998: .* linkerd-proxy is 997.* or proxy\.user\.name/)
  }))

test('ports of the proxy are kept from outgoing connections, beside those of others, and given back', () =>
  withHost('nft', async (host) => {
    const list = '/proc/sys/net/ipv4/ip_local_reserved_ports'
    await host.sh('mkdir -p /etc/sysctl.d')
    await host.sh(
      "echo 'net.ipv4.ip_local_reserved_ports = 4140,4143,4190-4191' >/etc/sysctl.d/00-linkerd-mesh.conf",
    )
    const now = async () => (await host.sh(`cat ${list}`)).trim()
    const after = async (script: string) => {
      await accepts(host, script)
      return now()
    }
    const ours = '4140,4143,4190-4191'
    assert.is(await after('verb_reserve'), ours)
    assert.is(await after('verb_reserve; release_ports'), '')
    await host.sh(`rm -rf /run/state; echo 4141-4142,8080 >${list}`)
    assert.is(await after('verb_reserve'), '4140-4143,4190-4191,8080')
    assert.is(await after('verb_reserve; verb_reserve'), '4140-4143,4190-4191,8080')
    // A later boot: the site's file came after ours.
    await host.sh(`echo 4141-4142,8080 >${list}`)
    assert.is(await after('verb_reserve'), '4140-4143,4190-4191,8080')
    assert.is(await after('release_ports'), '4141-4142,8080')
    // What somebody has changed meanwhile is theirs.
    await accepts(host, 'verb_reserve')
    await host.sh(`echo 1000,${ours} >${list}`)
    assert.is(await after('release_ports'), `1000,${ours}`)
    // A boot of an image with our file: what there was is what we put there.
    await host.sh(`rm -rf /run/state; echo ${ours} >${list}`)
    assert.is(await after('verb_reserve; release_ports'), '')
    // What it is for: of the two ports that there are, no outgoing connection gets the proxy's.
    await host.sh(`rm -rf /run/state; echo >${list}`)
    await host.outside.call('listen', { address: addresses.outside, port: 22 })
    const dial = `sysctl -qw net.ipv4.ip_local_port_range='4143 4144'
      for n in 1 2; do bash -c 'exec 3<>/dev/tcp/${addresses.outside}/22; sleep 1' 2>/dev/null & done
      sleep 0.7; ss -Htn dst ${addresses.outside} | sed 's/.*:\\(414[34]\\) .*/\\1/' | sort; wait`
    assert.is(await host.sh(dial), '4143\n4144\n')
    await accepts(host, 'verb_reserve')
    assert.is(await host.sh(dial), '4144\n')
  }))

test('the first reason is the one that is told', () =>
  withHost('nft', async (host) => {
    const told = async (script: string) => {
      const { code, stderr } = await ask(host, `${script}; fail_with_reason`)
      return `${code} ${/^mesh-machine: (.*?)\. It means/m.exec(stderr)?.[1]}`
    }
    const words =
      'up=true; expires=; last_message() { echo "mesh-machine: iptables-restore: line 5 failed"; }; agent_listens() { :; }'
    assert.is(
      await told(`${words}; proxy_ready() { :; }; redirect_is_active() { false; }`),
      '6 iptables-restore: line 5 failed',
    )
    assert.match(
      await told(`${words}; proxy_ready() { :; }; redirect_is_active() { :; }`),
      /^6 iptables: not loaded$/,
    )
    assert.match(await told(`${words}; proxy_ready() { false; }`), /^5 the proxy is not ready: /)
  }))

test.run()
