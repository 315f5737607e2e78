import { ask, knock } from './exchange.ts'
import { judgeCertificate, judgeControlPlane, ProxyMetrics } from './proxy-metrics.ts'
import type { Machine, Settings } from './settings.ts'
import type { Failure } from './verdict.ts'

/** Something that is asked of a machine again and again. */
export interface Probe {
  readonly name: 'ready' | 'inbound' | 'metrics' | 'health'
  readonly periodSeconds: number
  readonly run: () => Promise<Failure | undefined>
}

/** The metrics are the dearest to ask for, and follow what happens by half a minute anyway. */
const periodsOfMetrics = 3

/** What is asked of one machine. */
export function probesOf(machine: Machine, settings: Settings): Probe[] {
  const { periodSeconds } = settings
  const { healthCheck } = machine
  return [
    { name: 'ready', periodSeconds, run: () => probeReady(machine, settings) },
    { name: 'inbound', periodSeconds, run: () => probeInbound(machine, settings) },
    {
      name: 'metrics',
      periodSeconds: periodSeconds * periodsOfMetrics,
      run: () => probeMetrics(machine, settings),
    },
    ...(healthCheck === undefined
      ? []
      : [
          {
            name: 'health' as const,
            periodSeconds: healthCheck.intervalSeconds,
            run: () => probeHealth(machine.addresses[0], healthCheck),
          },
        ]),
  ]
}

/** The admin server: 200 says that the proxy once had a certificate. */
async function probeReady(machine: Machine, settings: Settings): Promise<Failure | undefined> {
  return await askAdmin(machine, settings, '/ready')
}

/** The certificate and the control plane, by the proxy's own numbers. */
async function probeMetrics(machine: Machine, settings: Settings): Promise<Failure | undefined> {
  const metrics = new ProxyMetrics()
  const failure = await askAdmin(machine, settings, '/metrics', (part) => metrics.read(part))
  if (failure !== undefined) return failure
  const secondsToTakeOut = settings.periodSeconds * periodsOfMetrics * settings.failureThreshold
  return judgeCertificate(metrics, Date.now() / 1000, secondsToTakeOut) ?? judgeControlPlane(metrics)
}

async function askAdmin(
  { addresses: [address] }: Machine,
  { adminPort: port, timeoutSeconds }: Settings,
  path: string,
  onBody?: (part: Buffer) => boolean,
): Promise<Failure | undefined> {
  try {
    const status = await ask({ address, port, path, timeoutSeconds, ...(onBody && { onBody }) })
    if (status === 200) return undefined
    if (status === 403)
      return {
        reason: 'RefusedByPolicy',
        message: `the proxy refuses the prober (403 for ${path}): the policy of port ${port} must let it in`,
      }
    return { reason: 'ProxyNotReady', message: `the proxy answers ${status} to ${path}` }
  } catch (error) {
    return {
      reason: 'ProxyUnreachable',
      message: `the admin port ${port} does not answer on ${address}: ${describe(error)}`,
    }
  }
}

/** The port that peers in the mesh dial, on every address that they may dial. */
async function probeInbound(
  { addresses }: Machine,
  { inboundPort: port, timeoutSeconds }: Settings,
): Promise<Failure | undefined> {
  for (const address of addresses)
    try {
      await knock(address, port, timeoutSeconds)
    } catch (error) {
      return { reason: 'InboundPortClosed', message: `port ${port} on ${address}: ${describe(error)}` }
    }
  return undefined
}

async function probeHealth(
  address: string,
  { scheme, port, path, timeoutSeconds }: NonNullable<Machine['healthCheck']>,
): Promise<Failure | undefined> {
  const what = `${scheme} ${port}${path.replace(/\?.*$/, '')}`
  try {
    const status = await ask({ address, port, path, isTls: scheme === 'HTTPS', timeoutSeconds })
    if (status >= 200 && status < 400) return undefined
    return { reason: 'HealthCheckFailed', message: `the health check ${what} answers ${status}` }
  } catch (error) {
    return { reason: 'HealthCheckFailed', message: `the health check ${what}: ${describe(error)}` }
  }
}

/** Without addresses and ports that change with each connection: what is told again is not written again. */
function describe(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string }
  return code ?? message ?? 'it failed'
}
