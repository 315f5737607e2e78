/** A connection that a listener took. */
export interface Connection {
  readonly to: string
  readonly from: string
  readonly at: number
}

/** What a poll of SSH has seen. Failures count from the first success on. */
export interface Polled {
  successes: number
  failures: string[]
  firstAt: number
  lastAt: number
}

interface Target {
  readonly address: string
  readonly port: number
}

interface Timed {
  readonly seconds: number
}

/** A client of the mesh. */
export interface TlsClient {
  readonly serverName: string
  readonly anchors: string
  readonly key: string
  readonly certificate: string
}

interface Handshake extends Target, Timed {
  readonly serverName: string
  readonly anchors: string
  readonly key?: string
  readonly certificate?: string
  /** With a path, an HTTP request is sent through the TLS connection. */
  readonly path?: string
}

/** Addresses by name, of either family. */
export type Records = Readonly<Record<string, string | readonly string[]>>

/** A DNS server on UDP, and with a certificate on TLS as well. */
interface DnsServer {
  readonly address: string
  readonly records: Records
  /** Listens and never answers, as behind a link that drops packets. */
  readonly silent?: boolean
  readonly key?: string
  readonly certificate?: string
}

/** What can be asked of the worker in a namespace. */
export interface WorkerCalls {
  startDns(argument: DnsServer): Promise<void>
  /** The names that a DNS server was asked for since the last look, each once, sorted. */
  asked(argument: { address: string }): Promise<string[]>
  stopDns(argument: { address: string }): Promise<void>
  startFiles(argument: Target & { folder: string; key?: string; certificate?: string }): Promise<void>
  listen(argument: Target): Promise<void>
  say(argument: Target & { text: string; ends?: boolean }): Promise<void>
  close(argument: Target): Promise<void>
  connections(argument: { to: string; since: number }): Promise<Connection[]>
  requests(argument: Record<string, never>): Promise<number>
  ask(argument: Target & Timed & { text: string }): Promise<string>
  request(argument: Target & Timed & { path: string }): Promise<string>
  handshake(argument: Handshake): Promise<{ names: string; trusted: boolean; answer: string }>
  /** With `tls`, through a TLS connection. */
  hold(argument: Target & Timed & { name: string; text: string; tls?: TlsClient }): Promise<string>
  useHeld(argument: Timed & { name: string; text: string }): Promise<string>
  release(argument: { name: string }): Promise<void>
  startPolling(argument: Target & { name: string; milliseconds: number }): Promise<void>
  polled(argument: { name: string }): Promise<Polled>
  stopPolling(argument: { name: string }): Promise<Polled>
}
