import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import type { Environment } from './settings.ts'

/** The parts of an ExternalWorkload that matter here. */
export interface ExternalWorkload {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> }
  readonly status?: { readonly conditions?: readonly Condition[] }
}

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastProbeTime?: string | null
  readonly lastTransitionTime?: string | null
}

export interface Answer {
  readonly status: number
  /** Given with status 200. */
  readonly object: ExternalWorkload | undefined
  readonly retryAfterSeconds: number | undefined
}

const group = '/apis/workload.linkerd.io/v1beta1'
const timeoutSeconds = 10
const largestAnswer = 4 * 1024 * 1024
/** kubelet renews the token well before its end; an older copy is still good for that long. */
const keepSeconds = 60

/** Patches the status of ExternalWorkloads, and does nothing else. */
export class ApiServer {
  readonly #environment: Environment
  #token = ''
  #ca = ''
  #readAt = Number.NEGATIVE_INFINITY
  #agent: Agent | undefined

  constructor(environment: Environment) {
    this.#environment = environment
  }

  /** Throws where there is no answer. */
  async patch(namespace: string, name: string, patch: object): Promise<Answer> {
    const agent = this.#refresh()
    const answer = await this.#send(agent, `${group}/namespaces/${namespace}/externalworkloads/${name}/status`, patch)
    if (answer.status === 401) this.#readAt = Number.NEGATIVE_INFINITY
    return answer
  }

  /** Token and CA are files that change while we run. */
  #refresh(): Agent {
    const now = performance.now() / 1000
    if (this.#agent !== undefined && now - this.#readAt < keepSeconds) return this.#agent
    this.#token = readFileSync(this.#environment.tokenFile, 'utf8').trim()
    const ca = readFileSync(this.#environment.caFile, 'utf8')
    this.#readAt = now
    if (this.#agent !== undefined && ca === this.#ca) return this.#agent
    this.#ca = ca
    this.#agent?.destroy()
    this.#agent = new Agent({ keepAlive: true, ca })
    return this.#agent
  }

  #send(agent: Agent, path: string, patch: object): Promise<Answer> {
    const { apiHost: host, apiPort: port } = this.#environment
    const body = JSON.stringify(patch)
    return new Promise((resolve, reject) => {
      const sent = request({
        ...{ host, port, path, agent, method: 'PATCH', timeout: timeoutSeconds * 1000 },
        headers: {
          Authorization: `Bearer ${this.#token}`,
          'Content-Type': 'application/merge-patch+json',
          'Content-Length': Buffer.byteLength(body),
          Accept: 'application/json',
          'User-Agent': 'meshjoin-prober',
        },
      })
      const timer = setTimeout(() => sent.destroy(new Error('the API server does not answer')), timeoutSeconds * 1000)
      sent.once('close', () => clearTimeout(timer))
      sent.once('error', reject)
      sent.once('response', (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => {
          text += part
          if (text.length > largestAnswer) sent.destroy(new Error('the answer is too large'))
        })
        response.once('error', reject)
        response.once('end', () => {
          const status = response.statusCode ?? 0
          const after = Number(response.headers['retry-after'])
          try {
            const object = status === 200 ? (JSON.parse(text) as ExternalWorkload) : undefined
            resolve({ status, object, retryAfterSeconds: Number.isFinite(after) ? after : undefined })
          } catch (error) {
            reject(error)
          }
        })
      })
      sent.end(body)
    })
  }

  close(): void {
    this.#agent?.destroy()
  }
}
