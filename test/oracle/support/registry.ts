import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A request as a server of ours saw it. */
export interface Seen {
  readonly host: string
  readonly path: string
  readonly authorization: string
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** One https server on loopback that is every host of the test, told apart by the name that it was asked as. */
export interface Servers {
  readonly port: number
  /** PEM of the certificate that all of them have. */
  readonly certificate: string
  /** Since the last {@link Servers.answer}. */
  readonly seen: Seen[]
  /** What each host answers from now on; a host that is not named answers 404. */
  readonly answer: (hosts: Readonly<Record<string, Answer>>) => void
  readonly close: () => void
}

/** Starts it, with a certificate for these names. */
export async function startServers(names: readonly string[]): Promise<Servers> {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-registry-'))
  const [key, certificate] = [join(folder, 'key'), join(folder, 'certificate')]
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=registries'],
      ...['-addext', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`],
    ],
    { stdio: 'ignore' },
  )
  const tls = { key: readFileSync(key), cert: readFileSync(certificate) }
  rmSync(folder, { recursive: true })
  const seen: Seen[] = []
  let answers: Readonly<Record<string, Answer>> = {}
  const server = createServer(tls, (request, response) => {
    const host = (request.headers.host ?? '').replace(/:[0-9]+$/, '')
    const { authorization = '' } = request.headers
    seen.push({ host, path: request.url ?? '', authorization })
    response.on('error', () => {}) // whoever asked has hung up
    const answer = answers[host]
    if (answer === undefined) response.writeHead(404).end()
    else answer(request, response)
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    certificate: String(tls.cert),
    seen,
    answer: (hosts) => {
      answers = hosts
      seen.length = 0
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Says something again and again until nobody listens. */
export function endlessly(response: ServerResponse, text: string): void {
  const chunk = text.repeat(Math.ceil(65_536 / text.length))
  const write = (): void => {
    while (!response.destroyed && response.write(chunk));
    if (!response.destroyed) response.once('drain', write)
  }
  write()
}
