/** Sees to it that docs/traps.md is true: rows, files and codes exist, and the rows that name this file are shown here. */
import { existsSync, readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { catalogue } from '../../lib/diagnostics/catalogue.ts'
import { escapeExecArgument, escapeUnitText } from '../../lib/escape/unit.ts'
import { generate } from '../../lib/index.ts'
import { wrapMultipart } from '../../lib/targets/cloud-init/multipart.ts'

interface Row {
  readonly list: string
  readonly number: number
  readonly how: string
  readonly where: string
  readonly shown: string
}

const rows = readRows(readFileSync('docs/traps.md', 'utf8'))
const page = suite('traps: the page')

page(
  'has a row for each of the 32 traps of Linkerd and the 40 of the machine, and for those found since',
  () => {
    const numbers = (list: string) => rows.filter((row) => row.list === list).map(({ number }) => number)
    assert.equal(
      numbers('Linkerd'),
      Array.from({ length: 32 }, (_, index) => index + 1),
    )
    assert.equal(
      numbers('The machine'),
      Array.from({ length: 40 }, (_, index) => index + 1),
    )
    const since = numbers('Machines as they are')
    assert.ok(since.length > 0)
    assert.equal(
      since,
      since.map((_, index) => index + 1),
    )
  },
)

page('says of each row how it is dealt with', () => {
  for (const { list, number, how, shown } of rows) {
    assert.match(how, /built in|diagnostics?|on the machine|later|said in/i, `${list} ${number}`)
    assert.match(shown, /test\/|boot: issue|^later$/, `${list} ${number}`)
    if (shown === 'later') assert.match(how, /\blater, |Live connections: later/, `${list} ${number}`)
  }
})

page('names files that exist', () => {
  for (const { list, number, where, shown } of rows) {
    for (const [, path = ''] of `${where} ${shown}`.matchAll(/`([^`]+)`/g))
      assert.ok(existsSync(path), `${list} ${number}: ${path}`)
  }
})

page('names diagnostics that exist', () => {
  let count = 0
  for (const { list, number, how } of rows) {
    for (const [, text, code = ''] of how.matchAll(/\[`([^`]+)`\]\(diagnostics\.md#([a-z0-9-]+)\)/g)) {
      assert.is(text, code)
      assert.ok(Object.hasOwn(catalogue, code), `${list} ${number}: ${code}`)
      count++
    }
  }
  assert.ok(count > 30)
})

page('names this file exactly where something below shows the trap', () => {
  const named = rows.filter(({ shown }) => shown.includes('test/docs/traps.test.ts'))
  assert.equal(
    named.map(({ list, number }) => `${list} ${number}`).sort(),
    [...new Set(shown.map(([key]) => key))].sort(),
  )
})

page.run()

// What is generated, and what is refused

type Change = readonly [pointer: string, value: unknown]
type Case = readonly [key: string, what: string, check: () => void]

const folder = 'systemd/legacy-app'
const units = `${folder}/etc/systemd/system`
const etc = `${folder}/etc/linkerd`
const plain = artifacts()
const sixth: Change = ['/machines/0/addresses/1', '2001:db8::42']
const clone = {
  name: 'other',
  namespace: 'mixed-env',
  addresses: ['203.0.113.43'],
  ports: [{ name: 'http', port: 80 }],
}
const certificate = at(load(readFileSync('examples/minimal.yaml', 'utf8')), [
  'mesh',
  'trustAnchors',
]) as string
const pathless = readFileSync('test/unit/config/certificates/pathlen-0.pem', 'utf8')
const leaf = readFileSync('test/unit/config/certificates/leaf.pem', 'utf8')
const rootKey = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'

const shown: readonly Case[] = [
  has(
    'Machines as they are 1',
    `${etc}/trust-anchors.pem`,
    [certificate],
    [/platform team/],
    ['/mesh/trustAnchors', `# by the platform team\n${certificate}# end\n`],
  ),
  gives('Machines as they are 1', 'pem-malformed', [
    '/mesh/trustAnchors',
    `${certificate}-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n`,
  ]),
  [
    'Machines as they are 2',
    'a version without quotes',
    () => {
      const text = readFileSync('examples/minimal.yaml', 'utf8').replace('edge-26.9.1', '2.20')
      const helps = generate(text).diagnostics.map(({ code, help }) => `${code}: ${help}`)
      assert.ok(helps.includes('wrong-type: put it in quotes: "2.20"'), helps.join('; '))
    },
  ],
  gives('Machines as they are 4', 'annotation-missing', ['/proxy/defaultInboundPolicy', 'deny']),
  gives('Machines as they are 4', 'annotation-contradicts', [
    '/machines/0/annotations',
    { 'config.linkerd.io/default-inbound-policy': 'deny' },
  ]),
  gives('Machines as they are 4', 'port-usually-opaque', [
    '/machines/0/ports',
    [{ name: 'mysql', port: 3306 }],
  ]),
  has(
    'Machines as they are 4',
    'systemd/README.md',
    ['- legacy-app:\n  - `config.linkerd.io/opaque-ports: "3306"`\n'],
    [],
    ['/machines/0/ports', [{ name: 'mysql', port: 3306, opaque: true }]],
  ),
  has(
    'Machines as they are 5',
    `${etc}/redirect.v4`,
    ['-d 10.0.0.0/8'],
    [],
    ['/mesh/clusterNetworks', ['10.0.0.0/8', 'fd00::/8']],
    ['/redirect', { ipv6: false }],
  ),
  has(
    'Machines as they are 21',
    `${etc}/redirect.v4`,
    [53, 2049, 3268, 3269].map((port) => `-d 203.0.113.0/24 -p tcp --dport ${port} -j RETURN`),
    [],
    ['/mesh/clusterNetworks', ['10.42.0.0/16', '203.0.113.0/24']],
  ),
  has('Machines as they are 22', '.gitattributes', ['* -text\n']),
  has('Machines as they are 22', 'cloud-init/README.md', ['`file()`', '`templatefile()`']),
  gives('Machines as they are 3', 'address-invalid', ['/machines/0/addresses/0', '::ffff:203.0.113.42']),
  has('Machines as they are 6', `${folder}/usr/local/sbin/mesh-machine`, [
    ' && has_certificate && proxy_listens && up=true',
    'openssl s_client ',
  ]),
  has('Machines as they are 7', `${folder}/usr/local/sbin/mesh-machine`, ['kill -s KILL "$MAINPID"']),
  has('Linkerd 1', `${units}/linkerd-proxy.service`, [
    'ExecStartPre=/usr/local/sbin/mesh-machine wait-identity',
    'ExecStartPost=/usr/local/sbin/mesh-machine wait-ready',
  ]),
  has('Linkerd 2', `${units}/spire-agent.service`, [
    'RuntimeDirectory=spire/agent/public',
    'RuntimeDirectoryMode=0755',
  ]),
  gives('Linkerd 2', 'path-volatile', ['/spire/agent', { from: 'existing', socket: '/tmp/agent.sock' }]),
  has(
    'Linkerd 3',
    `${etc}/redirect.v4`,
    ['--uid-owner 2103 -j RETURN', '-d 10.43.0.10/32 -p tcp --dport 53 -j RETURN'],
    [/-p udp/],
  ),
  gives('Linkerd 4', 'selector-mismatch', ['/spire/workload', { selectors: ['unix:uid:0'] }]),
  gives('Linkerd 4', 'parent-duplicate', [
    '/machines/1',
    { ...clone, parentId: 'spiffe://root.linkerd.cluster.local/meshjoin/node/legacy-app' },
  ]),
  has('Linkerd 5', 'cloud-init/README.md', [
    "-spiffeID 'spiffe://root.linkerd.cluster.local/mixed-env/legacy-app'",
  ]),
  has('Linkerd 5', `${etc}/machine.env`, [
    "SERVER_ID='spiffe://root.linkerd.cluster.local/mixed-env/legacy-app'",
  ]),
  has('Linkerd 6', `${folder}/etc/spire/agent.json`, ['"KeyManager"'], [/key_type/]),
  has('Linkerd 6', `${etc}/mesh.env`, ["IDENTITY_TRUST_ANCHORS='-----BEGIN CERTIFICATE-----\n"]),
  gives('Linkerd 7', 'pem-path-length', ['/mesh/trustAnchors', pathless]),
  gives('Linkerd 7', 'pem-not-ca', ['/mesh/trustAnchors', leaf]),
  gives('Linkerd 7', 'pem-private-key', ['/mesh/trustAnchors', certificate + rootKey]),
  has('Linkerd 7', `${folder}/etc/spire/agent.json`, ['"trust_bundle_path"'], [/insecure_bootstrap/]),
  has('Linkerd 8', `${units}/linkerd-proxy.service`, ['time-sync.target']),
  has('Linkerd 9', `${etc}/mesh.env`, [
    'DESTINATION_PROFILE_NETWORKS=',
    'POLICY_CLUSTER_NETWORKS=',
    'INBOUND_DEFAULT_POLICY=',
    'ADMIN_LISTEN_ADDR=',
    'INBOUND_ACCEPT_KEEPALIVE=',
    'OUTBOUND_CONNECT_USER_TIMEOUT=',
    'CONTROL_STREAM_LIFETIME=',
  ]),
  has('Linkerd 9', `${etc}/machine.env`, ["INBOUND_IPS='203.0.113.42'", "INBOUND_PORTS='80'"]),
  has(
    'Linkerd 10',
    `${etc}/mesh.env`,
    ['IDENTITY_SPIRE_WORKLOAD_API_ADDRESS='],
    [/SPIRE_SOCKET|LOCAL_NAME|RESOLV_CONF/],
  ),
  has(
    'Linkerd 10',
    `${etc}/mesh.env`,
    ['IDENTITY_SPIRE_SOCKET='],
    [/WORKLOAD_API_ADDRESS/],
    ['/proxy/version', 'v2.221.0'],
  ),
  gives('Linkerd 10', 'setting-forbidden', ['/proxy/settings', { LINKERD2_PROXY_IDENTITY_LOCAL_NAME: 'a' }]),
  gives('Linkerd 10', 'setting-owned', ['/proxy/settings', { LINKERD2_PROXY_INBOUND_IPS: '192.0.2.1' }]),
  gives('Linkerd 10', 'setting-unknown', ['/proxy/settings', { LINKERD2_PROXY_LOGG: 'info' }]),
  has(
    'Linkerd 11',
    `${etc}/mesh.env`,
    [
      "='linkerd-policy.l5d.svc.corp.example.:8090'",
      "='linkerd-destination.l5d.serviceaccount.identity.l5d.td.example'",
    ],
    [],
    ['/mesh/controlPlaneNamespace', 'l5d'],
    ['/mesh/clusterDomain', 'corp.example'],
    ['/mesh/identityTrustDomain', 'td.example'],
  ),
  has('Linkerd 12', `${etc}/mesh.env`, ["ADMIN_LISTEN_ADDR='127.0.0.1:4191'"]),
  gives('Linkerd 12', 'admin-exposed', ['/proxy/adminAddress', '0.0.0.0:4191']),
  has('Linkerd 13', `${units}/linkerd-proxy.service`, [
    'User=linkerd-proxy',
    'TimeoutStopSec=130',
    'RestartPreventExitStatus=64',
    'LimitNOFILE=524288',
    'After=spire-agent.service',
  ]),
  has('Linkerd 13', `${units}/linkerd-proxy-resolver.path`, ['PathChanged=/etc/resolv.conf']),
  has('Linkerd 14', 'systemd/legacy-app/usr/local/sbin/mesh-machine', [
    "answers '200\\|403\\|404' && has_certificate && proxy_listens && up=true",
  ]),
  gives('Linkerd 15', 'port-ssh', ['/machines/0/ports/0/port', 22]),
  ['Linkerd 15', 'SSH comes before every redirect, in both directions', sshComesFirst],
  has('Linkerd 16', `${etc}/redirect.v4`, ['-I PREROUTING 1 -j ', ' -d 203.0.113.42 -g ']),
  has('Linkerd 16', `${units}/linkerd-redirect-assert.timer`, ['OnUnitInactiveSec=30s']),
  ['Linkerd 17', 'every outbound redirect names a network', everyRedirectIsLimited],
  has('Linkerd 17', `${units}/linkerd-redirect.service`, ['ConditionPathExists=/var/lib/linkerd/joined']),
  gives('Linkerd 18', 'out-of-range', ['/proxy/user', { uid: 0 }]),
  has('Linkerd 19', `${etc}/redirect.v4`, [
    '-d 169.254.0.0/16 -j RETURN',
    '-d 168.63.129.16/32 -j RETURN',
    '-d 100.100.100.200/32 -j RETURN',
    '--uid-owner 2102 -j RETURN',
  ]),
  gives('Linkerd 19', 'network-contains', ['/spire/server/address', '10.43.0.9']),
  has('Linkerd 20', `${etc}/redirect.v6`, ['--dport 80 --syn -j REDIRECT'], [/multiport/], sixth),
  has('Linkerd 20', `${etc}/redirect.v4`, ['--dport 80 --syn -j REDIRECT'], [/multiport/]),
  has('Linkerd 22', 'systemd/network.md', ['| 4143 | tcp |', 'leave it closed where all clients are meshed']),
  gives('Linkerd 24', 'address-invalid', ['/machines/0/addresses/0', '203.0.113.420']),
  gives('Linkerd 24', 'address-unusable', ['/machines/0/addresses/0', '127.0.0.1']),
  gives('Linkerd 24', 'address-family-duplicate', ['/machines/0/addresses/1', '203.0.113.43']),
  gives('Linkerd 24', 'port-duplicate', ['/machines/0/ports/1', { name: 'http', port: 81 }]),
  gives('Linkerd 24', 'server-name-invalid', ['/machines/0/identity', { serverName: '1.2.3.4' }]),
  gives(
    'Linkerd 24',
    'identity-malformed',
    ['/machines/0/name', 'a'.repeat(63)],
    ['/spire/trustDomain', `${'a'.repeat(60)}.`.repeat(4).slice(0, -1)],
  ),
  gives('Linkerd 24', 'address-port-duplicate', ['/machines/1', { ...clone, addresses: ['203.0.113.42'] }]),
  gives(
    'Linkerd 25',
    'service-port-unmatched',
    ['/machines/0/labels', { app: 'a' }],
    ['/services', [service('mixed-env')]],
  ),
  gives(
    'Linkerd 26',
    'selector-crosses-namespaces',
    ['/mesh/linkerdVersion', 'edge-26.6.1'],
    ['/machines/0/labels', { app: 'a' }],
    ['/services', [service('elsewhere')]],
  ),
  gives('Linkerd 26', 'linkerd-known-broken', ['/mesh/linkerdVersion', 'edge-25.11.2']),
  has(
    'Linkerd 27',
    `${etc}/mesh.env`,
    ["INBOUND_LISTEN_ADDR='[::]:4143'", "OUTBOUND_LISTEN_ADDRS='127.0.0.1:4140,[::1]:4140'"],
    [],
    sixth,
  ),
  gives('Linkerd 27', 'ipv6-off', sixth, ['/redirect', { ipv6: false }]),
  gives('Linkerd 27', 'dual-stack-too-old', sixth, ['/mesh/linkerdVersion', 'edge-24.2.4']),
  gives(
    'Linkerd 27',
    'family-mismatch',
    sixth,
    ['/groups', { all: {} }],
    ['/machines/0/group', 'all'],
    ['/machines/1', { ...clone, group: 'all' }],
  ),
  has(
    'Linkerd 28',
    `${etc}/machine.env`,
    ["INBOUND_IPS='192.168.0.5'"],
    [],
    ['/machines/0/localAddresses', ['192.168.0.5']],
  ),
  gives('Linkerd 29', 'identity-duplicate', [
    '/machines/1',
    {
      ...clone,
      identity: {
        spiffeId: 'spiffe://root.linkerd.cluster.local/mixed-env/legacy-app',
        serverName: 'a.example',
      },
    },
  ]),
  gives('Linkerd 29', 'identity-incomplete', [
    '/groups',
    { all: { identity: { spiffeId: 'spiffe://root.linkerd.cluster.local/all' } } },
  ]),
  gives('Linkerd 30', 'inbound-policy-fails-open'),
  has('Linkerd 32', `${etc}/mesh-machine.conf`, [
    '/release%2Fv2.368.0/linkerd2-proxy-v2.368.0-linux-amd64.tar.gz',
    "PROXY_SHA256_AMD64='ed6c",
  ]),
  has(
    'Linkerd 32',
    `${etc}/mesh-machine.conf`,
    ['/release%2Fv2.221.0/linkerd2-proxy-v2.221.0-amd64.tar.gz'],
    [],
    ['/proxy/version', 'v2.221.0'],
  ),
  gives('Linkerd 32', 'install-incomplete', ['/proxy/install', { from: 'download' }]),
  gives('Linkerd 32', 'proxy-version-differs', ['/proxy/version', 'v2.325.0']),

  ['The machine 1', 'every redirect is of the SYN alone', everyRedirectIsOfSyn],
  gives('The machine 2', 'port-reserved', ['/machines/0/ports/0/port', 4143]),
  gives('The machine 2', 'port-ssh', ['/machines/0/ports/0/port', 22]),
  ['The machine 2', 'SSH comes before every redirect, in both directions', sshComesFirst],
  has('The machine 3', `${etc}/redirect.v4`, [
    '-I PREROUTING 1 -j MESHJOIN_INBOUND',
    '-I OUTPUT 1 ',
    '-A MESHJOIN_INBOUND -d 203.0.113.42 -g ',
  ]),
  has('The machine 4', `${units}/linkerd-redirect.service`, [
    'ConditionPathExists=/var/lib/linkerd/joined',
    '\nAfter=linkerd-proxy.service\n',
  ]),
  has(
    'The machine 5',
    `${units}/linkerd-redirect.service`,
    ['After=linkerd-proxy.service'],
    [/^(BindsTo|PartOf|Requires)=.*linkerd-proxy/m],
  ),
  has(
    'The machine 5',
    `${units}/linkerd-redirect.service`,
    ['BindsTo=linkerd-proxy.service'],
    [/^(PartOf|Requires)=.*linkerd-proxy/m],
    ['/redirect', { onProxyFailure: 'open' }],
  ),
  has(
    'The machine 6',
    `${folder}/usr/local/sbin/mesh-machine`,
    ['--noflush'],
    [/^[^#]*nft .*flush ruleset/m],
  ),
  has(
    'The machine 6',
    `${etc}/redirect.v4`,
    [':MESHJOIN_INBOUND - [0:0]', ':MESHJOIN_OUTBOUND - [0:0]', 'COMMIT'],
    [/^-F/m],
  ),
  has('The machine 7', `${etc}/redirect.v4`, ['--uid-owner 2103 -j RETURN', '-d 169.254.0.0/16 -j RETURN']),
  ['The machine 7', 'every outbound redirect names a network', everyRedirectIsLimited],
  gives('The machine 8', 'uid-clash', ['/proxy/user', { uid: 2103 }]),
  gives('The machine 8', 'out-of-range', ['/proxy/user', { uid: 0 }]),
  has('The machine 8', `${folder}/usr/local/sbin/mesh-machine`, ['uid-taken']),
  has('The machine 9', `${etc}/redirect.v6`, ['-j REDIRECT --to-ports 4143'], [], sixth),
  gives('The machine 9', 'ipv6-off', sixth, ['/redirect', { ipv6: false }]),
  gives('The machine 9', 'ipv6-off', sixth, ['/defaults', { redirect: { ipv6: false } }]),
  gives('The machine 10', 'out-of-range', ['/machines/0/ports/0/port', 65536]),
  gives('The machine 10', 'port-duplicate', ['/machines/0/ports/1', { name: 'other', port: 80 }]),
  has('The machine 11', 'cloud-init/network.md', ['| 4143 | tcp |', '(firewall)']),
  has('The machine 11', 'cloud-init/firewall/ufw.sh', ["port='4143'", "rule '10.42.0.0/16'"]),
  has('The machine 12', `${units}/linkerd-proxy.service`, [
    'ExecStartPre=/usr/local/sbin/mesh-machine wait-identity',
    'Restart=always',
  ]),
  has('The machine 13', 'cloud-init/README.md', ['spire-server entry create'], [/-dns\b/]),
  gives('The machine 13', 'identity-trust-domain', [
    '/machines/0/identity',
    { spiffeId: 'spiffe://other.example/a', serverName: 'a.example' },
  ]),
  gives('The machine 14', 'setting-forbidden', [
    '/proxy/settings',
    { LINKERD2_PROXY_IDENTITY_DISABLED: 'x' },
  ]),
  gives('The machine 14', 'pem-private-key', ['/spire/trustBundle', certificate + rootKey]),
  has(
    'The machine 15',
    `${units}/spire-agent.service`,
    ['RuntimeDirectoryPreserve=restart'],
    [/^[^#]*\/tmp/m],
  ),
  has(
    'The machine 16',
    `${units}/spire-agent.service`,
    ['CapabilityBoundingSet=\n'],
    [/^(ProtectProc|ProcSubset|PrivatePIDs|PrivateUsers|AmbientCapabilities)=/m],
  ),
  has(
    'The machine 17',
    `${units}/linkerd-proxy.service`,
    ['Type=exec', 'Restart=always', 'StartLimitIntervalSec=0', 'TimeoutStopSec=130'],
    [/^WatchdogSec|^Type=notify/m],
  ),
  has(
    'The machine 17',
    `${units}/linkerd-proxy.service`,
    ['TimeoutStopSec=310'],
    [],
    ['/proxy/shutdownGracePeriod', '5m'],
  ),
  has(
    'The machine 18',
    `${units}/spire-agent.service`,
    ['LoadCredential=join-token:/etc/spire/join-token', 'SetCredential=join-token:'],
    [/^ExecStart=.*token/im],
  ),
  has('The machine 18', `${folder}/etc/spire/agent.json`, ['"disk"', '"join_token_file"']),
  gives('The machine 18', 'spire-too-old', ['/spire/agent/version', '1.13.2']),
  gives('The machine 19', 'attestor-cannot-reattest', [
    '/spire/server',
    { address: 'spire.example.internal', generate: true, agentTtl: '1h' },
  ]),
  gives('The machine 20', 'ttl-unreachable', [
    '/spire/server',
    { address: 'spire.example.internal', generate: true, x509SvidTtl: '48h' },
  ]),
  has('The machine 21', `${folder}/etc/spire/agent.json`, ['"trust_bundle_path"'], [/insecure_bootstrap/]),
  gives('The machine 21', 'pem-private-key', ['/spire/trustBundle', certificate + rootKey]),
  gives('The machine 22', 'control-character', ['/proxy/settings', { LINKERD2_PROXY_LOG: 'info\nEVIL=1' }]),
  gives('The machine 22', 'bad-format', ['/spire/agent/attestation/file', '/etc/spire/$(reboot)']),
  ['The machine 23', 'the environment is for root, in single quotes', environmentIsQuoted],
  ['The machine 24', '% and $ are doubled', unitsAreEscaped],
  has('The machine 25', `${folder}/etc/spire/agent.json`, ['"disable_sds_api": true']),
  has(
    'The machine 25',
    `${folder}/etc/spire/agent.json`,
    ['"join_token_file"'],
    [/disable_sds_api/],
    ['/spire/agent/version', '1.13.3'],
  ),
  has('The machine 26', 'cloud-init/legacy-app/user-data', ["permissions: '0644'"], [/[^\n\x20-\x7e]/]),
  ['The machine 27', 'user-data starts with #cloud-config', startsWithHeader],
  ['The machine 28', 'all files belong to root, and none waits for users', filesBelongToRoot],
  ['The machine 29', 'one command in list form', runsOneCommand],
  ['The machine 30', 'no unit waits for cloud-init', noUnitWaitsForCloudInit],
  has('The machine 31', 'cloud-init/legacy-app/user-data', [
    'merge_how: list(append)+dict(no_replace,recurse_list)+str()',
  ]),
  ['The machine 31', 'the boundary is not in the text', boundaryIsNotInText],
  gives('The machine 32', 'platform-no-compress', [
    '/cloudInit',
    { platform: 'digitalocean', compress: true },
  ]),
  ['The machine 32', 'user-data over the limit is an error', tooLargeIsAnError],
  has('The machine 33', `${etc}/mesh-machine.conf`, ["PROXY_URL_AMD64='https://"], [/_URL_[A-Z0-9]+='http:/]),
  gives('The machine 33', 'bad-format', ['/proxy/install/url', 'http://mirror.example/proxy.tar.gz']),
  gives('The machine 33', 'install-same-sum', [
    '/proxy/install/sha256',
    { amd64: 'a'.repeat(64), arm64: 'a'.repeat(64) },
  ]),
  gives(
    'The machine 33',
    'install-url',
    ['/proxy/install/url', 'https://mirror.example/proxy.tar.gz'],
    ['/proxy/install/sha256/arm64', 'a'.repeat(64)],
  ),
  has('The machine 33', `${folder}/usr/local/sbin/mesh-machine`, ['restorecon']),
  has('The machine 35', `${units}/spire-agent.service`, ['time-sync.target']),
  has('The machine 36', `${folder}/etc/linkerd/resolved.conf`, ['DNS=10.43.0.10', 'Domains=~cluster.local']),
  has('The machine 36', `${units}/linkerd-dns-link.service`, [
    'resolvectl domain linkerd-dns ~cluster.local',
    'resolvectl default-route linkerd-dns no',
  ]),
  gives('The machine 36', 'not-built-yet', ['/mesh/dns/provider', 'dns-delegate']),
  has('The machine 39', `${units}/linkerd-redirect.service`, ['ReloadPropagatedFrom=nftables.service']),
  has('The machine 39', `${units}/linkerd-redirect-assert.timer`, ['OnUnitInactiveSec=30s']),
  has('The machine 37', 'ansible/roles/linkerd_machine/tasks/token.yml', ['no_log: true', 'diff: false']),
  has('The machine 37', 'ansible/leave.yml', ['linkerd_machine_state: absent']),
]

const cases = suite('traps: what the page says')
for (const [index, [key, what, check]] of shown.entries()) cases(`${index + 1}. ${key}: ${what}`, check)
cases.run()

/** The file of the minimal document, changed, has each text and none of the patterns. */
function has(
  key: string,
  path: string,
  texts: readonly string[],
  never: readonly RegExp[] = [],
  ...changes: Change[]
): Case {
  return [
    key,
    path.split('/').at(-1) ?? '',
    () => {
      const content = (changes.length === 0 ? plain : artifacts(...changes)).get(path)
      assert.ok(content !== undefined, `there is no ${path}`)
      for (const text of texts) assert.ok(content.includes(text), `${path} has no ${text}`)
      for (const pattern of never) assert.not.match(content, pattern)
    },
  ]
}

/** The minimal document, changed, gets the diagnostic, and without the change it does not. */
function gives(key: string, code: string, ...changes: Change[]): Case {
  return [
    key,
    code,
    () => {
      const codes = generate(change(...changes)).diagnostics.map((diagnostic): string => diagnostic.code)
      assert.ok(codes.includes(code), `${code} is not among: ${codes.join(', ')}`)
      if (changes.length > 0)
        assert.not.ok(generate(change()).diagnostics.some((diagnostic) => diagnostic.code === code))
    },
  ]
}

function rulesOf(chain: string): string[] {
  const lines = (plain.get(`${etc}/redirect.v4`) ?? '').split('\n')
  return lines.filter((line) => line.startsWith(`-A ${chain}`))
}

function sshComesFirst(): void {
  for (const chain of ['MESHJOIN_INBOUND', 'MESHJOIN_OUTBOUND']) {
    const rules = rulesOf(chain)
    const ssh = rules.findIndex((rule) => rule.endsWith(' -p tcp --dport 22 -j RETURN'))
    const redirect = rules.findIndex((rule) => rule.includes('-j REDIRECT'))
    assert.ok(ssh >= 0 && ssh < redirect, chain)
  }
}

function redirects(chains: readonly string[]): string[] {
  const found = chains.flatMap(rulesOf).filter((rule) => rule.includes('-j REDIRECT'))
  assert.ok(found.length > 0)
  return found
}

function everyRedirectIsLimited(): void {
  for (const rule of redirects(['MESHJOIN_OUTBOUND']))
    assert.match(rule, / -d [0-9.]+\/([1-9]|[12][0-9]|3[0-2]) /)
}

function everyRedirectIsOfSyn(): void {
  for (const rule of redirects(['MESHJOIN_INBOUND', 'MESHJOIN_OUTBOUND']))
    assert.match(rule, / -p tcp .*--syn /)
}

function environmentIsQuoted(): void {
  const { value = [] } = generate(change())
  const files = value.filter(({ path }) => path.startsWith(folder) && path.endsWith('.env'))
  assert.is(files.length, 2)
  for (const { mode, content } of files) {
    assert.is(mode, 0o600)
    assert.match(String(content), /^(#.*\n|[A-Z0-9_]+='[^'\\]*'\n)+$/)
  }
}

function unitsAreEscaped(): void {
  assert.is(escapeExecArgument('100% of $HOME'), '"100%% of $$HOME"')
  assert.is(escapeUnitText('100%'), '100%%')
}

function userData(): { write_files: { owner: string; defer?: boolean }[]; runcmd: unknown } {
  return load(plain.get('cloud-init/legacy-app/user-data') ?? '') as ReturnType<typeof userData>
}

function startsWithHeader(): void {
  assert.ok(plain.get('cloud-init/legacy-app/user-data')?.startsWith('#cloud-config\n'))
}

function filesBelongToRoot(): void {
  const { write_files } = userData()
  assert.ok(write_files.length > 10)
  for (const { owner, defer } of write_files) assert.is(`${owner} ${defer}`, 'root:root undefined')
}

function runsOneCommand(): void {
  assert.equal(userData().runcmd, [['/usr/local/sbin/mesh-machine', 'install']])
}

function noUnitWaitsForCloudInit(): void {
  const files = [...plain].filter(([path]) => path.startsWith(units))
  assert.ok(files.length > 5)
  for (const [path, content] of files)
    assert.not.match(content, /^(After|Requires|BindsTo)=.*(cloud-|multi-user)/m, path)
}

function boundaryIsNotInText(): void {
  const text = 'a\n--meshjoin-boundary\nb\n'
  const [, boundary = ''] = /boundary="([^"]+)"/.exec(wrapMultipart(text)) ?? []
  assert.ok(boundary !== '' && !text.includes(`--${boundary}\n`))
}

/** Hetzner takes 32 KiB, and this document does not ask for compression. */
function tooLargeIsAnError(): void {
  const { diagnostics } = generate(
    change(['/cloudInit', { platform: 'hetzner' }], ['/mesh/trustAnchors', certificate.repeat(60)]),
  )
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  assert.equal(
    errors.map(({ code }) => code),
    ['user-data-too-large'],
  )
}

function service(namespace: string): object {
  return { name: 'web', namespace, selector: { app: 'a' }, ports: [{ name: 'one', port: 81 }] }
}

/** Text artifacts of the minimal document, changed, by their path. */
function artifacts(...changes: Change[]): Map<string, string> {
  const { value = [], diagnostics } = generate(change(...changes))
  assert.ok(value.length > 0, diagnostics.map(({ message }) => message).join('; '))
  return new Map(value.map(({ path, content }) => [path, String(content)]))
}

/** The minimal document with other values at some places; maps and lists on the way are there or are made. */
function change(...changes: Change[]): object {
  const document = load(readFileSync('examples/minimal.yaml', 'utf8')) as Record<string, unknown>
  for (const [pointer, value] of changes) {
    const keys = pointer.slice(1).split('/')
    const parent = at(document, keys.slice(0, -1)) as Record<string, unknown>
    parent[keys.at(-1) ?? ''] = value
  }
  return document
}

function at(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce((inner, key) => (inner as Record<string, unknown>)[key], value)
}

function readRows(text: string): Row[] {
  let list = ''
  return text.split('\n').flatMap((line) => {
    if (line.startsWith('## ')) list = line.slice(3)
    const cells = /^\| (\d+) \|/.test(line) ? line.split(' | ') : []
    if (cells.length === 0) return []
    assert.is(cells.length, 5, line)
    const [number = '', , how = '', where = '', shown = ''] = cells
    return [{ list, number: Number(number.slice(2)), how, where, shown: shown.replace(/ \|$/, '') }]
  })
}
