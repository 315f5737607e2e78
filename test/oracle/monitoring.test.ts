/** Debian's Prometheus reads what the target monitoring makes, and scrapes stand-in machines by it. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { load } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate, type MeshjoinDocument, parse } from '../../lib/index.ts'
import { writeMetrics } from '../unit/mesh-machine/metrics.ts'
import { cache, runCommand } from './support/root.ts'
import type { Answers, Watch } from './support/watch.ts'
import { type State, states } from './support/watched-machines.ts'

const test = suite('Prometheus watches the machines')
const programs = join(cache, 'prometheus/usr/bin')
const addresses: Readonly<Record<State, string>> = {
  well: '203.0.113.1',
  'first-release': '203.0.113.2',
  ill: '203.0.113.3',
  down: '203.0.113.4',
}
const pod = '203.0.113.9'
const prober = '203.0.113.10'

/** One document for all: a machine for each state. */
function writeDocument(): object {
  const minimal = parse(readFileSync('examples/minimal.yaml', 'utf8')).value as MeshjoinDocument
  const [machine] = minimal.machines
  return {
    ...minimal,
    proxy: { ...minimal.proxy, adminAddress: '0.0.0.0:4191' },
    monitoring: { textfileDirectory: '/var/lib/prometheus/node-exporter', nodeExporterPort: 9101 },
    machines: states.map((name) => ({ ...machine, name, addresses: [addresses[name]] })),
  }
}

let folder: string
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshjoin-monitoring-'))
  const made = generate(writeDocument(), { targets: ['monitoring'] })
  assert.ok(made.ok, JSON.stringify(made.diagnostics))
  for (const { path, content } of made.value ?? []) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
})
test.after(() => rmSync(folder, { recursive: true }))

const read = (path: string) => readFileSync(join(folder, 'monitoring', path), 'utf8')
const promtool = (...words: readonly string[]) => runCommand(join(programs, 'promtool'), words)

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[]
}

const alerts = (): Rules['groups'][number]['rules'] =>
  (load(read('rules.yml')) as Rules).groups.flatMap(({ rules }) => rules)

test('promtool takes configuration and rules, with the list of machines', async () => {
  const { status, stdout, stderr } = await promtool(
    'check',
    'config',
    join(folder, 'monitoring/prometheus.yml'),
  )
  assert.is(status, 0, stderr)
  assert.match(stdout, `${alerts().length} rules found`)
  const wrong = join(folder, 'wrong.yml')
  writeFileSync(wrong, read('rules.yml').replace('expr: up{', 'expr: up{{'))
  assert.is.not((await promtool('check', 'rules', wrong)).status, 0)
})

test('promtool takes the job of the prober, too', async () => {
  const image = `registry.example.internal/node:22@sha256:${'0'.repeat(64)}`
  const made = generate({ ...writeDocument(), readiness: { image } }, { targets: ['monitoring'] })
  const found = made.value?.find(({ path }) => path === 'monitoring/prometheus.yml')
  const path = join(folder, 'monitoring/with-prober.yml')
  writeFileSync(path, String(found?.content))
  const { status, stderr } = await promtool('check', 'config', path)
  assert.is(status, 0, stderr)
  assert.match(readFileSync(path, 'utf8'), 'dns_sd_configs')
})

test('each alert fires where it should, and stays quiet where it should not', async () => {
  const { status, stdout, stderr } = await promtool(
    'test',
    'rules',
    join(folder, 'monitoring/rules-test.yml'),
  )
  assert.is(status, 0, stdout + stderr)
  for (const { alert } of alerts())
    for (const how of ['fires', 'stays quiet']) assert.match(read('rules-test.yml'), `${alert} ${how}`)
})

test('a test of an alert that is wrong is noticed', async () => {
  const copy = join(folder, 'wrong')
  cpSync(join(folder, 'monitoring'), copy, { recursive: true })
  writeFileSync(join(copy, 'rules.yml'), read('rules.yml').replace(/== 0$/m, '== 7'))
  assert.is.not((await promtool('test', 'rules', join(copy, 'rules-test.yml'))).status, 0)
})

