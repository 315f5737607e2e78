import { gunzipSync } from 'node:zlib'
import { load } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type Artifact,
  type CloudConfig,
  cloudConfig,
  type GenerateOptions,
  generate,
  generateLazily,
  measureUserData,
  printCloudConfig,
} from '../../../lib/index.ts'
import { wrapMultipart } from '../../../lib/targets/cloud-init/multipart.ts'
import { compressUserData, countUserData, platforms } from '../../../lib/targets/cloud-init/platform.ts'
import { type EditableDocument, firstMachine, firstPlan, minimalWith } from '../plan/document.ts'

const test = suite('targets')

function made(document: object, options?: GenerateOptions): readonly Artifact[] {
  const result = generate(document, options)
  assert.ok(result.ok, JSON.stringify(result.diagnostics))
  return result.value ?? []
}

function userData(cloudInit: EditableDocument['cloudInit']): string | Uint8Array {
  const artifacts = made(
    minimalWith((document) => {
      if (cloudInit !== undefined) document.cloudInit = cloudInit
    }),
    { targets: ['cloud-init'] },
  )
  const found = artifacts.find(({ path }) => path === 'cloud-init/legacy-app/user-data')
  if (found === undefined) throw new Error('no user-data')
  return found.content
}

/** Several machines, whose names sort in another way than their folders. */
function fleet(names: readonly string[]): EditableDocument {
  return minimalWith((document) => {
    const machine = firstMachine(document)
    document.machines = names.map((name, index) => ({
      ...machine,
      name,
      addresses: [`203.0.113.${index + 1}`],
    }))
  })
}

