import { suite } from 'uvu'
import type { Machine, Settings } from '../../../templates/kubernetes/prober/settings.ts'
import { ApiStandIn } from './api-server.ts'
import { findPorts, type Ports, StandIn } from './machines.ts'
import { type Api, Prober } from './prober.ts'

/** One machine and one API server, stand-ins both, new for each test; the prober is started by the test itself. */
export interface World {
  api: ApiStandIn
  ports: Ports
  machine: StandIn
  prober: Prober
  access: Api
}

export function createSuite(name: string): ReturnType<typeof suite<World>> {
  const test = suite<World>(name)
  test.before.each(async (world) => {
    world.api = new ApiStandIn()
    await world.api.start()
    world.api.add('mixed-env', 'legacy-app')
    world.ports = await findPorts()
    world.machine = await StandIn.start('legacy-app', '127.0.0.1', world.ports)
    world.access = { host: '127.0.0.1', port: world.api.port, token: world.api.token, ca: world.api.cert }
  })
  test.after.each(async ({ api, machine, prober }) => {
    await prober.stop('SIGKILL')
    await machine.stop()
    await api.stop()
  })
  return test
}

export async function start(
  world: World,
  settings: Partial<Settings> = {},
  more: Partial<Machine> = {},
): Promise<void> {
  const machine = { ...world.machine.machine, ...more }
  world.prober = await Prober.start([machine], world.ports, world.access, settings)
}
