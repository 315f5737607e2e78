/** Why a machine is not ready, as the reason of its condition: Kubernetes takes no space in it. The first that holds is told. */
export const reasons = [
  'ProxyUnreachable',
  'RefusedByPolicy',
  'ProxyNotReady',
  'CertificateMissing',
  'CertificateExpired',
  'CertificateExpiring',
  'InboundPortClosed',
  'HealthCheckFailed',
  'ControlPlaneUnreachable',
] as const

export interface Failure {
  readonly reason: (typeof reasons)[number]
  readonly message: string
}

export interface Thresholds {
  readonly successThreshold: number
  readonly failureThreshold: number
}

/** One probe of one machine, judged as Kubernetes judges its own: by so many results in a row. */
export class ProbeState {
  readonly #thresholds: Thresholds
  #passed = 0
  #failed = 0
  /** Undefined before the first verdict. */
  passes: boolean | undefined
  failure: Failure | undefined

  constructor(thresholds: Thresholds) {
    this.#thresholds = thresholds
  }

  note(failure: Failure | undefined): void {
    this.#passed = failure === undefined ? this.#passed + 1 : 0
    this.#failed = failure === undefined ? 0 : this.#failed + 1
    if (this.#passed >= this.#thresholds.successThreshold) this.passes = true
    if (this.#failed < this.#thresholds.failureThreshold) return
    this.passes = false
    this.failure = failure
  }
}

/** What the condition Ready of a machine is to say. */
export interface Verdict {
  readonly ready: boolean
  readonly reason: Failure['reason'] | 'Drained' | 'ProbesSucceeded'
  readonly message: string
}

const succeeded: Verdict = { ready: true, reason: 'ProbesSucceeded', message: 'all probes succeed' }

/** Undefined while there is none: a prober that has just started knows nothing, and says nothing. */
export function judge(drainedBy: string | undefined, probes: readonly ProbeState[]): Verdict | undefined {
  if (drainedBy !== undefined) return { ready: false, reason: 'Drained', message: `taken out by ${drainedBy}` }
  const failures = probes.flatMap(({ passes, failure }) => (passes === false && failure !== undefined ? [failure] : []))
  const reason = reasons.find((one) => failures.some((failure) => failure.reason === one))
  if (reason !== undefined) {
    const messages = failures.map(({ message }) => message)
    return { ready: false, reason, message: [...new Set(messages)].join('; ') }
  }
  return probes.every(({ passes }) => passes === true) ? succeeded : undefined
}
