import { ApiStandIn } from './api-server.ts'
import { startCrowd } from './machines.ts'
import { Prober, quick } from './prober.ts'

/** The settings that documents have where they say nothing. */
export const usual = {
  ...quick,
  periodSeconds: 10,
  timeoutSeconds: 3,
  failureThreshold: 3,
  concurrency: 1000,
}

/** As the Deployment starts it. */
export const nodeFlags = ['--max-old-space-size=96'] as const

/** What so many machines cost a prober: resident bytes at most, and the part of a core once all are ready. */
export async function measureLoad(
  number: number,
  seconds: number,
  periodSeconds = usual.periodSeconds,
): Promise<{ readonly bytes: number; readonly cores: number }> {
  const api = new ApiStandIn()
  const crowd = await startCrowd(number)
  await api.start()
  for (const { namespace, name } of crowd.machines) api.add(namespace, name)
  const access = { host: '127.0.0.1', port: api.port, token: api.token, ca: api.cert }
  const prober = await Prober.start(
    crowd.machines,
    crowd.ports,
    access,
    { ...usual, periodSeconds },
    nodeFlags,
  )
  try {
    await prober.waitFor(
      'all are ready',
      () =>
        [...api.objects.values()].filter(({ status }) => status?.conditions[0]?.status === 'True').length ===
        number,
    )
    const read = async () => ({
      cpu: await prober.metric('process_cpu_seconds_total'),
      bytes: await prober.metric('process_resident_memory_bytes'),
      time: performance.now() / 1000,
    })
    const before = await read()
    let { bytes } = before
    for (let left = seconds; left > 0; left--) {
      await new Promise((resolve) => setTimeout(resolve, 1000))
      bytes = Math.max(bytes, (await read()).bytes)
    }
    const after = await read()
    return { bytes, cores: (after.cpu - before.cpu) / (after.time - before.time) }
  } finally {
    await prober.stop()
    await crowd.stop()
    await api.stop()
  }
}
