/** What the real `mesh-machine` asks of the machine itself before it changes anything: SSH, programs, accounts, ports. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { EditableDocument } from '../../unit/plan/document.ts'
import { accepts, ask, documentFor, refuses, withHost } from './checks-host.ts'
import { addresses } from './host.ts'

const test = suite('mesh-machine looks at the machine before it changes anything')

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

test('what is missing is named, with the command that installs it here', () =>
  withHost('nft', async (host) => {
    const lacking = (tool: string, more = '') => `mkdir -p /run/tools; rm -f /run/tools/*
      for c in cat cut date echo grep id mkdir mv readlink rm sed systemctl tr ${tool}; do ln -s "$(command -v $c || echo /bin/true)" /run/tools/$c; done
      ${more}
      PATH=/run/tools; check_packages`
    // The program looks for these tools where they are, so it can be asked only about the one that is here.
    const ours = 'ln -s /usr/local/sbin/mesh-machine-check /run/tools; ln -s /bin/sh /run/tools'
    const asked = 'optional() { shift 2; name_packages "$@"; }'
    const missing =
      /missing here: update-ca-certificates curl openssl ss iptables-restore tar gzip resolvectl/
    for (const [tool, packages] of [
      ['apt-get', 'ca-certificates curl openssl iproute2 iptables tar gzip systemd-resolved'],
      ['dnf', 'ca-certificates curl openssl iproute iptables-nft tar gzip systemd-resolved'],
      ['zypper', 'ca-certificates curl openssl iproute2 iptables tar gzip systemd-network'],
    ] as const)
      await refuses(
        host,
        lacking(tool, tool === 'apt-get' ? ours : asked),
        missing,
        new RegExp(`To do: install them: ${tool} install ${packages}\\.$`, 'm'),
      )
    for (const unknown of [lacking('', asked), lacking('apt-get')])
      await refuses(host, unknown, missing, /To do: install them\.$/m)
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
