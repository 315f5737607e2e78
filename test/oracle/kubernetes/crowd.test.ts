import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Machine } from '../../../templates/kubernetes/prober/settings.ts'
import { startCrowd } from '../../prober/support/machines.ts'
import { minimalWith } from '../../unit/plan/document.ts'
import { startControlPlane } from './control-plane.ts'
import { applyDocument, readyIn, startProber, workloadsPath } from './probed.ts'

const test = suite('one prober and two thousand machines')
const number = 2000
const namespace = 'crowd'
const most = 200_000_000

const plane = await startControlPlane()
test.after(() => plane.stop())

/** Of the status of each ExternalWorkload, how many there are. */
async function countReady(): Promise<Record<string, number>> {
  const { items } = JSON.parse((await plane.ask(workloadsPath(namespace))).body) as { items: object[] }
  const counts: Record<string, number> = {}
  for (const item of items) {
    const status = readyIn(item)?.status ?? 'none'
    counts[status] = (counts[status] ?? 0) + 1
  }
  return counts
}

/** Bytes that a process has had in memory at the most. */
function peakMemory(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}

/** Not too often: each look is at all of them. */
async function waitFor(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 180; tries++) {
    if (await isSo()) return
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
  throw new Error(`waited in vain: ${JSON.stringify(await countReady())}`)
}

test('all of them become ready, and it takes no more memory than it may', async () => {
  const probed = await applyDocument(
    plane,
    minimalWith((document) => {
      document.proxy.adminAddress = '0.0.0.0:4191'
      document.readiness = { image: 'node:22' }
      document.defaults = { healthCheck: { path: '/healthz', port: 80 } }
      document.machines = Array.from({ length: number }, (_, index) => ({
        ...{ name: `machine-${index}`, namespace, ports: [{ name: 'http', port: 80 }] },
        addresses: [`198.18.${index >> 8}.${index & 255}`],
      }))
    }),
  )
  assert.is(probed.settings.machines.length, number)
  const crowd = await startCrowd(number)
  const byName = new Map(crowd.machines.map((machine) => [machine.name, machine]))
  const machines = probed.settings.machines.map((given): Machine => {
    const { addresses, healthCheck } = byName.get(given.name) ?? given
    return { ...given, addresses, ...(healthCheck && { healthCheck }) }
  })
  // Three times as often as by default.
  const prober = await startProber(plane, probed, machines, crowd.ports, { periodSeconds: 3 })
  try {
    const written = 'meshjoin_prober_patches_total{result="ok"}'
    // One that reads the object, one that says that the machine is ready.
    await waitFor(async () => (await prober.metric(written)) >= 2 * number)
    assert.equal(await countReady(), { True: number })
    const peak = peakMemory(prober.pid)
    assert.ok(peak < most, `${peak} bytes`)
  } finally {
    await prober.stop('SIGKILL')
    await crowd.stop()
  }
})

test.run()
