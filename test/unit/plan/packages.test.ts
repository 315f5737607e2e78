import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cloudConfig, generate, plan } from '../../../lib/index.ts'
import type { Distribution } from '../../../lib/plan/packages.ts'
import { type EditableDocument, minimalWith } from './document.ts'

const test = suite('packages')

function packagesOf(edit: (document: EditableDocument & { cloudInit?: object }) => void): readonly string[] {
  const [machine] = plan(minimalWith(edit)).value ?? []
  assert.ok(machine !== undefined)
  return machine === undefined ? [] : cloudConfig(machine).packages
}

test('user-data asks for packages in the words of the distribution, and never for curl of dnf', () => {
  const of = (distribution?: Distribution, backend: 'iptables' | 'nftables' = 'iptables') =>
    packagesOf((document) => {
      document.redirect = { backend }
      if (distribution !== undefined) document.cloudInit = { distribution }
    }).join(' ')
  assert.is(of(undefined), 'ca-certificates curl iproute2 iptables')
  assert.is(of('debian', 'nftables'), 'ca-certificates curl iproute2 nftables')
  assert.is(of('rhel'), 'ca-certificates iproute iptables-nft tar gzip systemd-resolved')
  assert.is(of('amazon'), of('rhel'))
  assert.is(of('suse', 'nftables'), 'ca-certificates curl iproute2 nftables tar gzip systemd-network')
})

test('role and command have the same names', () => {
  const { value = [] } = generate(minimalWith(() => {}))
  const text = (ending: string) => String(value.find(({ path }) => path.endsWith(ending))?.content ?? '')
  assert.match(text('/vars/RedHat.yml'), /iproute\n.*tar\n.*gzip\n/s)
  assert.match(text('/vars/RedHat.yml'), /iptables-nft/)
  assert.match(text('/vars/Suse.yml'), /resolvectl: systemd-network/)
  const line = /^PACKAGES='(.*)'$/m.exec(text('/etc/linkerd/mesh-machine.conf'))?.[1]
  assert.equal(line?.split(' '), [
    'update-ca-certificates|/etc/pki/tls/certs/ca-bundle.crt',
    'curl|wget',
    'openssl',
    'ss',
    'iptables-restore',
    'tar',
    'gzip',
    'resolvectl',
  ])
})

test('an image is asked for with curl, and wget does not do', () => {
  const image = minimalWith((document) => {
    document.proxy.install = { from: 'image', layer: { amd64: `sha256:${'ab'.repeat(32)}` } }
    document.spire.agent.install = { from: 'preinstalled', path: '/usr/bin/spire-agent' }
  })
  const { value = [] } = generate(image)
  const text = String(
    value.find(({ path }) => path.endsWith('/etc/linkerd/mesh-machine.conf'))?.content ?? '',
  )
  const line = /^PACKAGES='(.*)'$/m.exec(text)?.[1]?.split(' ') ?? []
  assert.ok(line.includes('curl') && line.includes('tar') && line.includes('gzip'), line.join(' '))
  assert.not.ok(line.some((need) => need.includes('wget')))
  const [machine] = plan(image).value ?? []
  assert.ok(machine !== undefined && cloudConfig(machine).packages.includes('curl'))
})

test.run()
