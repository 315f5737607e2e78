import { gunzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ResolverProvider } from '../../../../lib/config/resolved.ts'
import { resolverEntries } from '../../../../lib/kinds/resolvers/index.ts'
import { resolverPath } from '../../../../lib/kinds/resolvers/resolver.ts'
import { minimalWith } from '../../plan/document.ts'
import { made } from '../../targets/output.ts'

const test = suite('DNS providers')
const command = '/usr/local/sbin/mesh-machine-resolver'

function filesWith(provider: ResolverProvider): Map<string, string> {
  const document = minimalWith((draft) => {
    const servers = ['10.43.0.10', 'fd00:10:43::a']
    draft.mesh.dns = { provider, servers, domains: ['cluster.local', 'consul.example.internal'] }
  })
  return new Map(
    made(document, { targets: ['systemd', 'cloud-init'] }).map(({ path, content }) => [
      path.replace('systemd/legacy-app/', '/'),
      typeof content === 'string' ? content : '',
    ]),
  )
}

/** User-data for a platform with little room, unpacked; it has to fit. */
function userDataWith(provider: ResolverProvider, platform: 'ec2' | 'hetzner'): string {
  const document = minimalWith((draft) => {
    draft.mesh.dns = { provider, servers: ['10.43.0.10'] }
    draft.cloudInit = { platform, compress: true }
  })
  const found = made(document, { targets: ['cloud-init'] }).find(({ path }) => path.endsWith('/user-data'))
  const content = found?.content ?? ''
  const bytes = typeof content === 'string' ? Buffer.from(content, 'base64') : content
  return gunzipSync(bytes).toString()
}

const expected: Readonly<Partial<Record<ResolverProvider, readonly string[]>>> = {
  dnsmasq: ['server=/cluster.local/10.43.0.10', 'server=/consul.example.internal/fd00:10:43::a'],
  networkmanager: ['server=/cluster.local/10.43.0.10', 'rebind-domain-ok=/consul.example.internal/'],
  unbound: [
    '    name: "cluster.local"',
    '    forward-addr: fd00:10:43::a',
    '    domain-insecure: "cluster.local"',
  ],
  hosts: ['nameserver 10.43.0.10', 'nameserver fd00:10:43::a'],
  'dns-delegate': ['DNS=10.43.0.10', 'DNS=fd00:10:43::a', 'Domains=~cluster.local', 'DefaultRoute=no'],
}

for (const [provider, { files }] of resolverEntries) {
  test(`${provider}: a machine has its files, with every server and domain, and no other provider's`, () => {
    const text = filesWith(provider).get(resolverPath)
    const lines = expected[provider]
    assert.is(text !== undefined, lines !== undefined)
    assert.is(
      files.some(({ path }) => path === resolverPath),
      lines !== undefined,
    )
    for (const line of lines ?? []) assert.ok(text?.split('\n').includes(line), `${line} is not in\n${text}`)
    assert.is(filesWith(provider).has('/etc/linkerd/resolved.conf'), provider === 'systemd-resolved')
    assert.is(filesWith(provider).has('/etc/systemd/system/linkerd-dns-hosts.timer'), provider === 'hosts')
  })

  test(`${provider}: every machine has the program, and user-data with little room where a resolver is told by it`, () => {
    assert.ok(filesWith(provider).has(command))
    for (const platform of ['ec2', 'hetzner'] as const) {
      const config = userDataWith(provider, platform)
      assert.is(config.includes(command), expected[provider] !== undefined, platform)
    }
  })
}

test.run()
