import { gunzipSync } from 'node:zlib'
import { load } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cloudConfig, generate, printCloudConfig } from '../../../../lib/index.ts'
import { platforms } from '../../../../lib/targets/cloud-init/platform.ts'
import { type EditableDocument, firstPlan, minimalWith } from '../../plan/document.ts'
import { fleet, made, userData } from '../output.ts'

const test = suite('target cloud-init')

test('the README says whether user-data is compressed', () => {
  const says = (cloudInit: EditableDocument['cloudInit']) => {
    const artifacts = made(
      minimalWith((document) => {
        if (cloudInit !== undefined) document.cloudInit = cloudInit
      }),
      { targets: ['cloud-init'] },
    )
    const readme = String(artifacts.find(({ path }) => path === 'cloud-init/README.md')?.content)
    return {
      is: readme.includes('`user-data` is compressed'),
      may: readme.includes('would be larger is compressed'),
      text: readme.includes('base64 text'),
    }
  }
  for (const name of Object.keys(platforms) as (keyof typeof platforms)[]) {
    if (name === 'hetzner') continue // takes neither the plain text nor binary
    const { gzip, limit } = platforms[name]
    const packs = gzip === 'binary' && limit !== undefined
    assert.equal(
      says({ platform: name }),
      { is: name === 'ec2', may: packs && name !== 'ec2', text: false },
      name,
    )
  }
  assert.equal(says({ compress: true }), { is: true, may: false, text: false })
  assert.equal(says({ platform: 'gce', compress: true }), { is: true, may: false, text: true })
  assert.equal(says({ platform: 'vsphere', compress: false }), { is: false, may: false, text: false })
  assert.equal(says(undefined), { is: false, may: false, text: false })
  assert.ok(typeof userData({ platform: 'ec2' }) !== 'string', 'for EC2 it is, as the README says')
})

test('a strict run stops where no platform is named and one would take no user-data of this size', () => {
  const codes = (cloudInit: EditableDocument['cloudInit']) =>
    generate(
      minimalWith((document) => {
        if (cloudInit !== undefined) document.cloudInit = cloudInit
      }),
    ).diagnostics.filter(({ severity }) => severity === 'warning')
  const [found, ...more] = codes(undefined)
  assert.is(found?.code, 'user-data-platform')
  assert.match(found?.message ?? '', /too large for: ec2/)
  assert.equal(more, [])
  assert.equal(codes({ platform: 'nocloud' }), [])
  const many = generate(fleet(['a', 'b', 'c'])).diagnostics.filter(
    ({ code }) => code === 'user-data-platform',
  )
  assert.is(many.length, 1, 'once for a fleet')
})

test('cloud-config: four keys, the default user untouched, one command', () => {
  const config = cloudConfig(firstPlan(minimalWith()))
  assert.equal(Object.keys(config).sort(), ['merge_how', 'packages', 'runcmd', 'write_files'])
  assert.is(config.merge_how, 'list(append)+dict(no_replace,recurse_list)+str()')
  assert.equal(config.runcmd, [['/usr/local/sbin/mesh-machine', 'install']])
  assert.equal(config.packages, [...new Set(config.packages)].sort())
  for (const { permissions, ...entry } of config.write_files) {
    assert.match(permissions, /^0(600|644|755)$/)
    assert.equal(Object.keys(entry), ['path', 'content'])
  }
})

test('user-data is that data, and nothing is rendered on the way', () => {
  const config = cloudConfig(firstPlan(minimalWith()))
  const text = printCloudConfig(config)
  assert.ok(text.startsWith('#cloud-config\n'))
  assert.not.match(text, /^## template:/m)
  assert.equal(load(text), config as unknown)
  assert.is(userData(undefined), text)
})

test('the instance-id depends on the name alone', () => {
  const metaData = (change?: (document: EditableDocument) => void) =>
    made(minimalWith(change)).find(({ path }) => path.endsWith('/meta-data'))?.content
  const changed = metaData((document) => {
    document.proxy.version = 'v2.325.0'
    document.proxy.logFormat = 'json'
  })
  assert.equal(load(String(metaData())), {
    'instance-id': 'meshjoin-legacy-app',
    'local-hostname': 'legacy-app',
  })
  assert.is(changed, metaData())
})

test('compress: gzip without a clock where bytes are taken, base64 where text is', () => {
  const plain = userData(undefined)
  const bytes = userData({ compress: true })
  assert.ok(bytes instanceof Uint8Array)
  assert.is(gunzipSync(bytes as Uint8Array).toString('utf8'), plain)
  assert.equal([...(bytes as Uint8Array).slice(0, 8)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0], 'no flags, no time')
  for (const platform of ['gce', 'hetzner'] as const) {
    const text = userData({ platform, compress: true })
    assert.is(typeof text, 'string')
    assert.match(String(text), /^[A-Za-z0-9+/]+={0,2}\n$/)
    const read = gunzipSync(Buffer.from(String(text), 'base64')).toString('utf8')
    if (platform === 'gce') assert.is(read, plain)
    // It takes 32 kB of base64, and a part of your own has to fit in.
    const isThere = (name: string) => read.includes(`path: /usr/local/sbin/mesh-machine-${name}\n`)
    const names = ['certificate', 'check', 'doctor', 'trial', 'upgrade', 'watch'].filter(isThere)
    assert.is(names.includes('doctor'), platform === 'gce')
    assert.is(names.length, platform === 'gce' ? 6 : 4)
  }
  assert.is(userData({ compress: false }), plain)
})

test('what is too large is compressed without being asked to where that is handed over as it is, unless it is forbidden', () => {
  assert.ok(userData({ platform: 'ec2' }) instanceof Uint8Array)
  assert.ok(userData({ platform: 'azure' }) instanceof Uint8Array)
  assert.is(typeof userData({ platform: 'vsphere' }), 'string')
  const { ok, diagnostics } = generate(
    minimalWith((document) => {
      document.cloudInit = { platform: 'ec2', compress: false }
    }),
  )
  assert.not.ok(ok)
  const [error] = diagnostics.filter(({ severity }) => severity === 'error')
  assert.is(error?.code, 'user-data-too-large')
  assert.is(error?.path, '/machines/0')
})

test('compressing for a platform that takes text alone is refused', () => {
  const { ok, diagnostics } = generate(
    minimalWith((document) => {
      document.cloudInit = { platform: 'digitalocean', compress: true }
    }),
  )
  assert.not.ok(ok)
  assert.ok(
    diagnostics.some(({ code, path }) => code === 'platform-no-compress' && path === '/cloudInit/compress'),
  )
})

test.run()
