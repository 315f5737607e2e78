import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Artifact, type GenerateOptions, parse } from '../../../../lib/index.ts'
import { type EditableDocument, minimalWith } from '../../plan/document.ts'
import { fleet, made } from '../output.ts'

interface Hash {
  readonly alg: string
  readonly content: string
}

interface Component {
  readonly type: string
  readonly name: string
  readonly version?: string
  readonly purl?: string
  readonly hashes?: readonly Hash[]
  readonly externalReferences?: readonly {
    readonly url: string
    readonly type: string
    readonly comment: string
    readonly hashes: readonly Hash[]
  }[]
}

const path = 'sbom.cdx.json'
const targets = ['ansible', 'cloud-init', 'systemd']
const sums = { amd64: 'a'.repeat(64), arm64: 'b'.repeat(64) }

const test = suite(path)

test('a bill of every golden document is valid by the schema of CycloneDX', () => {
  const isValid = compileSchema()
  const texts = readdirSync('test/golden', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => readFileSync(`test/golden/${name}/input.yaml`, 'utf8'))
  assert.ok(texts.length > 5)
  for (const text of texts) {
    const bill = readBill(parse(text).value as EditableDocument)
    assert.ok(isValid(bill), JSON.stringify(isValid.errors))
  }
})

test('the schema of CycloneDX refuses what it should', () => {
  const isValid = compileSchema()
  const bill = readBill(minimalWith()) as { components: Component[] }
  for (const change of [
    { bomFormat: 'SPDX' },
    { components: [{ type: 'program', name: 'a' }] },
    { components: [...bill.components, bill.components[0]] },
    { components: [{ type: 'file', name: 'a', hashes: [{ alg: 'SHA-256', content: 'abc' }] }] },
    { components: [{ type: 'file', name: 'a', externalReferences: [{ type: 'distribution', url: 'a b' }] }] },
    { made: 'now' },
  ])
    assert.not.ok(isValid({ ...bill, ...change }), JSON.stringify(change))
})

test('what is downloaded has its version, where it comes from, and the checksum of each archive at its address', () => {
  const document = minimalWith(({ proxy, spire }) => {
    proxy.version = 'v2.366.0'
    proxy.install = { from: 'download', sha256: sums }
    spire.agent.install = {
      from: 'download',
      sha256: { arm64: sums.arm64 },
      url: 'https://mirror.example/spire-{version}-{arch}.tar.gz',
    }
  })
  const [proxy, agent] = listComponents(document).filter(({ type }) => type === 'application')
  const base = 'https://github.com/linkerd/linkerd2-proxy/releases/download/release%2Fv2.366.0'
  assert.equal(proxy, {
    type: 'application',
    name: 'linkerd2-proxy',
    version: 'v2.366.0',
    purl: 'pkg:github/linkerd/linkerd2-proxy@release%2Fv2.366.0',
    externalReferences: (['amd64', 'arm64'] as const).map((arch) => ({
      url: `${base}/linkerd2-proxy-v2.366.0-linux-${arch}.tar.gz`,
      comment: `archive for linux/${arch}`,
      type: 'distribution',
      hashes: [{ alg: 'SHA-256', content: sums[arch] }],
    })),
  })
  assert.is(agent?.purl, 'pkg:github/spiffe/spire@v1.15.3')
  assert.equal(
    agent?.externalReferences?.map(({ url, hashes: [hash] }) => [url, hash?.content]),
    [['https://mirror.example/spire-1.15.3-arm64.tar.gz', sums.arm64]],
  )
})

test('of an image, its name and place, the digest of each layer, and the program that fetches it', () => {
  const document = minimalWith(({ proxy }) => {
    proxy.install = {
      from: 'image',
      image: 'registry.example:5000/mirror/proxy',
      layer: { amd64: `sha256:${sums.amd64}`, arm64: `sha256:${sums.arm64}` },
    }
  })
  const components = listComponents(document)
  const proxy = components.find(({ name }) => name === 'linkerd2-proxy')
  assert.is(proxy?.purl, 'pkg:oci/proxy?repository_url=registry.example:5000/mirror/proxy')
  assert.equal(
    proxy?.externalReferences,
    (['amd64', 'arm64'] as const).map((arch) => ({
      url: `https://registry.example:5000/v2/mirror/proxy/blobs/sha256:${sums[arch]}`,
      comment: `layer of the image for linux/${arch}`,
      type: 'distribution',
      hashes: [{ alg: 'SHA-256', content: sums[arch] }],
    })),
  )
  assert.ok(components.some(({ name }) => name === '/usr/local/sbin/mesh-machine-registry'))
})

test('what is there already is not installed by us', () => {
  const document = minimalWith(({ proxy, spire }) => {
    proxy.install = { from: 'preinstalled', path: '/usr/lib/linkerd/linkerd2-proxy' }
    spire.agent.install = { from: 'preinstalled', path: '/usr/lib/spire/spire-agent' }
  })
  assert.equal(
    listComponents(document).filter(({ type }) => type !== 'file'),
    [],
  )
})

