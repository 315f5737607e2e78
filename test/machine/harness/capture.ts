import { spawn } from 'node:child_process'
import { addresses } from './addresses.ts'
import { ended, kill, onCleanup } from './command.ts'
import type { World } from './world.ts'

/** What went over the wire since it was started. */
export interface Capture {
  readonly lines: () => readonly string[]
  readonly stop: () => Promise<void>
}

/** TCP connections that the machine opens towards the mesh, as the router between them sees them. */
export function captureMeshConnections(world: World): Promise<Capture> {
  return capture(
    world,
    `src host ${addresses.machine} and (dst net 10.42.0.0/16 or dst net 10.43.0.0/16) and tcp[13] & 18 == 2`,
  )
}

async function capture(world: World, filter: string): Promise<Capture> {
  // "any": the machine's cable is a new one at each boot.
  const child = spawn(
    'ip',
    ['netns', 'exec', world.router, 'tcpdump', '-i', 'any', '-n', '-l', '-tttt', filter],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  onCleanup(() => kill(child))
  const lines: string[] = []
  let rest = ''
  child.stdout.on('data', (data: Buffer) => {
    const parts = (rest + data.toString()).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
  })
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (data: Buffer) => {
      if (data.toString().includes('listening on')) resolve()
    })
    child.once('exit', () => reject(new Error('tcpdump ended')))
  })
  return {
    lines: () => lines,
    stop: async () => {
      kill(child, 'SIGINT')
      await ended(child, 10)
    },
  }
}