interface Dashboard {
  readonly panels: readonly {
    readonly title: string
    readonly targets?: readonly { readonly expr: string }[]
  }[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
}

/** As Grafana fills it in, for one machine. */
const fill = (expr: string, machine: State) =>
  expr.replaceAll('$__rate_interval', '10s').replaceAll('$namespace', '.*').replaceAll('$machine', machine)

/** Windows of minutes are of seconds here, since the machines are asked each second. */
const hasten = (expr: string) => expr.replace(/\[\d+[mh]\]/g, '[10s]')

/** Which machines, or who else, each alert finds in the stand-ins before it waits for anything. */
const found: Readonly<Record<string, readonly string[]>> = {
  LinkerdMachineDown: ['down'],
  LinkerdMachinesNotScraped: [],
  LinkerdMachineWithoutCertificate: [],
  LinkerdMachineCertificateNotRenewed: ['ill'],
  LinkerdMachineCertificateExpiring: ['ill'],
  LinkerdMachineControlPlaneUnreachable: ['ill', 'ill'],
  LinkerdMachineUnknownToCluster: ['ill'],
  LinkerdMachineRefusesClients: ['ill'],
  LinkerdMachineRefused: ['spiffe://root.linkerd.cluster.local/mixed-env/well'],
  LinkerdMachineProxyRestarts: ['ill'],
  LinkerdMachineReadinessFlapping: ['ill'],
  LinkerdMachinesNotReady: ['everybody'],
  LinkerdMachineRedirectMissing: ['ill'],
  LinkerdMachineRedirectOff: ['first-release'],
  LinkerdMachineDegraded: ['ill'],
  LinkerdMachineReportStale: ['first-release'],
  LinkerdMachineReadinessNotWritten: ['everybody'],
}

test('scraped by the generated configuration, machines answer every query of the dashboard and of the alerts', async () => {
  const at = join(folder, 'scraping')
  cpSync(join(folder, 'monitoring'), at, { recursive: true })
  const text = readFileSync(join(at, 'prometheus.yml'), 'utf8')
  const others = [pod, prober].map((address, index) => ({
    job_name: ['linkerd-proxy', 'meshjoin-prober'][index],
    scrape_interval: '1s',
    scrape_timeout: '1s',
    static_configs: [{ targets: [`${address}:4191`], labels: { namespace: 'ledger' } }],
  }))
  const jobs = others.map((job) => `  - ${JSON.stringify(job)}\n`).join('')
  writeFileSync(join(at, 'prometheus.yml'), text.replaceAll('30s', '1s').replaceAll('10s', '1s') + jobs)
  const dashboard = JSON.parse(read('dashboard.json')) as Dashboard
  const panels = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ title, expr })),
  )
  const watch: Watch = {
    servers: [
      ...states.flatMap((state) =>
        state === 'down'
          ? []
          : [{ address: addresses[state], port: 4191, page: { of: 'proxy', state } } as const],
      ),
      ...(['well', 'first-release', 'ill'] as const).map((state) => ({
        address: addresses[state],
        port: 9101,
        page: { of: 'node', text: tell(state) } as const,
      })),
      { address: pod, port: 4191, page: { of: 'pod' } },
      { address: prober, port: 4191, page: { of: 'prober' } },
    ],
    targets: 2 * states.length + 2,
    queries: [...panels.map(({ expr }) => fill(expr, 'ill')), ...alerts().map(({ expr }) => hasten(expr))],
  }
  const answers = await runWatch(at, watch)
  for (const [index, { title, expr }] of panels.entries()) {
    const answer = answers[index]
    assert.ok(Array.isArray(answer) && answer.length > 0, `${title}: ${expr}: ${JSON.stringify(answer)}`)
  }
  for (const [index, { alert }] of alerts().entries()) {
    const answer = answers[panels.length + index]
    assert.ok(Array.isArray(answer), `${alert}: ${JSON.stringify(answer)}`)
    assert.equal(
      (answer as Readonly<Record<string, string>>[])
        .map(({ machine, client_id }) => machine ?? client_id ?? 'everybody')
        .sort(),
      found[alert],
      alert,
    )
  }
})

/** What Prometheus knows of an endpoint in a slice that Linkerd has written for machines, or Kubernetes for pods. */
const endpoint = (kind: string, name: string, address: string, ready: boolean, type = 'IPv4') => ({
  targets: [address],
  labels: {
    __meta_kubernetes_namespace: 'mixed-env',
    __meta_kubernetes_endpointslice_address_type: type,
    __meta_kubernetes_endpointslice_address_target_kind: kind,
    __meta_kubernetes_endpointslice_address_target_name: name,
    __meta_kubernetes_endpointslice_endpoint_conditions_ready: String(ready),
  },
})

