/** The bundled prober against a stand-in machine and a stand-in API server, fault by fault. */
import * as assert from 'uvu/assert'
import type { Settings } from '../../templates/kubernetes/prober/settings.ts'
import type { StandIn } from './support/machines.ts'
import { createSuite, start, type World } from './support/world.ts'

const test = createSuite('the prober, fault by fault')

async function waitForReason(world: World, reason: string): Promise<void> {
  await world.prober.waitFor(reason, () => world.api.ready('legacy-app')?.reason === reason)
}

async function startReady(world: World, settings: Partial<Settings> = {}): Promise<void> {
  await start(world, settings)
  await waitForReason(world, 'ProbesSucceeded')
}

test('a machine that is well becomes ready, and that is said once', async (world) => {
  const { api } = world
  await startReady(world)
  const { lastProbeTime, lastTransitionTime, ...rest } = api.ready('legacy-app') ?? {}
  assert.equal(rest, {
    type: 'Ready',
    status: 'True',
    reason: 'ProbesSucceeded',
    message: 'all probes succeed',
  })
  assert.match(lastProbeTime ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  assert.is(lastTransitionTime, lastProbeTime)
  await world.prober.waitForRounds(5)
  // One that asks, one that says so.
  assert.is(api.patches.length, 2)
  assert.equal(world.prober.lines.filter(({ event }) => event === 'ready').length, 1)
})

const faults: readonly [
  what: string,
  reason: string,
  message: RegExp,
  change: (machine: StandIn) => unknown,
][] = [
  ['the proxy dies', 'ProxyUnreachable', /ECONNREFUSED/, (machine) => machine.kill('admin')],
  [
    'the proxy answers nothing',
    'ProxyUnreachable',
    /no answer within 1 s/,
    (machine) => {
      machine.isSilent = true
    },
  ],
  [
    'the proxy has not become ready',
    'ProxyNotReady',
    /answers 503/,
    ({ proxy }) => {
      proxy.ready = 503
    },
  ],
  [
    'a policy refuses the prober',
    'RefusedByPolicy',
    /policy of port/,
    ({ proxy }) => {
      proxy.ready = 403
    },
  ],
  [
    'its identity task has panicked',
    'InboundPortClosed',
    /ECONNREFUSED/,
    (machine) => machine.kill('inbound'),
  ],
  [
    'the application dies',
    'HealthCheckFailed',
    /HTTP \d+\/healthz: ECONNREFUSED$/,
    (machine) => machine.kill('application'),
  ],
  [
    'the application is ill',
    'HealthCheckFailed',
    /answers 500/,
    (machine) => {
      machine.health = 500
    },
  ],
  [
    'the certificate nears its end',
    'CertificateExpiring',
    /was not renewed/,
    ({ proxy }) => {
      proxy.certificateEnds = 300
    },
  ],
  [
    'the certificate has ended',
    'CertificateExpired',
    /ended at/,
    ({ proxy }) => {
      proxy.certificateEnds = -5
    },
  ],
  [
    'there was never a certificate',
    'CertificateMissing',
    /no certificate/,
    ({ proxy }) => {
      proxy.certificateEnds = Number.NEGATIVE_INFINITY
    },
  ],
  [
    'an old proxy has a certificate near its end',
    'CertificateExpiring',
    /was not renewed/,
    ({ proxy }) => Object.assign(proxy, { hasOldNames: true, certificateEnds: 300 }),
  ],
  [
    'the policy controller is out of reach',
    'ControlPlaneUnreachable',
    /\(policy\)/,
    ({ proxy }) => {
      proxy.policyEndpoints = 0
    },
  ],
  [
    'the destination controller is out of reach',
    'ControlPlaneUnreachable',
    /\(destination\)/,
    ({ proxy }) => {
      proxy.destinationEndpoints = 0
    },
  ],
]

for (const [what, reason, message, change] of faults)
  test(`not ready when ${what}`, async (world) => {
    await startReady(world)
    await change(world.machine)
    await waitForReason(world, reason)
    const ready = world.api.ready('legacy-app')
    assert.is(ready?.status, 'False')
    assert.match(ready?.message ?? '', message)
    assert.ok((await world.prober.metric(`meshjoin_prober_probe_failures_total{reason="${reason}"}`)) >= 2)
    assert.is(await world.prober.metric('meshjoin_prober_machines{state="not_ready"}'), 1)
  })

test('ready again when the fault is gone', async (world) => {
  await startReady(world)
  await world.machine.kill('application')
  await waitForReason(world, 'HealthCheckFailed')
  await world.machine.revive('application')
  await waitForReason(world, 'ProbesSucceeded')
  assert.equal(
    world.api.written.map(({ body }) => body.status?.conditions[0]?.status),
    ['True', 'False', 'True'],
  )
})

test('what several probes find is one reason, and all of the messages', async (world) => {
  await world.machine.stop()
  await start(world)
  await world.prober.waitFor('all say so', () => {
    const { message = '' } = world.api.ready('legacy-app') ?? {}
    return message.includes('admin port')
  })
  await waitForReason(world, 'ProxyUnreachable')
})

test('a certificate of a minute is not near its end before half of it has gone', async (world) => {
  Object.assign(world.machine.proxy, { certificateEnds: 31, certificateLife: 60 })
  await startReady(world)
})

test('fewer failures than the threshold change nothing', async (world) => {
  await startReady(world, { failureThreshold: 1_000_000 })
  await world.machine.kill('admin')
  await world.prober.waitFor(
    'they are counted',
    async () =>
      (await world.prober.metric('meshjoin_prober_probe_failures_total{reason="ProxyUnreachable"}')) > 5,
  )
  assert.is(world.api.written.length, 1)
})

test('a proxy of tens of thousands of lines is read like any other', async (world) => {
  world.machine.proxy.ballast = 20_000
  await startReady(world)
  world.machine.proxy.policyEndpoints = 0
  await waitForReason(world, 'ControlPlaneUnreachable')
})

test.run()
