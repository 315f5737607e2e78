/**
 * The real `mesh-machine redirect` in a network namespace: connections that are open while rules come and go, rules of
 * others, runs that are killed or all at once, and long or one-sided rule sets. The units are the machine tier's.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { plan } from '../../../lib/index.ts'
import { appliesTo, listedNetworks, type RedirectRule } from '../../../lib/plan/rule.ts'
import { cleanUpTo, cleanupMark } from '../../machine/harness/command.ts'
import type { Place } from '../../machine/harness/namespace.ts'
import { type EditableDocument, firstMachine, minimalWith } from '../../unit/plan/document.ts'
import { addresses, createHost, type Host } from './host.ts'
import { type Variant, variants } from './kernel.ts'

const apply = 'mesh-machine redirect apply'
const remove = 'mesh-machine redirect remove'

function documentFor(variant: Variant, edit: (document: EditableDocument) => void = () => {}): object {
  return minimalWith((document) => {
    // The outside is a host of the machine's own network, which this document redirects as well.
    document.redirect = {
      backend: variant === 'nftables' ? 'nftables' : 'iptables',
      inbound: { fromNetworks: ['203.0.113.0/24'] },
    }
    edit(document)
  })
}

function bothFamilies(document: EditableDocument): void {
  document.mesh.clusterNetworks = ['10.42.0.0/16', 'fd00:10:42::/56']
  firstMachine(document).addresses = [addresses.machine, '2001:db8::42']
}

/** Who listens where. Each says who it talks to; the two of the proxy stand in for it. */
async function listen(host: Host): Promise<void> {
  const at = (place: Place, address: string, ...ports: number[]) =>
    Promise.all(ports.map((port) => place.call('listen', { address, port })))
  await at(host.machine, addresses.machine, 22, 80, 4143)
  await at(host.machine, '127.0.0.1', 4140)
  await at(host.outside, addresses.outside, 22)
  await at(host.outside, addresses.service, 80)
  await at(host.outside, addresses.stranger, 80)
  await at(host.container, addresses.container, 80)
}

async function withHost(variant: Variant, tell: (host: Host) => Promise<void>): Promise<void> {
  const mark = cleanupMark()
  try {
    const host = await createHost(variant)
    host.place(documentFor(variant))
    await listen(host)
    await tell(host)
  } finally {
    cleanUpTo(mark)
  }
}

/** Where a new connection arrives, of those places that listen. */
async function arrival(host: Host, from: Place, address: string, port: number): Promise<string> {
  const places: [string, Place, string][] = [
    ['proxy inbound', host.machine, `${addresses.machine}:4143`],
    ['proxy outbound', host.machine, '127.0.0.1:4140'],
    ['container', host.container, `${addresses.container}:80`],
    ['itself', address === addresses.machine ? host.machine : host.outside, `${address}:${port}`],
  ]
  const taken = () =>
    Promise.all(
      places.map(async ([, place, to]) => (await place.call('connections', { to, since: 0 })).length),
    )
  const before = await taken()
  await from.call('ask', { address, port, text: '', seconds: 3 }).catch(() => '')
  const after = await taken()
  const index = after.findIndex((number, at) => number > (before[at] ?? 0))
  return places[index]?.[0] ?? 'nowhere'
}

/** In and out, on SSH's port and on one that is proxied. */
const heldConnections = [
  { name: 'in 22', from: 'outside', address: addresses.machine, port: 22 },
  { name: 'in 80', from: 'outside', address: addresses.machine, port: 80 },
  { name: 'out 22', from: 'machine', address: addresses.outside, port: 22 },
  { name: 'out 80', from: 'machine', address: addresses.service, port: 80 },
] as const

async function hold(host: Host): Promise<void> {
  for (const { name, from, address, port } of heldConnections) {
    const greeting = await host[from].call('hold', { name, address, port, text: '', seconds: 3 })
    assert.match(greeting, /^hello /)
  }
}

/** The names of the held connections that still carry something both ways. */
async function alive(host: Host, seconds = 3): Promise<string[]> {
  const names: string[] = []
  for (const { name, from } of heldConnections) {
    const echo = await host[from].call('useHeld', { name, text: `${name}\n`, seconds }).catch(() => '')
    if (echo === `${name}\n`) names.push(name)
  }
  return names
}

const all = heldConnections.map(({ name }) => name)

