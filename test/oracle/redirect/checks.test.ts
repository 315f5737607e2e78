/**
 * What the real `mesh-machine` looks at before it changes anything, and what it does about others who want the first place:
 * in a network namespace, without systemd, for each variant of the rules.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accepts, bothFamilies, documentFor, refuses, withHost } from './checks-host.ts'
import { variants } from './kernel.ts'

const test = suite('mesh-machine looks before it changes anything')

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

test.run()
