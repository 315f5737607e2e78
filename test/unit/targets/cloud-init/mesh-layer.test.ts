import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Artifact, generate, measureUserData } from '../../../../lib/index.ts'
import { type EditableDocument, minimalWith } from '../../plan/document.ts'
import { made } from '../output.ts'

const test = suite('mesh layer')

const url = 'https://artifacts.example.internal/meshjoin/{sha256}.tar.gz'

function withLayer(meshLayer: NonNullable<EditableDocument['cloudInit']>['meshLayer'], platform?: 'ec2') {
  return minimalWith((document) => {
    document.cloudInit = { ...(platform && { platform }), ...(meshLayer && { meshLayer }) }
  })
}

function archivesOf(artifacts: readonly Artifact[]): Artifact[] {
  return artifacts.filter(({ path }) => path.startsWith('cloud-init/mesh-layer/'))
}

test('an archive is named after its checksum, has the mesh layer of the target systemd, and is the same in each run', () => {
  const artifacts = made(withLayer({ from: 'fetch', url }))
  const [archive, ...more] = archivesOf(artifacts)
  assert.equal(more, [])
  const bytes = archive?.content as Uint8Array
  const sum = createHash('sha256').update(bytes).digest('hex')
  assert.is(archive?.path, `cloud-init/mesh-layer/${sum}.tar.gz`)
  assert.equal([...bytes.slice(0, 8)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0], 'no flags, no time')
  const tar = gunzipSync(bytes).toString('latin1')
  const overlay = artifacts.filter(({ path }) => path.startsWith('systemd/legacy-app/'))
  const own = ['machine.env', 'redirect.probes', 'redirect.v4']
  for (const { path, content } of overlay) {
    const isOwn = own.some((name) => path.endsWith(`/etc/linkerd/${name}`))
    assert.is(tar.includes(`${path.slice('systemd/legacy-app/'.length)}\0`), !isOwn, path)
    if (!isOwn) assert.ok(tar.includes(Buffer.from(String(content)).toString('latin1')), path)
  }
  assert.equal(archivesOf(made(withLayer({ from: 'fetch', url })))[0], archive)
})

test('user-data has the machine layer, and what fetches the rest by an address without placeholders', () => {
  const artifacts = made(withLayer({ from: 'fetch', url }))
  const userData = String(artifacts.find(({ path }) => path.endsWith('/user-data'))?.content)
  const paths = [...userData.matchAll(/^ path: (.*)$/gm)].map(([, path]) => path)
  assert.equal(paths.sort(), [
    '/etc/linkerd/machine.env',
    '/etc/linkerd/mesh-layer.conf',
    '/etc/linkerd/redirect.probes',
    '/etc/linkerd/redirect.v4',
    '/etc/systemd/system/mesh-machine-fetch.service',
    '/usr/local/sbin/mesh-machine-fetch',
  ])
  const sum = /\/([0-9a-f]{64})\.tar/.exec(archivesOf(artifacts)[0]?.path ?? '')?.[1]
  assert.ok(userData.includes(`LAYER_URL='${url.replace('{sha256}', String(sum))}'`))
  assert.ok(userData.includes(`LAYER_SHA256='${sum}'`))
})

test('user-data for EC2 keeps to its budgets, compressed', () => {
  for (const [meshLayer, budget] of [
    [{ from: 'fetch' as const, url }, 2560],
    [{ from: 'baked' as const }, 2048],
  ] as const) {
    const artifacts = made(withLayer(meshLayer, 'ec2'), { targets: ['cloud-init'] })
    const userData = String(artifacts.find(({ path }) => path.endsWith('/user-data'))?.content)
    const { compressed = 0 } = measureUserData(userData).find(({ platform }) => platform === 'ec2') ?? {}
    assert.ok(compressed > 500 && compressed <= budget, `${meshLayer.from}: ${compressed}`)
  }
})

test('machines with the same layer share it, and others have their own', () => {
  const document = (placeholder: string) =>
    minimalWith((edited) => {
      edited.groups = { batch: { redirect: { onProxyFailure: 'open' } } }
      edited.machines.push(
        {
          name: 'b',
          namespace: 'mixed-env',
          addresses: ['203.0.113.50'],
          group: 'batch',
          ports: [{ name: 'http', port: 80 }],
        },
        {
          name: 'c',
          namespace: 'mixed-env',
          addresses: ['203.0.113.51'],
          ports: [{ name: 'http', port: 80 }],
        },
      )
      edited.cloudInit = {
        meshLayer: { from: 'fetch', url: `https://artifacts.example.internal/${placeholder}` },
      }
    })
  assert.is(archivesOf(made(document('{sha256}.tar.gz'))).length, 2)
  const { ok, diagnostics } = generate(document('layer.tar.gz'))
  assert.not.ok(ok)
  const found = diagnostics.find(({ code }) => code === 'install-url')
  assert.is(found?.path, '/cloudInit/meshLayer/url')
  assert.match(found?.message ?? '', /2 different mesh layers/)
})

test('a query, which may be a secret, is in the user-data alone, in a file for root', () => {
  const artifacts = made(withLayer({ from: 'fetch', url: `${url}?X-Signature=0af41d55` }))
  const having = artifacts
    .filter(({ content }) => String(content).includes('0af41d55'))
    .map(({ path }) => path)
  assert.equal(having, ['cloud-init/legacy-app/user-data'])
})

test.run()
