import type { Failure } from './verdict.ts'

/** What is looked for among thousands of lines. */
const marks = ['identity_cert_', '_balancer_endpoints{'] as const
const longestLine = 16 * 1024
const mostBytes = 32 * 1024 * 1024

const certificateLine =
  /^(?:control_)?identity_cert_(expiration|refresh)_timestamp_seconds(?:\{[^}]*\})? ([0-9.eE+]+)/
const endpointsLine = /^control_(policy|destination)_balancer_endpoints\{(.*)\} ([0-9.eE+]+)/

/**
 * Reads the metrics of a proxy as they come and keeps a few numbers: a busy proxy has megabytes of them. Names that a
 * version of the proxy does not have are no fault.
 */
export class ProxyMetrics {
  #rest: Buffer | undefined
  #bytes = 0
  /** Seconds since 1970; 0 before the first certificate, undefined where the proxy does not say. */
  expiration: number | undefined
  refresh: number | undefined
  /** Endpoints of the control plane that are ready, by service. */
  readonly endpoints = new Map<string, number>()

  /** False: no more is read. */
  read(part: Buffer): boolean {
    this.#bytes += part.length
    const last = part.lastIndexOf(10)
    if (last < 0) {
      this.#keep(this.#rest === undefined ? part : Buffer.concat([this.#rest, part]))
      return this.#bytes <= mostBytes
    }
    const first = part.indexOf(10) + 1
    if (this.#rest !== undefined)
      this.#scan(`${this.#rest.toString('latin1')}${part.toString('latin1', 0, first)}`)
    this.#scan(part.toString('latin1', this.#rest === undefined ? 0 : first, last + 1))
    this.#rest = undefined
    this.#keep(part.subarray(last + 1))
    return this.#bytes <= mostBytes
  }

  /** The start of a line that goes on in the next part; none that we look for is that long. */
  #keep(rest: Buffer): void {
    this.#rest = rest.length === 0 ? undefined : Buffer.from(rest.subarray(0, longestLine))
  }

  #scan(text: string): void {
    for (const mark of marks)
      for (let at = text.indexOf(mark); at >= 0; ) {
        const end = text.indexOf('\n', at)
        this.#readLine(text.slice(text.lastIndexOf('\n', at) + 1, end))
        at = text.indexOf(mark, end)
      }
  }

  #readLine(line: string): void {
    const [, what, seconds] = certificateLine.exec(line) ?? []
    if (what === 'expiration') this.expiration = Number(seconds)
    if (what === 'refresh') this.refresh = Number(seconds)
    const [, service, labels = '', endpoints] = endpointsLine.exec(line) ?? []
    if (service === undefined) return
    const ready = labels.includes('endpoint_state="ready"') ? Number(endpoints) : 0
    this.endpoints.set(service, (this.endpoints.get(service) ?? 0) + ready)
  }
}

/**
 * Whether the certificate is good for a while. SPIRE renews at half of its life: where a tenth is left, or what a machine
 * needs to be taken out, but never more than a quarter, no renewal came.
 */
export function judgeCertificate(metrics: ProxyMetrics, now: number, secondsToTakeOut: number): Failure | undefined {
  const { expiration, refresh } = metrics
  if (expiration === undefined) return undefined
  if (expiration === 0) return { reason: 'CertificateMissing', message: 'the proxy has no certificate yet' }
  const end = new Date(expiration * 1000).toISOString()
  if (expiration <= now) return { reason: 'CertificateExpired', message: `the certificate ended at ${end}` }
  const life = refresh === undefined || refresh <= 0 ? undefined : expiration - refresh
  const least = life === undefined ? secondsToTakeOut : Math.min(Math.max(life / 10, secondsToTakeOut), life / 4)
  if (expiration - now > least) return undefined
  return { reason: 'CertificateExpiring', message: `the certificate ends at ${end} and was not renewed` }
}

/** Whether the proxy is connected to the control plane. */
export function judgeControlPlane({ endpoints }: ProxyMetrics): Failure | undefined {
  const lost = [...endpoints].filter(([, ready]) => ready === 0).map(([service]) => service)
  if (lost.length === 0) return undefined
  return {
    reason: 'ControlPlaneUnreachable',
    message: `the proxy has no connection to the control plane (${lost.sort().join(', ')})`,
  }
}
