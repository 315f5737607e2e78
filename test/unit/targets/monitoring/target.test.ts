import { load, loadAll } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type EditableDocument, firstMachine, minimalWith } from '../../plan/document.ts'
import { fleet, made } from '../output.ts'

const test = suite('target monitoring')

interface Group {
  readonly targets: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

function files(document: object): Map<string, string> {
  return new Map(
    made(document, { targets: ['monitoring'] })
      .filter(({ path }) => path.startsWith('monitoring/'))
      .map(({ path, content }) => [path.slice('monitoring/'.length), String(content)]),
  )
}

/** With an admin port that others can reach. */
function exposed(document: EditableDocument, address = '0.0.0.0:4191'): EditableDocument {
  document.proxy.adminAddress = address
  return document
}

const listed = (out: ReadonlyMap<string, string>) =>
  JSON.parse(out.get('targets/machines.json') ?? '[]') as Group[]

test('a machine is a target at its admin port, with what tells it from others', () => {
  const document = exposed(minimalWith(), '0.0.0.0:4199')
  document.groups = { shop: { namespace: 'shop', zone: 'a' } }
  const { namespace, ...machine } = firstMachine(document)
  assert.is(namespace, 'mixed-env')
  document.machines = [{ ...machine, group: 'shop' }]
  // Only the targets of the cluster write the zone of a machine anywhere else.
  assert.equal(listed(files(document)), [
    {
      targets: ['203.0.113.42:4199'],
      labels: {
        machine: 'legacy-app',
        namespace: 'shop',
        role: 'server',
        group: 'shop',
        zone: 'a',
        linkerd_identity: 'spiffe://root.linkerd.cluster.local/shop/legacy-app',
      },
    },
  ])
})

test('the prober is scraped by the name of its Service, where the document has one', () => {
  const lookup = { names: ['meshjoin-prober.watch.svc.cluster.local'], type: 'A', port: 8080 }
  const document = exposed(minimalWith())
  assert.not.match(files(document).get('prometheus.yml') ?? '', 'prober')
  const image = `registry.example.internal/node:22@sha256:${'0'.repeat(64)}`
  document.readiness = { image, namespace: 'watch' }
  const out = files(document)
  const plain = load(out.get('prometheus.yml') ?? '') as { scrape_configs: object[] }
  assert.equal(plain.scrape_configs.at(-1), {
    job_name: 'meshjoin-prober',
    scrape_interval: '30s',
    scrape_timeout: '10s',
    dns_sd_configs: [lookup],
  })
  const operator = load(out.get('operator/prober.yaml') ?? '') as { spec: object }
  assert.equal(operator.spec, {
    scrapeInterval: '30s',
    scrapeTimeout: '10s',
    dnsSDConfigs: [lookup],
    relabelings: [{ targetLabel: 'job', replacement: 'meshjoin-prober' }],
  })
})

test('of two addresses it is the one that the admin port is open on', () => {
  for (const [admin, expected] of [
    ['0.0.0.0:4191', '203.0.113.42:4191'],
    ['[::]:4191', '[2001:db8::42]:4191'],
  ] as const) {
    const document = exposed(minimalWith(), admin)
    firstMachine(document).addresses = ['203.0.113.42', '2001:db8::42']
    assert.equal(
      listed(files(document)).flatMap(({ targets }) => targets),
      [expected],
    )
  }
})

test('a client without an address is not listed, and the README names it', () => {
  const document = exposed(fleet(['a', 'b']))
  const [, second] = document.machines
  if (second === undefined) throw new Error('no second machine')
  document.machines[1] = { name: 'quiet-client', namespace: 'mixed-env', role: 'client' }
  const out = files(document)
  assert.equal(
    listed(out).map(({ labels }) => labels.machine),
    ['a'],
  )
  assert.match(out.get('README.md') ?? '', /no address for `quiet-client`/)
  assert.not.match(files(exposed(fleet(['a', 'b']))).get('README.md') ?? '', /no address for/)
})

test('where nobody can ask, there is nothing to scrape, and the README says why', () => {
  const out = files(minimalWith())
  assert.equal(
    [...out.keys()],
    ['README.md', 'dashboard.json', 'operator/prometheus-rule.yaml', 'rules-test.yml', 'rules.yml'],
  )
  assert.match(out.get('README.md') ?? '', /`proxy\.adminAddress` is `127\.0\.0\.1:4191`/)
})

test('discovery looks where servers are, and is left out where there is none', () => {
  const document = exposed(fleet(['a', 'b']))
  const [first, second] = document.machines
  if (first === undefined || second === undefined) throw new Error('no two machines')
  second.namespace = 'other'
  const namespacesOf = (out: ReadonlyMap<string, string>) =>
    /names:((?:\n +- \S+)+)/.exec(out.get('discovery/prometheus.yml') ?? '')?.[1]?.match(/[a-z-]+$/gm)
  assert.equal(namespacesOf(files(document)), ['mixed-env', 'other'])
  for (const machine of document.machines) machine.role = 'client'
  assert.not.ok([...files(document).keys()].some((path) => path.startsWith('discovery/')))
})

test('objects of the Operator stay small enough for kubectl apply', () => {
  const names = Array.from({ length: 501 }, (_, index) => `machine-${String(index).padStart(3, '0')}`)
  const document = exposed(fleet(names))
  document.machines.forEach((machine, index) => {
    machine.addresses = [`198.18.${index >> 8}.${index & 255}`]
  })
  const out = files(document)
  const objects = loadAll(out.get('operator/scrape-config.yaml') ?? '') as {
    metadata: { name: string }
    spec: { staticConfigs: Group[]; relabelings: object[] }
  }[]
  assert.equal(
    objects.map(({ metadata, spec }) => [metadata.name, spec.staticConfigs.length]),
    [
      ['linkerd-machines-1', 500],
      ['linkerd-machines-2', 1],
    ],
  )
  for (const object of objects) {
    assert.ok(JSON.stringify(object).length < 256 * 1024)
    assert.equal(object.spec.relabelings, [{ targetLabel: 'job', replacement: 'linkerd-machines' }])
  }
  assert.equal(
    objects.flatMap(({ spec }) => spec.staticConfigs),
    listed(out),
  )
})

test('both kinds of Prometheus get the same rules', () => {
  const out = files(minimalWith())
  const object = load(out.get('operator/prometheus-rule.yaml') ?? '') as { spec: object }
  assert.equal(object.spec, load(out.get('rules.yml') ?? ''))
})

test('each panel stands in a place of its own within 24 columns', () => {
  const { panels } = JSON.parse(files(minimalWith()).get('dashboard.json') ?? '') as {
    panels: { id: number; title: string; gridPos: { x: number; y: number; w: number; h: number } }[]
  }
  assert.is(new Set(panels.map(({ id }) => id)).size, panels.length)
  const taken = new Map<string, string>()
  for (const { title, gridPos } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.is(taken.get(`${x},${y}`), undefined, title)
        taken.set(`${x},${y}`, title)
      }
  }
})

test.run()