test('each README has the commands of the SPIRE server for every machine', () => {
  const artifacts = made(fleet(['a', 'b.example']))
  for (const target of ['ansible', 'cloud-init', 'systemd']) {
    const readme = String(artifacts.find(({ path }) => path === `${target}/README.md`)?.content)
    for (const name of ['a', 'b.example']) {
      const parent = `spiffe://root.linkerd.cluster.local/meshjoin/node/${name}`
      assert.ok(readme.includes(`spire-server entry create -parentID '${parent}' `), `${target} ${name}`)
      assert.ok(readme.includes(`token generate -ttl 3600 -spiffeID '${parent}' `), `${target} ${name}`)
    }
  }
})

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
  for (const { permissions, owner } of config.write_files) {
    assert.match(permissions, /^0(600|644|755)$/)
    assert.is(owner, 'root:root')
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

test('both targets place the same files with the same modes', () => {
  const artifacts = made(minimalWith())
  const config = load(String(userData(undefined))) as CloudConfig
  const placed = config.write_files.map(
    ({ path, permissions, content }) => `${permissions} ${path}\n${content}`,
  )
  const overlay = artifacts
    .filter(({ path }) => path.startsWith('systemd/legacy-app/'))
    .map(
      ({ path, mode, content }) =>
        `${mode.toString(8).padStart(4, '0')} ${path.slice('systemd/legacy-app'.length)}\n${String(content)}`,
    )
  assert.equal(placed, overlay)
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
    assert.is(gunzipSync(Buffer.from(String(text), 'base64')).toString('utf8'), plain)
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

test('multi-part: one part, its content untouched', () => {
  const message = String(userData({ multipart: true }))
  const boundary =
    /^Content-Type: multipart\/mixed; boundary="([^"]+)"\nMIME-Version: 1\.0\n\n/.exec(message)?.[1] ?? ''
  const [preamble = '', part = '', end = ''] = message.split(`--${boundary}`)
  assert.is(message.split(`--${boundary}`).length, 3)
  assert.ok(preamble.endsWith('\n\n'))
  assert.is(end, '--\n')
  const split = part.indexOf('\n\n')
  const headers = part.slice(1, split).split('\n')
  assert.ok(headers.includes('Content-Type: text/cloud-config; charset="us-ascii"'))
  assert.ok(headers.includes('Content-Transfer-Encoding: 7bit'))
  // The line feed before a boundary belongs to the boundary (RFC 2046, 5.1.1).
  assert.is(part.slice(split + 2).replace(/\n$/, ''), userData(undefined))
})

test('a boundary that the text contains is not used', () => {
  const inside = wrapMultipart('a\n--meshjoin-boundary\nb\n--meshjoin-boundary-1--\n')
  assert.match(inside, /^Content-Type: multipart\/mixed; boundary="meshjoin-boundary-2"\n/)
})

test('7bit and us-ascii are true of every part', () => {
  assert.match(String(userData({ multipart: true })), /^[\n -~]*$/)
})

/** Bytes that a platform takes, written down from its documentation a second time. */
const limits: Readonly<Record<string, number | undefined>> = {
  ec2: 16 * 1024,
  gce: 256 * 1024,
  azure: 64 * 1024 - 1,
  openstack: 64 * 1024 - 1,
  digitalocean: 64 * 1024,
  hetzner: 32 * 1024,
  oci: 32_000,
  vsphere: 512 * 1024,
  nocloud: undefined,
}

test('each platform has its limit', () => {
  assert.equal(
    Object.fromEntries(Object.entries(platforms).map(([name, { limit }]) => [name, limit])),
    limits,
  )
})

test('sizes are counted as each platform counts: bytes, or base64 text', () => {
  const text = `#cloud-config\n${'é'.repeat(3000)}\n`
  const bytes = Buffer.byteLength(text)
  assert.is(bytes, 6015)
  const packed = compressUserData(text, undefined)
  assert.ok(packed instanceof Uint8Array)
  const base64 = (size: number) => Math.ceil(size / 3) * 4
  for (const size of measureUserData(text)) {
    const counted = ['openstack', 'oci'].includes(size.platform)
    assert.is(size.plain, counted ? base64(bytes) : bytes, size.platform)
    const expected = {
      digitalocean: undefined,
      gce: base64(packed.length),
      hetzner: base64(packed.length),
      openstack: base64(packed.length),
      oci: base64(packed.length),
    }
    const compressed =
      size.platform in expected ? expected[size.platform as keyof typeof expected] : packed.length
    assert.is(size.compressed, compressed, size.platform)
    assert.is(size.limit, limits[size.platform])
  }
})

test('the limit itself fits, one byte more does not', () => {
  const fits = (platform: string, size: number) =>
    measureUserData('x'.repeat(size)).find((found) => found.platform === platform)?.fits
  assert.is(fits('digitalocean', 65_536), 'plain')
  assert.is(fits('digitalocean', 65_537), 'not')
  assert.is(fits('ec2', 16_384), 'plain')
  assert.is(fits('ec2', 16_385), 'compressed')
  // 24,000 bytes are 32,000 of base64.
  assert.is(fits('oci', 24_000), 'plain')
  assert.is(fits('oci', 24_001), 'compressed')
  assert.is(fits('nocloud', 2_000_000), 'plain')
  assert.is(countUserData('oci', new Uint8Array(24_001)), 32_004)
})

test('artifacts come strictly sorted by path, whatever the names', () => {
  const paths = made(
    fleet(['web-1', 'web', 'web0', 'a', 'web-10', 'firewall-1', 'fire', 'network', 'readme', 'z']),
  ).map(({ path }) => path)
  assert.equal(paths, [...new Set(paths)].sort())
})

test('machines that were asked for get the same artifacts as in a run for all', () => {
  const document = fleet(['a', 'b', 'c'])
  const all = made(document)
  const some = made(document, { machines: ['c', 'a'], targets: ['systemd'] })
  const own = some.filter(({ path }) => /^systemd\/(?!firewall\/)[^/]+\//.test(path))
  assert.equal([...new Set(own.map(({ path }) => path.split('/')[1]))], ['a', 'c'])
  for (const artifact of own)
    assert.equal(
      artifact,
      all.find(({ path }) => path === artifact.path),
    )
  assert.is(own.length, all.filter(({ path }) => /^systemd\/[ac]\//.test(path)).length)
})

test('the lazy form makes the same, again and again', () => {
  const document = fleet(['a', 'b', 'c'])
  const lazy = generateLazily(document)
  assert.ok(lazy.ok)
  const eager = made(document)
  assert.equal([...(lazy.value?.artifacts() ?? [])], eager)
  assert.equal([...(lazy.value?.artifacts() ?? [])], eager)
})

test('what only the output shows is known once the lazy form has been through', () => {
  const lazy = generateLazily({ ...fleet(['a', 'b']), cloudInit: { platform: 'ec2', compress: false } })
  assert.ok(lazy.ok)
  const errors = () => lazy.value?.diagnostics().filter(({ severity }) => severity === 'error') ?? []
  assert.is(errors().length, 0)
  for (const _ of lazy.value?.artifacts() ?? []) {
    // only to come to the end
  }
  assert.equal(
    errors().map(({ code }) => code),
    ['user-data-too-large', 'user-data-too-large'],
  )
})

test('a target or a machine that there is not is an error with a suggestion', () => {
  const wrong = generate(minimalWith(), { targets: ['cloudinit'], machines: ['legacy-ap'] })
  assert.not.ok(wrong.ok)
  const found = wrong.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ code, help }) => `${code}: ${help}`)
  assert.is(found.length, 2)
  assert.match(found.join('\n'), /target-unknown: .*cloud-init/)
  assert.match(found.join('\n'), /machine-unknown: .*legacy-app/)
})

test('a target that is not built yet says so', () => {
  const { ok, diagnostics } = generate(minimalWith(), { targets: ['image'] })
  assert.not.ok(ok)
  assert.ok(diagnostics.some(({ code, message }) => code === 'not-built-yet' && message.includes('image')))
})

const firewalls = ['firewalld', 'iptables', 'nftables', 'ufw']

test('firewalls let in the networks of the mesh, each once, and nobody where nobody is dialled', () => {
  const document = minimalWith((changed) => {
    changed.mesh.clusterNetworks = ['10.42.0.0/16', 'fd00:10::/64']
    changed.mesh.machineNetworks = ['192.0.2.7/32']
    changed.redirect = { inbound: { fromNetworks: ['198.51.100.0/24', '10.42.0.0/16', '::/0'] } }
  })
  for (const name of firewalls) {
    const text = String(made(document).find(({ path }) => path === `systemd/firewall/${name}.sh`)?.content)
    for (const network of [
      '10.42.0.0/16',
      'fd00:10::/64',
      '192.0.2.7',
      '198.51.100.0/24',
      '::/1',
      '8000::/1',
    ])
      assert.is(text.split(`'${network}'`).length, 2, `${name}: ${network}`)
  }
  const client = minimalWith((changed) => {
    firstMachine(changed).role = 'client'
    delete firstMachine(changed).ports
  })
  for (const { path, content } of made(client)) {
    assert.not.match(path, 'firewall/')
    if (path.endsWith('.md')) assert.not.match(String(content), 'firewall/')
  }
})

test('every folder has its README, the connections and the programs of firewalls', () => {
  const paths = made(minimalWith()).map(({ path }) => path)
  for (const target of ['ansible', 'cloud-init', 'systemd'])
    for (const page of ['README.md', 'network.md', ...firewalls.map((name) => `firewall/${name}.sh`)])
      assert.ok(paths.includes(`${target}/${page}`), page)
})

test('the output tells git to leave line ends alone, once and whatever the targets', () => {
  for (const targets of [['ansible', 'cloud-init', 'systemd'], ['systemd']]) {
    const [first, ...others] = made(minimalWith(), { targets })
    assert.is(first?.path, '.gitattributes')
    assert.match(String(first?.content), /^\* -text$/m)
    assert.not.ok(others.some(({ path }) => path.endsWith('.gitattributes')))
  }
  assert.equal(made(minimalWith(), { targets: [] }), [])
})

test('environments are for root alone, and no artifact holds a secret', () => {
  for (const { path, mode, sensitive } of made(minimalWith())) {
    const isProgram = /\/sbin\/mesh-machine(-doctor|-upgrade)?$|\/firewall\/[a-z]+\.sh$/.test(path)
    const expected = path.endsWith('.env') ? 0o600 : isProgram ? 0o755 : 0o644
    assert.is(mode, expected, path)
    assert.is(sensitive, false, path)
  }
})

test.run()