/** How Linkerd's guide redirects, in the words of its reference: every packet, not only the first. */
const published = `iptables -t nat -N IN; iptables -t nat -A IN -p tcp -m multiport --dports 22,4190,4191 -j RETURN
  iptables -t nat -A IN -p tcp -j REDIRECT --to-ports 4143; iptables -t nat -A PREROUTING -j IN
  iptables -t nat -N OUT; iptables -t nat -A OUT -m owner --uid-owner 2102 -j RETURN; iptables -t nat -A OUT -o lo -j RETURN
  iptables -t nat -A OUT -p tcp -j REDIRECT --to-ports 4140; iptables -t nat -A OUTPUT -j OUT`

/** Rules as Docker's, a firewall's with a table of its own, and ufw's. */
const foreign = `
  iptables -t nat -N DOCKER
  iptables -t nat -I PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
  iptables -t nat -I OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
  iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
  iptables -t nat -A DOCKER ! -i docker0 -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
  iptables -N ufw-user-input; iptables -A INPUT -j ufw-user-input
  iptables -A ufw-user-input -p tcp -m multiport --dports 22,80,4143 -j ACCEPT
  iptables -A ufw-user-input -p tcp --dport 25 -j DROP
  nft -f - <<'TABLE'
table inet firewalld {
  chain nat_PREROUTING { type nat hook prerouting priority dstnat + 10; policy accept; tcp dport 8443 redirect to :443; }
  chain filter_INPUT { type filter hook input priority filter + 10; policy accept; ct state established accept; tcp dport 26 drop; }
}
TABLE`
/** What is there of others, in its order. */
const others = `iptables-save | sed '/^#/d; /MESHJOIN_/d; s/\\[[0-9]*:[0-9]*\\]//'
  nft -s list table inet firewalld`

const test = suite('mesh-machine redirects among others')