test('of the endpoints that a cluster has, discovery takes the machines, ready or not, each once', async () => {
  const at = join(folder, 'discovering')
  mkdirSync(at)
  const { scrape_configs } = load(read('discovery/prometheus.yml')) as {
    scrape_configs: Record<string, unknown>[]
  }
  const [job] = scrape_configs
  // Debian's Prometheus is built without Kubernetes.
  const { kubernetes_sd_configs, ...rest } = job ?? {}
  assert.equal(kubernetes_sd_configs, [{ role: 'endpointslice', namespaces: { names: ['mixed-env'] } }])
  const static_configs = [
    endpoint('ExternalWorkload', 'well', `${addresses.well}:80`, true),
    endpoint('ExternalWorkload', 'well', `${addresses.well}:9090`, true),
    endpoint('ExternalWorkload', 'well', '[2001:db8::1]:80', true, 'IPv6'),
    endpoint('ExternalWorkload', 'ill', `${addresses.ill}:80`, false),
    endpoint('Pod', 'web-0', `${pod}:80`, true),
  ]
  const fast = { ...rest, scrape_interval: '1s', scrape_timeout: '1s', static_configs }
  writeFileSync(join(at, 'prometheus.yml'), JSON.stringify({ scrape_configs: [fast] }))
  const answers = await runWatch(at, {
    servers: (['well', 'ill'] as const).map((state) => ({
      address: addresses[state],
      port: 4191,
      page: { of: 'proxy', state },
    })),
    targets: 2,
    queries: ['sort(up == 1)'],
  })
  const [up] = answers as readonly Readonly<Record<string, string>>[][]
  assert.equal(
    up
      ?.map(({ machine, instance, namespace, job: name, role }) => [machine, instance, namespace, name, role])
      .sort(),
    (['ill', 'well'] as const).map((machine) => [
      machine,
      `${addresses[machine]}:4191`,
      'mixed-env',
      'linkerd-machines',
      'server',
    ]),
  )
})

/** What machines tell node_exporter, by their own program: one has its redirect off and a clock that stands still. */
function tell(state: Exclude<State, 'down'>): string {
  const ill = state === 'ill'
  const off = state === 'first-release'
  const text = writeMetrics(['dash'], {
    state: ill ? 'degraded' : 'joined',
    active: !ill,
    off,
    certificate: true,
    ...(ill ? { failure: 'rules' } : {}),
  }).replaceAll('machine="legacy-app"', `machine="${state}"`)
  return off ? text.replace(/(report_timestamp_seconds\{.*\}) \d+/, '$1 1') : text
}

test('promtool finds nothing to better in what machines tell node_exporter', async () => {
  for (const state of ['well', 'first-release', 'ill'] as const) {
    const { status, stdout, stderr } = await runCommand(
      join(programs, 'promtool'),
      ['check', 'metrics'],
      tell(state),
    )
    assert.is(status, 0)
    assert.is(stdout + stderr, '')
  }
  assert.is.not((await runCommand(join(programs, 'promtool'), ['check', 'metrics'], 'x y\n')).status, 0)
})

test('the lists of the dashboard are of labels that the machines have', () => {
  const { templating } = JSON.parse(read('dashboard.json')) as Dashboard
  const groups = JSON.parse(read('targets/machines.json')) as { labels: Record<string, string> }[]
  const labels = templating.list.flatMap(({ definition }) => /, (\w+)\)$/.exec(definition ?? '')?.[1] ?? [])
  assert.equal(labels, ['namespace', 'machine'])
  for (const group of groups) for (const label of labels) assert.ok(group.labels[label], label)
})

async function runWatch(at: string, watch: Watch): Promise<Answers> {
  const { status, stdout, stderr } = await runCommand(
    'unshare',
    [
      '--net',
      process.execPath,
      '--import',
      'tsx',
      'test/oracle/support/watch.ts',
      join(programs, 'prometheus'),
      at,
    ],
    JSON.stringify(watch),
  )
  assert.is(status, 0, stderr)
  return JSON.parse(stdout.split('\n').at(-1) ?? '') as Answers
}

test.run()
