import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Machine, Settings } from '../../../templates/kubernetes/prober/settings.ts'
import { findPorts, StandIn } from '../../prober/support/machines.ts'
import type { Prober } from '../../prober/support/prober.ts'
import { minimalWith } from '../../unit/plan/document.ts'
import { runCommand } from '../support/root.ts'
import { startControlPlane } from './control-plane.ts'
import { applyDocument, readyIn, readyOf, startProber, workloadsPath } from './probed.ts'

/** Machines are stand-ins on loopback; API server, objects, rules, token and program are real. */
const test = suite('the prober and a real API server')
const namespace = 'mixed-env'
const names = ['legacy-app', 'other-app', 'drained-app'] as const
type Name = (typeof names)[number]

const plane = await startControlPlane()
const probed = await applyDocument(
  plane,
  minimalWith((document) => {
    document.proxy.adminAddress = '0.0.0.0:4191'
    document.readiness = { image: 'node:22' }
    document.machines = names.map((name, index) => ({
      ...{ name, namespace, addresses: [`203.0.113.${42 + index}`], ports: [{ name: 'http', port: 80 }] },
      healthCheck: { path: '/healthz?full=1', port: 80 },
      ...(name === 'drained-app' ? { drain: true } : {}),
    }))
  }),
)
const ports = await findPorts()
const standIns = new Map<Name, StandIn>()
let prober: Prober | undefined

test.before.each(async () => {
  for (const [index, name] of names.entries())
    standIns.set(name, await StandIn.start(name, `127.3.0.${index + 1}`, ports))
})

test.after.each(async () => {
  await prober?.stop('SIGKILL')
  prober = undefined
  for (const standIn of standIns.values()) await standIn.stop()
})

test.after(() => plane.stop())

function machine(name: Name): StandIn {
  const found = standIns.get(name)
  if (found === undefined) throw new Error(`${name} is not there`)
  return found
}

/** What the document gives it, but for where the machines are and how often they are asked. */
function atHand(given: Machine): Machine {
  const standIn = machine(given.name as Name)
  const { healthCheck } = given
  if (healthCheck === undefined) throw new Error(`${given.name} has no health check`)
  const { addresses } = standIn.machine
  return {
    ...given,
    addresses,
    healthCheck: { ...healthCheck, port: ports.application, intervalSeconds: 0.05 },
  }
}

async function start(changed: Partial<Settings> = {}): Promise<Prober> {
  const machines = probed.settings.machines.map(atHand)
  prober = await startProber(plane, probed, machines, ports, { periodSeconds: 0.05, ...changed })
  return prober
}

async function waitFor(name: Name, status: string, reason?: string): Promise<void> {
  await prober?.waitFor(`${name} is ${status} ${reason}`, async () => {
    const ready = await readyOf(plane, namespace, name)
    return ready?.status === status && (reason === undefined || ready.reason === reason)
  })
}

async function startReady(changed: Partial<Settings> = {}): Promise<Prober> {
  const started = await start(changed)
  await waitFor('legacy-app', 'True', 'ProbesSucceeded')
  await waitFor('other-app', 'True', 'ProbesSucceeded')
  return started
}

async function kubectl(...words: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await plane.kubectl(words)
  assert.is(status, 0, stderr)
  return stdout
}

test('machines that are well are made ready, and one that the document drains is not', async () => {
  await startReady()
  await waitFor('drained-app', 'False', 'Drained')
})

const faults: readonly (readonly [what: string, reason: string, happen: (machine: StandIn) => unknown])[] = [
  ['its proxy dies', 'ProxyUnreachable', (standIn) => standIn.kill('admin')],
  ['nothing accepts on its inbound port', 'InboundPortClosed', (standIn) => standIn.kill('inbound')],
  ['its application dies', 'HealthCheckFailed', (standIn) => standIn.kill('application')],
  [
    'its certificate nears its end',
    'CertificateExpiring',
    ({ proxy }) => Object.assign(proxy, { certificateEnds: 60 }),
  ],
  [
    'the policy controller is out of its reach',
    'ControlPlaneUnreachable',
    ({ proxy }) => Object.assign(proxy, { policyEndpoints: 0 }),
  ],
  [
    'the destination controller is out of its reach',
    'ControlPlaneUnreachable',
    ({ proxy }) => Object.assign(proxy, { destinationEndpoints: 0 }),
  ],
]

for (const [what, reason, happen] of faults)
  test(`a machine is not ready when ${what}, and the others are left alone`, async () => {
    const running = await startReady()
    await happen(machine('legacy-app'))
    await waitFor('legacy-app', 'False', reason)
    const failures = await running.metric(`meshjoin_prober_probe_failures_total{reason="${reason}"}`)
    assert.ok(failures >= probed.settings.failureThreshold, `after ${failures} failures`)
    assert.is((await readyOf(plane, namespace, 'other-app'))?.status, 'True')
  })

test('a machine that is well again is ready again', async () => {
  await start()
  await machine('legacy-app').kill('admin')
  await waitFor('legacy-app', 'False', 'ProxyUnreachable')
  await machine('legacy-app').revive('admin')
  await waitFor('legacy-app', 'True', 'ProbesSucceeded')
})

