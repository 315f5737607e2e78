/** What the prober sees of a Kubernetes API server: the status of ExternalWorkloads, to be patched with the right token. */
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Condition } from '../../../templates/kubernetes/prober/api.ts'
import { makeCertificate } from './certificate.ts'

interface ExternalWorkload {
  metadata: { name: string; namespace: string; annotations: Record<string, string> }
  status?: { conditions: Condition[] }
}

export interface Patch {
  readonly name: string
  readonly body: { readonly status?: { readonly conditions: readonly Condition[] } }
  /** What was answered. */
  readonly status: number
}

/** As the CRD has it. */
const reasonForm = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/
const path =
  /^\/apis\/workload\.linkerd\.io\/v1beta1\/namespaces\/([^/]+)\/externalworkloads\/([^/]+)\/status$/

export class ApiStandIn {
  readonly objects = new Map<string, ExternalWorkload>()
  readonly patches: Patch[] = []
  readonly cert: string
  token = 'first-token'
  /** Answered instead of doing anything. */
  failing: number | undefined
  port = 0
  readonly #key: string
  #server: Server | undefined

  constructor() {
    const { key, cert } = makeCertificate()
    this.#key = key
    this.cert = cert
  }

  add(namespace: string, name: string): ExternalWorkload {
    const object = { metadata: { name, namespace, annotations: {} } }
    this.objects.set(`${namespace}/${name}`, object)
    return object
  }

  ready(name: string, namespace = 'mixed-env'): Condition | undefined {
    return this.objects.get(`${namespace}/${name}`)?.status?.conditions.find(({ type }) => type === 'Ready')
  }

  /** Patches that were meant to change something. */
  get written(): Patch[] {
    return this.patches.filter(({ body }) => body.status !== undefined)
  }

  /** At the port that it had before. */
  async start(): Promise<void> {
    const server = createServer({ key: this.#key, cert: this.cert }, (request, response) => {
      let text = ''
      request.on('data', (part: Buffer) => {
        text += part.toString()
      })
      request.on('end', () => {
        const [status, object] = this.#answer(
          request.method,
          request.url,
          [request.headers.authorization, request.headers['content-type']],
          text,
        )
        response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(object))
      })
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.port, '127.0.0.1', resolve)
    })
    this.port = (server.address() as AddressInfo).port
    this.#server = server
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    server?.closeAllConnections()
    await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)))
  }

  #answer(
    method: string | undefined,
    url: string | undefined,
    [authorization, type]: readonly (string | undefined)[],
    text: string,
  ): [status: number, object: object] {
    const [, namespace = '', name = ''] = path.exec(url ?? '') ?? []
    const body = JSON.parse(text) as Patch['body']
    const object = this.objects.get(`${namespace}/${name}`)
    const give = (status: number): [number, object] => {
      this.patches.push({ name, body, status })
      return [status, status === 200 && object !== undefined ? object : { kind: 'Status', code: status }]
    }
    if (this.failing !== undefined) return give(this.failing)
    if (authorization !== `Bearer ${this.token}`) return give(401)
    if (method !== 'PATCH' || name === '' || Object.keys(body).some((key) => key !== 'status'))
      return give(403)
    if (type !== 'application/merge-patch+json') return give(415)
    if (object === undefined) return give(404)
    const conditions = body.status?.conditions ?? []
    if (conditions.some(({ reason = '' }) => !reasonForm.test(reason))) return give(422)
    if (body.status !== undefined) object.status = { conditions: [...conditions] }
    return give(200)
  }
}