test('our own programs have the checksum of what machines get', () => {
  const artifacts = made(minimalWith(), { targets })
  const programs = listComponents(minimalWith()).filter(({ type }) => type === 'file')
  assert.equal(
    programs.map(({ name }) => name.replace('/usr/local/sbin/', '')),
    [
      'mesh-machine',
      'mesh-machine-certificate',
      'mesh-machine-check',
      'mesh-machine-doctor',
      'mesh-machine-drain',
      'mesh-machine-resolver',
      'mesh-machine-trial',
      'mesh-machine-upgrade',
      'mesh-machine-watch',
    ],
  )
  for (const { name, hashes } of programs) {
    const { content = '' } =
      artifacts.find((artifact) => artifact.path === `systemd/legacy-app${name}`) ?? ({} as Partial<Artifact>)
    const sum = createHash('sha256').update(content).digest('hex')
    assert.equal(hashes, [{ alg: 'SHA-256', content: sum }], name)
  }
})

test('a program that no target brings is left out', () => {
  const document = minimalWith((changed) => {
    changed.cloudInit = { platform: 'ec2' }
  })
  const isDoctor = ({ name }: Component) => name.endsWith('-doctor')
  assert.not.ok(listComponents(document, { targets: ['cloud-init'] }).some(isDoctor))
  assert.ok(listComponents(document, { targets: ['cloud-init', 'systemd'] }).some(isDoctor))
  const fetching = minimalWith((changed) => {
    const url = 'https://artifacts.example.internal/{sha256}.tar.gz'
    changed.cloudInit = { platform: 'ec2', meshLayer: { from: 'fetch', url } }
  })
  assert.ok(listComponents(fetching, { targets: ['cloud-init'] }).some(isDoctor), 'the layer has it')
})

test('each component stands there once and by name, however many machines and layers there are', () => {
  const document = fleet(['a', 'b', 'c', 'd'])
  document.groups = { old: { redirect: { backend: 'iptables' } }, new: { redirect: { backend: 'nftables' } } }
  document.machines = document.machines.map((machine, index) => ({
    ...machine,
    ...(index < 2 ? { group: index === 0 ? 'old' : 'new' } : {}),
  }))
  const names = listComponents(document).map(({ name }) => name)
  assert.equal(names, [...new Set(names)].sort())
  assert.is(names.length, 11)
  assert.equal(readBill(document), readBill(document, { machines: ['b'] }))
})

test('it is made again with the same bytes, without time and chance, and ends with a newline', () => {
  const [first, second] = [1, 2].map(() => contentOf(minimalWith()))
  assert.is(first, second)
  assert.ok(first?.endsWith('}\n'))
  assert.not.match(first ?? '', /timestamp|serialNumber/)
})

test('there is one at the top of the output where its path sorts, and none without a target', () => {
  const paths = made(minimalWith(), { targets }).map((artifact) => artifact.path)
  assert.equal(paths, [...paths].sort())
  assert.is(paths.filter((other) => other.endsWith(path)).length, 1)
  const { mode, sensitive } = find(minimalWith(), { targets: ['systemd'] })
  assert.equal([mode, sensitive], [0o644, false])
  assert.equal(made(minimalWith(), { targets: [] }), [])
})

test.run()

/** CycloneDX's own schema, as its library for JavaScript carries it. */
function compileSchema() {
  const folder = 'node_modules/@cyclonedx/cyclonedx-library/res/schema'
  const read = (name: string) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as object
  const ajv = new Ajv({ strict: false, allErrors: true })
  // None of these is in what we write, so a value of one of them is a fault.
  for (const name of ['date-time', 'idn-email', 'uri']) ajv.addFormat(name, () => false)
  ajv.addFormat('iri-reference', (value: string) => /^[!-~]+$/.test(value) && URL.canParse(value))
  // The library names them so in the schema that refers to them.
  for (const name of ['spdx.SNAPSHOT.schema.json', 'jsf-0.82.SNAPSHOT.schema.json'])
    ajv.addSchema(read(name), `http://cyclonedx.org/schema/${name}`)
  return ajv.compile(read('bom-1.6.SNAPSHOT.schema.json'))
}

function find(document: object, options: GenerateOptions): Artifact {
  const found = made(document, options).find((artifact) => artifact.path === path)
  if (found === undefined) throw new Error(`there is no ${path}`)
  return found
}

function contentOf(document: object, options: GenerateOptions = {}): string {
  return String(find(document, { targets, ...options }).content)
}

function readBill(document: object, options: GenerateOptions = {}): object {
  return JSON.parse(contentOf(document, options)) as object
}

function listComponents(document: object, options: GenerateOptions = {}): readonly Component[] {
  return (readBill(document, options) as { components: Component[] }).components
}