test('the annotation takes a machine out, and lets it in again when it is gone', async () => {
  await startReady({ refreshSeconds: 0.5 })
  const object = ['externalworkload/legacy-app', '-n', namespace]
  await kubectl('annotate', ...object, `${probed.settings.drainAnnotation}=true`)
  await waitFor('legacy-app', 'False', 'Drained')
  await kubectl('annotate', ...object, `${probed.settings.drainAnnotation}-`)
  await waitFor('legacy-app', 'True', 'ProbesSucceeded')
})

test('drain.sh takes a machine out at once and for good, and back', async () => {
  const running = await startReady()
  const drain = async (...words: readonly string[]) => {
    const { status, stderr } = await runCommand(
      'sh',
      [`${probed.folder}/drain.sh`, ...words],
      '',
      plane.environment,
    )
    assert.is(status, 0, stderr)
  }
  await drain(namespace, 'legacy-app')
  assert.is((await readyOf(plane, namespace, 'legacy-app'))?.status, 'False')
  // Its application fails and comes back: each time the prober looks at the object, and leaves it out.
  await machine('legacy-app').kill('application')
  await waitFor('legacy-app', 'False', 'Drained')
  await machine('legacy-app').revive('application')
  await running.waitForRounds(5, names.length)
  assert.is((await readyOf(plane, namespace, 'legacy-app'))?.status, 'False')
  await running.stop()
  await start({ refreshSeconds: 0.5 })
  await drain('--back', namespace, 'legacy-app')
  await waitFor('legacy-app', 'True', 'ProbesSucceeded')
})

test('the manifests applied again keep what it says', async () => {
  await startReady()
  const before = await readyOf(plane, namespace, 'legacy-app')
  await kubectl('apply', '-k', probed.folder)
  assert.equal(await readyOf(plane, namespace, 'legacy-app'), before)
})

test('killed and started again it changes nothing of what is still so, and finds what happened meanwhile', async () => {
  const first = await startReady()
  await waitFor('drained-app', 'False', 'Drained')
  const before = await readyOf(plane, namespace, 'legacy-app')
  const seen = new Map<string, string[]>(names.map((name) => [name, []]))
  const stop = await plane.watch(workloadsPath(namespace), (object) => {
    const { name } = (object as { metadata: { name: string } }).metadata
    seen.get(name)?.push(readyIn(object)?.status ?? 'none')
  })
  assert.is(await first.stop('SIGKILL'), 'SIGKILL')
  await machine('other-app').kill('admin')
  await start()
  await waitFor('other-app', 'False', 'ProxyUnreachable')
  await prober?.waitForRounds(5, names.length)
  stop()
  assert.equal([...new Set(seen.get('legacy-app'))], ['True'])
  assert.equal([...new Set(seen.get('drained-app'))], ['False'])
  assert.equal(seen.get('other-app'), ['True', 'False'])
  assert.equal(await readyOf(plane, namespace, 'legacy-app'), before)
})

const merge = { method: 'PATCH', type: 'application/merge-patch+json', body: { status: { conditions: [] } } }
const workloads = workloadsPath(namespace)
const core = `/api/v1/namespaces/${namespace}`
const { account } = probed
/** What its token does not do. */
const refused: readonly (readonly [what: string, path: string, asked?: object])[] = [
  ['get', `${workloads}/legacy-app`],
  ['get the status', `${workloads}/legacy-app/status`],
  ['list', workloads],
  ['list everywhere', '/apis/workload.linkerd.io/v1beta1/externalworkloads'],
  ['watch', `${workloads}?watch=1`],
  ['patch more than the status', `${workloads}/legacy-app`, merge],
  ['replace the status', `${workloads}/legacy-app/status`, { method: 'PUT', body: {} }],
  ['delete', `${workloads}/legacy-app`, { method: 'DELETE' }],
  ['delete all', workloads, { method: 'DELETE' }],
  ['make one', workloads, { method: 'POST', body: {} }],
  ['patch one that the document does not have', `${workloads}/stranger/status`, merge],
  ['patch in another namespace', `${workloadsPath('elsewhere')}/legacy-app/status`, merge],
  ['patch in its own namespace', `${workloadsPath(account.namespace)}/legacy-app/status`, merge],
  ['read Secrets', `${core}/secrets`],
  ['read Secrets beside it', `/api/v1/namespaces/${account.namespace}/secrets`],
  ['read ConfigMaps', `/api/v1/namespaces/${account.namespace}/configmaps`],
  ['read pods', `${core}/pods`],
  ['read Services', `${core}/services`],
  ['read namespaces', '/api/v1/namespaces'],
  ['read nodes', '/api/v1/nodes'],
  ['read policies', `/apis/policy.linkerd.io/v1beta3/namespaces/${namespace}/servers`],
  ['read roles', `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles`],
  [
    'ask for tokens',
    `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`,
    { method: 'POST', body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} } },
  ],
]

test('its token patches the status of the machines of the document', async () => {
  const token = await plane.tokenOf(account.namespace, account.name)
  for (const name of names)
    assert.is((await plane.ask(`${workloads}/${name}/status`, merge, token)).status, 200, name)
})

test('its token is refused everything else', async () => {
  const token = await plane.tokenOf(account.namespace, account.name)
  for (const [what, path, asked] of refused)
    assert.is((await plane.ask(path, asked, token)).status, 403, what)
})

test.run()
