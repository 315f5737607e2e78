import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Artifact } from '../../../../lib/index.ts'
import { joinPrograms } from '../../../../scripts/machine-program.ts'
import { minimalWith } from '../../plan/document.ts'
import { made } from '../output.ts'

const test = suite('target image')

const own = ['machine.env', 'redirect.probes', 'redirect.v4']
const targets = ['image', 'systemd']
const layersOf = (artifacts: readonly Artifact[]) => [
  ...new Set(artifacts.flatMap(({ path }) => /^image\/([0-9a-f]{12})\//.exec(path)?.[1] ?? [])),
]

/** Three machines, of which one is in a group; the group's settings may be those of all. */
function threeMachines(onProxyFailure: 'open' | 'closed', from?: 'baked') {
  return minimalWith((document) => {
    document.groups = { batch: { redirect: { onProxyFailure } } }
    const more = (name: string, address: string) => ({
      name,
      namespace: 'mixed-env',
      addresses: [address],
      ports: [{ name: 'http', port: 80 }],
    })
    document.machines.push({ ...more('b', '203.0.113.50'), group: 'batch' }, more('c', '203.0.113.51'))
    if (from !== undefined) document.cloudInit = { meshLayer: { from } }
  })
}

test('root has the files of the target systemd but for those that say who a machine is, with their modes', () => {
  const artifacts = made(minimalWith(), { targets })
  const [layer, ...more] = layersOf(artifacts)
  assert.equal(more, [])
  const baked = new Map(artifacts.map((artifact) => [artifact.path, artifact]))
  let count = 0
  for (const { path, content, mode } of artifacts.filter((one) =>
    one.path.startsWith('systemd/legacy-app/'),
  )) {
    const place = path.slice('systemd/legacy-app'.length)
    const copy = baked.get(`image/${layer}/root${place}`)
    const isOwn = own.some((name) => place === `/etc/linkerd/${name}`)
    assert.is(copy === undefined, isOwn, place)
    if (!isOwn) assert.equal([copy?.content, copy?.mode], [content, mode], place)
    count += isOwn ? 0 : 1
  }
  assert.is(artifacts.filter(({ path }) => path.startsWith(`image/${layer}/root/`)).length, count)
})

test('the manifest has mode, checksum and path of each of these files, and no other', () => {
  const artifacts = made(minimalWith(), { targets })
  const [layer] = layersOf(artifacts)
  const manifest = artifacts.find(({ path }) => path === `image/${layer}/manifest`)
  const prefix = `image/${layer}/root`
  const lines = artifacts
    .filter(({ path }) => path.startsWith(`${prefix}/`))
    .map(({ path, mode, content }) => {
      const sum = createHash('sha256').update(content).digest('hex')
      return `${mode.toString(8)} ${sum} ${path.slice(prefix.length)}\n`
    })
  assert.ok(lines.length > 20)
  assert.is(manifest?.content, lines.join(''))
  // The program reads words, and finds a path at the end of a line by a regular expression.
  for (const line of lines) assert.match(line, /^[67][0-9]{2} [0-9a-f]{64} (\/[\w@.-]+)+\n$/)
})

test('a layer is named after its content, however it reaches the machines', () => {
  const url = 'https://artifacts.example.internal/{sha256}.tar.gz'
  const namesOf = (change: Parameters<typeof minimalWith>[0]) =>
    layersOf(made(minimalWith(change), { targets }))
  const [layer] = namesOf(() => {})
  const fetching = namesOf((document) => {
    document.cloudInit = { meshLayer: { from: 'fetch', url } }
  })
  const other = namesOf((document) => {
    document.proxy.shutdownGracePeriod = '3m'
  })
  assert.equal(fetching, [layer])
  assert.ok(other.length === 1 && other[0] !== layer)
})

test('machines and groups with the same layer share its folder, and the README says whose it is', () => {
  const shared = made(threeMachines('closed'), { targets })
  assert.is(layersOf(shared).length, 1)
  const readme = (artifacts: readonly Artifact[]) =>
    String(artifacts.find(({ path }) => path === 'image/README.md')?.content)
  assert.match(readme(shared), /^- `[0-9a-f]{12}`: every machine$/m)
  const apart = made(threeMachines('open'), { targets })
  assert.is(layersOf(apart).length, 2)
  const users = [...readme(apart).matchAll(/^- `([0-9a-f]{12})`: (.*)$/gm)]
  assert.equal(
    users.map(([, name]) => name),
    layersOf(apart),
  )
  assert.equal(users.map(([, , names]) => names).sort(), ['c, legacy-app', 'group batch'])
  assert.is(layersOf(made(threeMachines('open'), { targets, machines: ['b'] })).length, 1)
})

test('the two programs are the same in each layer, and the same as the build joins', () => {
  const programs = joinPrograms('templates')
  const artifacts = made(threeMachines('open'), { targets })
  for (const [name, program] of [
    ['prepare', 'image-prepare.sh'],
    ['seal', 'image-seal.sh'],
  ] as const) {
    const copies = artifacts.filter(
      ({ path }) => /^image\/[0-9a-f]{12}\//.test(path) && path.endsWith(`/${name}`),
    )
    assert.is(copies.length, 2)
    for (const { content, mode } of copies) assert.equal([content, mode], [programs.get(program), 0o755])
  }
})

test('the README says whether the user-data of this document is for such an image', () => {
  const readme = (from?: 'baked') =>
    String(
      made(threeMachines('open', from), { targets }).find(({ path }) => path === 'image/README.md')?.content,
    )
  assert.match(readme('baked'), /this document has `cloudInit\.meshLayer: \{from: baked\}`/)
  assert.match(readme(), /Set `cloudInit\.meshLayer: \{from: baked\}` in the document/)
  const cloudInit = made(threeMachines('open', 'baked')).find(({ path }) => path === 'cloud-init/README.md')
  assert.match(String(cloudInit?.content), /\[image\/\]\(\.\.\/image\/README\.md\)/)
})

test('it is one of the targets that come by default', () => {
  assert.ok(made(minimalWith()).some(({ path }) => path === 'image/README.md'))
})

test.run()
