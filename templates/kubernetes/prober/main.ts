import { ApiServer } from './api.ts'
import { gaugeNames, printMetrics } from './counters.ts'
import { log } from './log.ts'
import { Schedule } from './schedule.ts'
import { serve } from './server.ts'
import { readEnvironment, readSettings } from './settings.ts'
import { Ward } from './ward.ts'
import { Writer } from './writer.ts'

const environment = readEnvironment(process.env)
const settings = readSettings(environment.machinesFile)
const schedule = new Schedule(settings.concurrency)
const api = new ApiServer(environment)
const writer = new Writer(api, settings)
const wards = settings.machines.map((machine) => new Ward(machine, settings, (ward) => writer.note(ward)))
for (const ward of wards) ward.watch(schedule)

const server = serve(environment.listenPort, { isHealthy, metrics: () => printMetrics(readGauges()) })
server.once('listening', () => {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  log('info', 'started', { machines: wards.length, port })
})
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop())

/** Some probe has ended lately. Whether the API server answers is another question, which a restart does not help. */
function isHealthy(): boolean {
  const { periodSeconds, timeoutSeconds } = settings
  const silent = (Date.now() - schedule.lastEnd) / 1000
  return wards.length === 0 || silent < 3 * (periodSeconds + timeoutSeconds) + 10
}

function readGauges(): Parameters<typeof printMetrics>[0] {
  const states = { ready: 0, not_ready: 0, drained: 0, unknown: 0 }
  const known: [labels: Record<string, string>, value: number][] = []
  for (const { machine, verdict } of wards) {
    if (verdict === undefined) {
      states.unknown += 1
      continue
    }
    states[verdict.ready ? 'ready' : verdict.reason === 'Drained' ? 'drained' : 'not_ready'] += 1
    known.push([{ machine_namespace: machine.namespace, machine: machine.name }, verdict.ready ? 1 : 0])
  }
  const { user, system } = process.cpuUsage()
  return [
    [gaugeNames.machines, Object.entries(states).map(([state, number]) => [{ state }, number] as const)],
    [gaugeNames.ready, known],
    [gaugeNames.waiting, [[{}, schedule.waiting]]],
    [gaugeNames.pending, [[{}, writer.pending]]],
    [gaugeNames.api, writer.isUp === undefined ? [] : [[{}, writer.isUp ? 1 : 0]]],
    [gaugeNames.memory, [[{}, process.memoryUsage.rss()]]],
    [gaugeNames.cpu, [[{}, (user + system) / 1e6]]],
  ]
}

async function stop(): Promise<void> {
  log('info', 'stopping')
  schedule.stop()
  server.close()
  server.closeAllConnections()
  await writer.stop()
  process.exit(0)
}
