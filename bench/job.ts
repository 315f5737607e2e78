/**
 * One measurement in a process of its own, so that nothing that ran before is in its memory. Uses the build, as programs
 * do. Prints one line of JSON.
 *
 * Made plain JavaScript and run by bench.ts: node job.mjs NAME [COUNT]
 */
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

/** By name: the fleet has labels, which only the cluster's targets would read. */
export const targets = ['ansible', 'cloud-init', 'image', 'kubernetes', 'monitoring', 'spire', 'systemd']

type Library = typeof import('../lib/index.ts')

/** A fleet on the minimal document's settings: machines in two groups, in a network of their own. */
export function makeFleet(minimal: string, count: number): string {
  const head = minimal.slice(0, minimal.indexOf('\nmachines:') + 1)
  const networks = head.replace('  trustAnchors:', '  machineNetworks: [198.18.0.0/15]\n  trustAnchors:')
  const lines = Array.from({ length: count }, (_, index) => {
    const address = `198.${18 + Math.floor(index / 62_500)}.${Math.floor(index / 250) % 250}.${(index % 250) + 1}`
    return `  - {name: vm-${String(index).padStart(5, '0')}, group: ${index % 2 === 0 ? 'web' : 'db'}, addresses: [${address}]}\n`
  })
  const groups = `groups:
  web: {namespace: web, ports: [{name: http, port: 8080}], labels: {app: web}}
  db: {namespace: db, ports: [{name: mysql, port: 3306, opaque: true}], redirect: {onProxyFailure: open}}
`
  return `${networks}${groups}machines:\n${lines.join('')}`
}

function loadLibrary(): Promise<Library> {
  return import(pathToFileURL('dist/lib/index.js').href) as Promise<Library>
}

const jobs: Readonly<Record<string, (count: number) => Promise<unknown>>> = {
  import: async () => {
    const collect = (globalThis as { gc?: () => void }).gc
    await import(new URL('empty.mjs', import.meta.url).href) // the first import pays for the loader
    collect?.()
    const heap = process.memoryUsage().heapUsed
    const started = spent()
    await loadLibrary()
    const milliseconds = spent() - started
    collect?.()
    return { milliseconds, heap: process.memoryUsage().heapUsed - heap }
  },

  /** Most heap in use at a machine's end, while a fleet is made one machine at a time. */
  hold: async (count) => {
    const collect = (globalThis as { gc?: () => void }).gc
    const { generateLazily } = await loadLibrary()
    const text = count === 0 ? '' : makeFleet(readFileSync('examples/minimal.yaml', 'utf8'), count)
    const lazy = generateLazily(text, { targets })
    let heap = 0
    const look = () => {
      collect?.()
      heap = Math.max(heap, process.memoryUsage().heapUsed)
    }
    look()
    if (lazy.ok) {
      let made = 0
      for (const _ of lazy.value.artifacts()) if (made++ % 50_000 === 0) look()
    }
    return { heap }
  },

  generate: async (count) => {
    const { generateLazily } = await loadLibrary()
    const text = makeFleet(readFileSync('examples/minimal.yaml', 'utf8'), count)
    const run = () => {
      const started = spent()
      const lazy = generateLazily(text, { targets })
      if (!lazy.ok)
        throw new Error(JSON.stringify(lazy.diagnostics.find(({ severity }) => severity === 'error')))
      const checked = spent()
      let bytes = 0
      let artifacts = 0
      for (const { content } of lazy.value.artifacts()) {
        bytes += content.length
        artifacts++
      }
      return { check: checked - started, emit: spent() - checked, bytes, artifacts }
    }
    const first = run()
    return { ...(count <= 1000 ? run() : first) }
  },
}

/** Milliseconds of processor time: what else the machine does is not in it. */
function spent(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const [name = '', count = '0'] = process.argv.slice(2)
const job = jobs[name]
if (job !== undefined) process.stdout.write(`${JSON.stringify(await job(Number(count)))}\n`)
