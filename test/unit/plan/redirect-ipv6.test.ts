/** Whether IPv6 is proxied is decided by the machine where the document says no, and else by all that is IPv6 in it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate } from '../../../lib/index.ts'
import { type EditableDocument, firstMachine, firstPlan, minimalWith } from './document.ts'

const test = suite('IPv6 on machines that have none')

/** Linkerd's own default for clusterNetworks. */
const linkerdNetworks = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fd00::/8']

const withDefaults = (redirect?: EditableDocument['redirect']) =>
  minimalWith((document) => {
    document.mesh.clusterNetworks = linkerdNetworks
    if (redirect !== undefined) document.redirect = redirect
  })

function files(document: object): Map<string, string> {
  const { value, diagnostics } = generate(document, { targets: ['systemd'] })
  assert.ok(value !== undefined, JSON.stringify(diagnostics))
  const folder = 'systemd/legacy-app/etc/linkerd/'
  return new Map((value ?? []).map(({ path, content }) => [path.replace(folder, ''), String(content)]))
}

for (const backend of ['iptables', 'nftables'] as const) {
  test(`${backend}: turned off, nothing of IPv6 is loaded or listened on; the mesh still knows its networks`, () => {
    const off = files(withDefaults({ backend, ipv6: false }))
    const rules = off.get(backend === 'iptables' ? 'redirect.v4' : 'redirect.nft') ?? ''
    assert.ok(rules.includes('172.16.0.0/12'))
    assert.not.match(rules, /fd00|ip6/)
    assert.is(off.has('redirect.v6'), false)
    assert.not.match(off.get('redirect.probes') ?? '', /fd00/)
    const environment = off.get('mesh.env') ?? ''
    assert.match(environment, /INBOUND_LISTEN_ADDR='0\.0\.0\.0:4143'/)
    assert.match(environment, /OUTBOUND_LISTEN_ADDRS='127\.0\.0\.1:4140'/)
    assert.match(environment, /DESTINATION_PROFILE_NETWORKS='.*fd00::\/8.*'/)
  })

  test(`${backend}: by default the network alone turns it on`, () => {
    const on = files(withDefaults({ backend }))
    assert.match(on.get(backend === 'iptables' ? 'redirect.v6' : 'redirect.nft') ?? '', /fd00::\/8/)
    assert.match(on.get('mesh.env') ?? '', /\[::1\]:4140/)
  })
}

test('an address that the machine itself sees counts as well', () => {
  const local = minimalWith((document) => {
    firstMachine(document).localAddresses = ['203.0.113.42', '2001:db8::42']
  })
  assert.is(firstPlan(local).mesh.redirect.ipv6, true)
  assert.is(firstPlan(minimalWith()).mesh.redirect.ipv6, false)
})

test('a group without IPv6 beside one that has it', () => {
  const document = withDefaults()
  document.groups = { old: { namespace: 'old', redirect: { ipv6: false } } }
  document.machines.push({ name: 'old', group: 'old', addresses: ['203.0.113.43'] })
  const { value = [] } = generate(document)
  const listen = (machine: string) =>
    /INBOUND_LISTEN_ADDR='([^']*)'/.exec(
      String(value.find(({ path }) => path === `systemd/${machine}/etc/linkerd/mesh.env`)?.content),
    )?.[1]
  assert.equal([listen('legacy-app'), listen('old')], ['[::]:4143', '0.0.0.0:4143'])
})

test.run()
