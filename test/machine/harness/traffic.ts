import type { Fate } from '../../../lib/index.ts'
import { addresses, ports } from './addresses.ts'
import type { Machine } from './machine.ts'
import type { World } from './world.ts'

/** One look at what works; what nobody answers counts as refused. */
export interface Traffic {
  readonly inbound: Fate
  readonly outbound: Fate
  readonly ssh: 'works' | 'fails'
}

/** A new connection in each direction. The application says who it talks to; the proxy counts what passes through it. */
export async function lookAtTraffic(world: World, machine: Machine): Promise<Traffic> {
  const [inbound, outbound, ssh] = await Promise.all([
    lookInbound(world),
    lookOutbound(machine),
    world.outside
      .call('ask', { address: addresses.machine, port: 22, text: '', seconds: 3 })
      .then((line) => (line.startsWith('SSH-') ? ('works' as const) : ('fails' as const)))
      .catch(() => 'fails' as const),
  ])
  return { inbound, outbound, ssh }
}

/** A new connection from a pod to a declared port of the machine, or of another one. */
export async function lookInbound(world: World, address: string = addresses.machine): Promise<Fate> {
  try {
    const answer = await world.cluster.call('request', {
      address,
      port: 80,
      path: '/',
      seconds: 2,
    })
    const who = /hello from the application to (\S+)/.exec(answer)?.[1]
    if (who === undefined) return 'refused'
    return who === addresses.client ? 'bypassed' : 'proxied'
  } catch {
    return 'refused'
  }
}

async function lookOutbound(machine: Machine): Promise<Fate> {
  const target = `${addresses.service}:${ports.echo}`
  const count = () => machine.metric('outbound_tcp_open_total', target).catch(() => 0)
  const before = await count()
  try {
    await machine.dial(addresses.service, ports.echo)
  } catch {
    return 'refused'
  }
  return (await count()) > before ? 'proxied' : 'bypassed'
}
