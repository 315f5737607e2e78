/** How the bundled prober writes: drained machines, an API server that is away, a restart. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { Settings } from '../../templates/kubernetes/prober/settings.ts'
import { ApiStandIn } from './support/api-server.ts'
import { Prober } from './support/prober.ts'
import { createSuite, start, type World } from './support/world.ts'

const test = createSuite('the prober writes')

async function waitForReason({ api, prober }: World, reason: string): Promise<void> {
  await prober.waitFor(reason, () => api.ready('legacy-app')?.reason === reason)
}

const statuses = ({ api }: World) => api.written.map(({ body }) => body.status?.conditions.at(-1)?.status)

test('what the document drains is not ready, whatever its probes say', async (world) => {
  await start(world, {}, { drain: true })
  await waitForReason(world, 'Drained')
  await world.prober.waitForRounds(3)
  assert.equal(statuses(world), ['False'])
  assert.is(await world.prober.metric('meshjoin_prober_machines{state="drained"}'), 1)
})

test('what the annotation drains is never called ready in between, and is let in when it is gone', async (world) => {
  const { api } = world
  const object = api.objects.get('mixed-env/legacy-app')
  if (object !== undefined) object.metadata.annotations = { 'meshjoin.dev/drain': 'true' }
  await start(world, { refreshSeconds: 1 })
  await waitForReason(world, 'Drained')
  await world.prober.waitForRounds(3)
  assert.not.ok(statuses(world).includes('True'))
  if (object !== undefined) object.metadata.annotations = { 'meshjoin.dev/drain': 'false' }
  await waitForReason(world, 'ProbesSucceeded')
})

test('a drain that begins later is seen at the next refresh', async (world) => {
  await start(world, { refreshSeconds: 0.2 })
  await waitForReason(world, 'ProbesSucceeded')
  const object = world.api.objects.get('mixed-env/legacy-app')
  if (object !== undefined) object.metadata.annotations = { 'meshjoin.dev/drain': 'true' }
  await waitForReason(world, 'Drained')
})

test('while the API server is away verdicts go on, and the newest is written when it is back', async (world) => {
  const { api, prober } = await startReady(world, { refreshSeconds: 0.3 })
  await api.stop()
  await world.machine.kill('admin')
  await prober.waitFor('a verdict', () => prober.find('not ready') !== undefined)
  await prober.waitFor('a try', async () => (await prober.metric('meshjoin_prober_api_up')) === 0)
  assert.is((await prober.page('/healthz')).status, 200)
  await world.machine.revive('admin')
  await prober.waitFor('another', () => prober.lines.filter(({ event }) => event === 'ready').length === 2)
  await world.machine.kill('application')
  await prober.waitFor(
    'a third',
    () => prober.find('not ready', { reason: 'HealthCheckFailed' }) !== undefined,
  )
  const before = api.written.length
  await api.start()
  await waitForReason(world, 'HealthCheckFailed')
  assert.is(api.written.slice(before)[0]?.body.status?.conditions[0]?.reason, 'HealthCheckFailed')
  assert.is(prober.lines.filter(({ event }) => event === 'API server does not answer').length, 1)
})

for (const status of [429, 500, 503])
  test(`an API server that answers ${status} is asked again`, async (world) => {
    world.api.failing = status
    await start(world, { refreshSeconds: 0.2 })
    await world.prober.waitFor('some tries', () => world.api.patches.length >= 3)
    world.api.failing = undefined
    await waitForReason(world, 'ProbesSucceeded')
  })

test('an ExternalWorkload that is not there is told of once, and found when it comes', async (world) => {
  const { api } = world
  api.objects.clear()
  await start(world, { refreshSeconds: 0.1 })
  await world.prober.waitFor('some tries', () => api.patches.length >= 3)
  const told = world.prober.lines.filter(({ event }) => event === 'no such ExternalWorkload')
  assert.is(told.length, 1)
  api.add('mixed-env', 'legacy-app')
  await waitForReason(world, 'ProbesSucceeded')
})

test('one that the API server refuses is in nobody’s way', async (world) => {
  const { api } = world
  await start(world)
  await waitForReason(world, 'ProbesSucceeded')
  await world.prober.stop()
  api.patches.length = 0
  const other = { ...world.machine.machine, name: 'other' }
  world.prober = await Prober.start([other, world.machine.machine], world.ports, world.access)
  await world.prober.waitFor('both', () => new Set(api.patches.map(({ name }) => name)).size === 2)
  await world.prober.waitFor('a refusal', () => world.prober.find('no such ExternalWorkload') !== undefined)
})

test('a new token is read when the old one is refused', async (world) => {
  const { api } = world
  api.token = 'second-token'
  await start(world, { refreshSeconds: 0.2 })
  await world.prober.waitFor('a refusal', () => api.patches.some(({ status }) => status === 401))
  writeFileSync(join(world.prober.folder, 'token'), 'second-token\n')
  await waitForReason(world, 'ProbesSucceeded')
  assert.not.match(JSON.stringify(world.prober.lines), /(first|second)-token/)
})

test('a server with another certificate is told nothing', async (world) => {
  const stranger = new ApiStandIn()
  world.prober = await Prober.start([world.machine.machine], world.ports, {
    ...world.access,
    ca: stranger.cert,
  })
  await world.prober.waitFor('a try', () => world.prober.find('API server does not answer') !== undefined)
  assert.equal(world.api.patches, [])
})

test('killed and restarted it keeps the time of the last transition, and says nothing new', async (world) => {
  const { api } = await startReady(world)
  assert.is(await world.prober.stop('SIGKILL'), 'SIGKILL')
  const before = { ...api.ready('legacy-app') }
  const old = '2026-01-01T00:00:00Z'
  const object = api.objects.get('mixed-env/legacy-app')
  const other = { type: 'Other', status: 'True', reason: 'SaidByOthers' }
  if (object !== undefined)
    object.status = {
      conditions: [other, { type: 'Ready', status: 'True', ...before, lastTransitionTime: old }],
    }
  api.patches.length = 0
  await start(world)
  await world.prober.waitFor('it has asked', () => api.patches.length > 0)
  await world.prober.waitForRounds(3)
  assert.equal(api.written, [])
  await world.machine.kill('admin')
  await waitForReason(world, 'ProxyUnreachable')
  assert.not.equal(api.ready('legacy-app')?.lastTransitionTime, old)
  // What others say stays.
  assert.equal(object?.status?.conditions[0], other)
})

test('a restarted prober says nothing about a machine before it has a verdict of its own', async (world) => {
  const { api } = await startReady(world)
  await world.prober.stop('SIGKILL')
  await world.machine.kill('admin')
  api.patches.length = 0
  await start(world, { failureThreshold: 1_000_000 })
  await world.prober.waitFor(
    'many failures',
    async () =>
      (await world.prober.metric('meshjoin_prober_probe_failures_total{reason="ProxyUnreachable"}')) > 5,
  )
  assert.equal(api.patches, [])
  assert.is(api.ready('legacy-app')?.status, 'True')
  assert.is(await world.prober.metric('meshjoin_prober_machines{state="unknown"}'), 1)
})

test('it is said again after some time, with the transition as it was', async (world) => {
  const { api } = await startReady(world, { refreshSeconds: 1.2 })
  const first = api.ready('legacy-app')?.lastTransitionTime
  await world.prober.waitFor('a second time', () => api.written.length >= 2)
  assert.is(api.ready('legacy-app')?.lastTransitionTime, first)
  assert.not.equal(api.ready('legacy-app')?.lastProbeTime, first)
})

test('SIGTERM ends it well, and changes nothing', async (world) => {
  const { api } = await startReady(world)
  const before = api.patches.length
  assert.is(await world.prober.stop('SIGTERM'), 0)
  assert.is(world.prober.noise, '')
  assert.is(world.prober.find('stopping')?.level, 'info')
  assert.is(api.patches.length, before)
})

test('its pages: health, numbers, and nothing else', async (world) => {
  await startReady(world)
  assert.equal(await world.prober.page('/healthz'), { status: 200, text: 'ok\n' })
  assert.is((await world.prober.page('/other')).status, 404)
  const { text } = await world.prober.page('/metrics')
  for (const line of text.trimEnd().split('\n'))
    assert.match(line, /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? [0-9.e+-]+)$/)
  const ready = 'meshjoin_prober_machine_ready{machine_namespace="mixed-env",machine="legacy-app"}'
  assert.is(await world.prober.metric(ready), 1)
  assert.is(await world.prober.metric('meshjoin_prober_transitions_total{to="ready"}'), 1)
})

test.run()

async function startReady(world: World, settings: Partial<Settings> = {}): Promise<World> {
  await start(world, settings)
  await waitForReason(world, 'ProbesSucceeded')
  return world
}