for (const variant of variants) {
  test(`${variant}: open connections survive load, reload and removal, with conntrack not active before`, () =>
    withHost(variant, async (host) => {
      await hold(host)
      assert.is(await host.ours(), '')
      await host.sh(apply)
      assert.equal(await alive(host), all, 'loaded')
      const arrivals = async () => [
        await arrival(host, host.outside, addresses.machine, 80),
        await arrival(host, host.outside, addresses.machine, 22),
        await arrival(host, host.machine, addresses.service, 80),
        await arrival(host, host.machine, addresses.stranger, 80),
      ]
      assert.equal(await arrivals(), ['proxy inbound', 'itself', 'proxy outbound', 'itself'])
      await host.sh(apply)
      assert.equal(await alive(host), all, 'loaded again')
      await host.sh(remove)
      assert.equal(await alive(host), all, 'removed')
      assert.is(await host.ours(), '')
      assert.equal(await arrivals(), ['itself', 'itself', 'itself', 'itself'])
    }))

  if (variant !== 'nftables')
    test(`${variant}: the published rules cut them, so this can fail`, () =>
      withHost(variant, async (host) => {
        await hold(host)
        await host.sh(published)
        // Its port is exempt, and here the client speaks first; had sshd, this one would be gone as well.
        assert.equal(await alive(host, 1), ['in 22'])
      }))

  for (const order of ['before', 'after'] as const) {
    test(`${variant}: rules of others that come ${order} ours stay as they are, and do what they did`, () =>
      withHost(variant, async (host) => {
        if (order === 'after') await host.sh(apply)
        await host.sh(foreign)
        const before = await host.sh(others)
        await host.sh(apply)
        const set = await host.ours()
        const see = async () => ({
          declared: await arrival(host, host.outside, addresses.machine, 80),
          published: await arrival(host, host.outside, addresses.machine, 8080),
          outbound: await arrival(host, host.machine, addresses.service, 80),
          containerToStranger: await arrival(host, host.container, addresses.stranger, 80),
          containerToCluster: await arrival(host, host.container, addresses.service, 80),
        })
        const meshed = {
          declared: 'proxy inbound',
          published: 'container',
          outbound: 'proxy outbound',
          containerToStranger: 'itself',
          containerToCluster: 'itself',
        }
        assert.equal(await see(), meshed)
        assert.is(await host.sh(others), before, 'after the load')
        await host.sh(apply)
        assert.is(await host.ours(), set, 'loaded again it is the same set')
        assert.is(await host.sh(others), before, 'after it was put back')
        await host.sh(remove)
        assert.is(await host.ours(), '')
        assert.is(await host.sh(others), before, 'after the removal')
        assert.equal(await see(), { ...meshed, declared: 'itself', outbound: 'itself' })
      }))
  }

  test(`${variant}: killed anywhere, or fifty at a time: the whole set or none, and one in the end`, () =>
    withHost(variant, async (host) => {
      await host.sh(apply)
      const whole = await host.ours()
      const seen = async () => {
        const now = await host.ours()
        assert.ok(now === '' || now === whole, now)
        return now
      }
      for (const [index, verb] of [apply, remove, apply].entries()) {
        for (let step = 0; step < 12; step++) {
          const after = ((step * 3 + index) / 100).toFixed(2)
          await host.sh(`setsid ${verb} >/dev/null 2>&1 & sleep ${after}; kill -9 -$! 2>/dev/null || :; wait`)
          await seen()
        }
        await host.sh(apply)
        assert.is(await seen(), whole)
      }
      const [samples, crowd] = await Promise.all([
        host.sh(`until [ -e /run/over ]; do { ${host.listing}; } | sha256sum; done | sort | uniq -c`),
        host.run(`for i in $(seq 50); do ${apply} 2>&1 & done | sort -u; wait; : >/run/over`),
      ])
      assert.match(samples, /[0-9]/)
      assert.is(samples.trim().split('\n').length, 1, `always the same: ${samples}`)
      // Who waits too long for its turn says so, and has changed nothing.
      const words = crowd.stdout.split('\n').filter((line) => line !== '' && !line.includes('is at work'))
      assert.equal(words, [])
      assert.is(await seen(), whole)
    }))

  test(`${variant}: what is gone of one family is put back, and nothing else`, () =>
    withHost(variant, async (host) => {
      host.place(documentFor(variant, bothFamilies))
      // The rules are looked after only where the units say that they should be there.
      await host.sh("printf '#!/bin/sh\\n' >/usr/local/sbin/systemctl; chmod 755 /usr/local/sbin/systemctl")
      await host.sh(apply)
      const whole = await host.ours()
      const losses =
        variant === 'nftables'
          ? ['nft flush chain inet meshjoin inbound', 'nft delete table inet meshjoin']
          : ['iptables -t nat -F MESHJOIN_INBOUND', 'ip6tables -t nat -F', 'iptables -t nat -F']
      for (const loss of losses) {
        await host.sh(loss)
        assert.is.not(await host.ours(), whole, loss)
        await host.sh('mesh-machine redirect assert')
        assert.is(await host.ours(), whole, loss)
      }
    }))

  test(`${variant}: forty exempt ports and ranges, IPv6 alone, and both families`, () =>
    withHost(variant, async (host) => {
      const sixth = (document: EditableDocument) => {
        document.mesh.clusterNetworks = ['fd00:10:42::/56']
        document.mesh.dns = { servers: ['fd00:10:43::a'] }
        firstMachine(document).addresses = ['2001:db8::42']
      }
      const edits: Record<string, (document: EditableDocument) => void> = {
        forty: (document) => {
          const exemptPorts = Array.from({ length: 40 }, (_, index) =>
            index % 2 === 0 ? 10_000 + 20 * index : `${10_000 + 20 * index}-${10_010 + 20 * index}`,
          )
          document.redirect = {
            ...document.redirect,
            inbound: { scope: 'all', exemptPorts },
            outbound: { scope: 'all', exemptPorts },
          }
        },
        'IPv6 alone': sixth,
        both: bothFamilies,
      }
      for (const [title, edit] of Object.entries(edits)) {
        const document = documentFor(variant, edit)
        host.place(document)
        await host.sh(apply)
        const [machine] = plan(document).value ?? []
        assert.ok(machine !== undefined)
        const { rules = [], mesh } = machine ?? {}
        const lines = (await host.ours()).split('\n')
        const found = lines.filter((line) => /^-A MESHJOIN_|^\t\t(?!type )/.test(line)).length
        const families = mesh?.redirect.ipv6 === true ? (['ipv4', 'ipv6'] as const) : (['ipv4'] as const)
        // A requirement has a line for each network or address that meets it.
        const count = ({ match: { sourceIn, destinationIn } }: RedirectRule) => {
          const asked = sourceIn ?? destinationIn?.addresses
          return asked === undefined ? 1 : listedNetworks(asked).length
        }
        const all =
          variant === 'nftables'
            ? rules
            : families.flatMap((family) => rules.filter((rule) => appliesTo(rule, family)))
        const meant = all.reduce((sum, rule) => sum + count(rule), 0)
        assert.is(found, meant, `${title}: ${lines.join('\n')}`)
        if (title === 'forty') assert.ok(found >= 80)
        assert.is(
          lines.some((line) => line.includes('fd00:10:42::')),
          title !== 'forty',
          title,
        )
      }
      await host.sh(remove)
      assert.is(await host.ours(), '')
    }))
}

test.run()
