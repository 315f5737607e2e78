/** Machines that are sockets on loopback: what the prober sees of one, with the faults that it has to see. */
import { createServer as createHttpServer, type Server as HttpServer, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Machine } from '../../../templates/kubernetes/prober/settings.ts'

/** Where all stand-ins listen, each on its own address of 127.0.0.0/8. */
export interface Ports {
  readonly admin: number
  readonly inbound: number
  readonly application: number
}

/** What a real proxy says of itself; the gauges count the control plane's endpoints. */
export interface ProxyState {
  ready: number
  /** Seconds from now. */
  certificateEnds: number
  certificateLife: number
  policyEndpoints: number
  destinationEndpoints: number
  /** Names of proxies before v2.227. */
  hasOldNames: boolean
  /** Other lines, of which busy proxies have many. */
  ballast: number
}

const wellState: ProxyState = {
  ready: 200,
  certificateEnds: 1800,
  certificateLife: 3600,
  policyEndpoints: 1,
  destinationEndpoints: 1,
  hasOldNames: false,
  ballast: 100,
}

/** One machine with listeners of its own, so that each of them can die. */
export class StandIn {
  readonly machine: Machine
  readonly proxy: ProxyState = { ...wellState }
  /** What the application answers to its health check. */
  health = 200
  /** True: connections are accepted and nothing is answered. */
  isSilent = false
  readonly #ports: Ports
  #servers: Map<keyof Ports, Server | HttpServer> = new Map()

  private constructor(machine: Machine, ports: Ports) {
    this.machine = machine
    this.#ports = ports
  }

  static async start(
    name: string,
    address: string,
    ports: Ports,
    more: Partial<Machine> = {},
  ): Promise<StandIn> {
    const healthCheck = {
      scheme: 'HTTP' as const,
      ...{ path: '/healthz?full=1', port: ports.application, timeoutSeconds: 1, intervalSeconds: 0.05 },
    }
    const machine = { namespace: 'mixed-env', name, addresses: [address] as const, healthCheck, ...more }
    const standIn = new StandIn(machine, ports)
    for (const part of ['admin', 'inbound', 'application'] as const) await standIn.revive(part)
    return standIn
  }

  async revive(part: keyof Ports): Promise<void> {
    const server =
      part === 'inbound'
        ? createServer((socket) => swallow(socket))
        : createHttpServer((request, response) => {
            if (this.isSilent) return
            if (part === 'admin') answerAdmin(request.url, this.proxy, response)
            else response.writeHead(request.url === '/healthz?full=1' ? this.health : 404).end('x')
          })
    const [address] = this.machine.addresses
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#ports[part], address, resolve)
    })
    this.#servers.set(part, server)
  }

  /** Nobody listens any more. */
  async kill(part: keyof Ports): Promise<void> {
    const server = this.#servers.get(part)
    if (server === undefined) return
    this.#servers.delete(part)
    if ('closeAllConnections' in server) server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }

  async stop(): Promise<void> {
    for (const part of [...this.#servers.keys()]) await this.kill(part)
  }
}

/** Three ports that are free on every address of loopback. */
export async function findPorts(): Promise<Ports> {
  const servers = [createServer(), createServer(), createServer()]
  const [admin = 0, inbound = 0, application = 0] = await Promise.all(
    servers.map((server) => listen(server, 0)),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return { admin, inbound, application }
}

/** A crowd of machines that are well: three listeners serve all of their addresses, since one process may not open thousands. */
export async function startCrowd(
  number: number,
  state: Partial<ProxyState> = {},
): Promise<{ machines: Machine[]; ports: Ports; stop: () => Promise<void> }> {
  const proxy = { ...wellState, ...state }
  const admin = createHttpServer((request, response) => answerAdmin(request.url, proxy, response))
  const inbound = createServer((socket) => swallow(socket))
  const application = createHttpServer((_, response) => response.end('well'))
  const servers = [admin, inbound, application]
  const ports = {
    admin: await listen(admin, 0),
    inbound: await listen(inbound, 0),
    application: await listen(application, 0),
  }
  const healthCheck = {
    scheme: 'HTTP' as const,
    ...{ path: '/healthz', port: ports.application, timeoutSeconds: 5, intervalSeconds: 15 },
  }
  const machines = Array.from({ length: number }, (_, index): Machine => {
    const address = `127.1.${(index >> 8) & 255}.${index & 255}`
    return { namespace: 'crowd', name: `machine-${index}`, addresses: [address], healthCheck }
  })
  const stop = async () => {
    for (const server of [admin, application]) server.closeAllConnections()
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }
  return { machines, ports, stop }
}

function listen(server: Server | HttpServer, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: '0.0.0.0', backlog: 1024 }, () =>
      resolve((server.address() as AddressInfo).port),
    )
  })
}

function swallow(socket: Socket): void {
  socket.on('error', () => {})
  socket.resume()
}

function answerAdmin(url: string | undefined, state: ProxyState, response: ServerResponse): void {
  if (url === '/ready') response.writeHead(state.ready).end('ready\n')
  else if (state.ready === 403) response.writeHead(403).end()
  else if (url === '/metrics') {
    // In parts without a length, as a proxy that compresses nothing may send them.
    const text = printState(state)
    const middle = Math.floor(text.length / 2)
    response.write(text.slice(0, middle))
    response.end(text.slice(middle))
  } else response.writeHead(404).end()
}

function printState(state: ProxyState): string {
  const now = Date.now() / 1000
  const prefix = state.hasOldNames ? '' : 'control_'
  const end = state.certificateEnds === Number.NEGATIVE_INFINITY ? 0 : now + state.certificateEnds
  const ballast = Array.from(
    { length: state.ballast },
    (_, index) =>
      `request_total{direction="outbound",target_addr="10.42.0.1:${index}",tls="true",server_id="web.shop.serviceaccount.identity.linkerd.cluster.local"} ${index}`,
  )
  const endpoints = (service: string, ready: number) => [
    `control_${service}_balancer_endpoints{addr="linkerd-${service}.linkerd.svc.cluster.local.:8086",endpoint_state="pending"} ${1 - ready}`,
    `control_${service}_balancer_endpoints{addr="linkerd-${service}.linkerd.svc.cluster.local.:8086",endpoint_state="ready"} ${ready}`,
  ]
  return `${[
    ...ballast,
    `# HELP ${prefix}identity_cert_expiration_timestamp_seconds Time when this proxy's current mTLS identity certificate will expire.`,
    `${prefix}identity_cert_expiration_timestamp_seconds ${end}`,
    `${prefix}identity_cert_refresh_timestamp_seconds ${end === 0 ? 0 : end - state.certificateLife}`,
    ...endpoints('policy', state.policyEndpoints),
    ...endpoints('destination', state.destinationEndpoints),
    ...ballast,
  ].join('\n')}\n`
}
