import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { firstPlan, minimalWith } from './document.ts'

const test = suite('downloads')

const releases = 'https://github.com/linkerd/linkerd2-proxy/releases/download'

test('the platform is in the name of the proxy’s archive, and of its folder, since v2.287.0', () => {
  const download = (version: string) =>
    firstPlan(
      minimalWith((document) => {
        document.mesh.linkerdVersion = '2.18'
        document.proxy.version = version
      }),
    ).mesh.proxy.downloads.amd64
  assert.equal(download('v2.286.0'), {
    url: `${releases}/release%2Fv2.286.0/linkerd2-proxy-v2.286.0-amd64.tar.gz`,
    sha256: 'ed6cbe22a059c8c5f21767542e922c392772f757e6a2969fb5f0b091b44538a3',
    member: 'linkerd2-proxy-v2.286.0-amd64/linkerd2-proxy',
  })
  assert.equal(download('v2.287.0'), {
    url: `${releases}/release%2Fv2.287.0/linkerd2-proxy-v2.287.0-linux-amd64.tar.gz`,
    sha256: 'ed6cbe22a059c8c5f21767542e922c392772f757e6a2969fb5f0b091b44538a3',
    member: 'linkerd2-proxy-v2.287.0-linux-amd64/linkerd2-proxy',
  })
})

test('the SPIRE agent comes from the static build', () => {
  assert.equal(firstPlan(minimalWith()).mesh.agent?.program.downloads, {
    amd64: {
      url: 'https://github.com/spiffe/spire/releases/download/v1.15.3/spire-1.15.3-linux-amd64-musl.tar.gz',
      sha256: 'a19a95d52f8e85639c340023c558ae09e5251b037b2f82441e464bd13429c3f1',
      member: 'spire-1.15.3/bin/spire-agent',
    },
  })
})

test('one’s own address is filled in for each architecture that has a sum', () => {
  const { downloads } = firstPlan(
    minimalWith((document) => {
      document.proxy.install.url = 'https://m.example.com/{version}/{arch}/{version}-{arch}.tgz'
      document.proxy.install.sha256 = { amd64: 'a'.repeat(64), arm64: 'b'.repeat(64) }
    }),
  ).mesh.proxy
  assert.is(downloads.amd64?.url, 'https://m.example.com/v2.368.0/amd64/v2.368.0-amd64.tgz')
  assert.is(downloads.arm64?.url, 'https://m.example.com/v2.368.0/arm64/v2.368.0-arm64.tgz')
  assert.is(downloads.arm64?.sha256, 'b'.repeat(64))
})

test('of an image, the blob of a layer by its digest, from the registry of the image', () => {
  const hex = 'ab'.repeat(32)
  const download = (install: object) =>
    firstPlan(
      minimalWith((document) => {
        document.proxy.install = { from: 'image', layer: { arm64: `sha256:${hex}` }, ...install }
      }),
    ).mesh.proxy.downloads
  assert.equal(download({}), {
    arm64: {
      url: `https://cr.l5d.io/v2/linkerd/proxy/blobs/sha256:${hex}`,
      sha256: hex,
      member: 'usr/lib/linkerd/linkerd2-proxy',
    },
  })
  const { arm64 } = download({ image: 'r.example:5000/a/b', path: '/opt/proxy' })
  assert.is(arm64?.url, `https://r.example:5000/v2/a/b/blobs/sha256:${hex}`)
  assert.is(arm64?.member, 'opt/proxy')
  assert.match(
    download({ image: 'docker.io/a/b' }).arm64?.url ?? '',
    /^https:\/\/registry-1\.docker\.io\/v2\/a\/b\//,
  )
})

test('a preinstalled program has nothing to download', () => {
  const { proxy } = firstPlan(
    minimalWith((document) => {
      document.proxy.install = { from: 'preinstalled', path: '/usr/bin/proxy' }
    }),
  ).mesh
  assert.equal(proxy.downloads, {})
})

test.run()
