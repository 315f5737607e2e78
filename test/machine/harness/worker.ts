/**
 * Runs inside one network namespace and does there what it is told over IPC: DNS, listeners, downloads, and the clients
 * that the tests look through. Started by namespace.ts.
 */
import { createSocket, type Socket as Datagram } from 'node:dgram'
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { createServer, type Socket, type Server as TcpServer } from 'node:net'
import { join, normalize } from 'node:path'
import { type ConnectionOptions, connect as connectTls, createServer as createTls } from 'node:tls'
import type { Connection, Polled, WorkerCalls } from './worker-calls.ts'
import { ask, dial, exchange, readAll, startTls } from './worker-clients.ts'
import { answer } from './worker-dns.ts'

const datagrams = new Map<string, Datagram>()
const asked = new Map<string, Set<string>>()
const listeners = new Map<string, TcpServer | Server>()
const connections: Connection[] = []
const held = new Map<string, Socket>()
const open = new Set<Socket>()
let requests = 0

// --- files over HTTP and HTTPS

function serveFile(folder: string): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    requests += 1
    const path = join(folder, normalize(`/${decodeURIComponent((request.url ?? '/').split('?')[0] ?? '')}`))
    try {
      const { size } = statSync(path)
      response.writeHead(200, { 'content-length': size })
      createReadStream(path)
        .on('error', () => response.destroy())
        .pipe(response)
    } catch {
      response.writeHead(404).end()
    }
  }
}

function listen(server: TcpServer | Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.on('connection', (socket: Socket) => {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => open.delete(socket))
    })
    server.listen(port, address, () => {
      listeners.set(`${address}:${port}`, server)
      resolve()
    })
  })
}

const pollers = new Map<string, { timer: NodeJS.Timeout; result: Polled; pending: Set<Promise<void>> }>()

const calls: WorkerCalls = {
  startDns: async ({ address, records, silent, key, certificate }) => {
    const seen = asked.get(address) ?? new Set()
    asked.set(address, seen)
    if (key !== undefined && certificate !== undefined)
      await listen(
        createTls({ key: readFileSync(key), cert: readFileSync(certificate) }, (socket) => {
          socket.on('error', () => {})
          socket.on('data', (data: Buffer) => {
            for (let at = 0; at + 2 <= data.length; at += 2 + data.readUInt16BE(at)) {
              const reply = answer(data.subarray(at + 2, at + 2 + data.readUInt16BE(at)), records, seen)
              const length = Buffer.alloc(2)
              length.writeUInt16BE(reply.length)
              socket.write(Buffer.concat([length, reply]))
            }
          })
        }),
        address,
        853,
      )
    await new Promise<void>((resolve, reject) => {
      const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
      socket.once('error', reject)
      socket.on('message', (query, peer) => {
        try {
          const reply = answer(query, records, seen)
          if (silent !== true) socket.send(reply, peer.port, peer.address)
        } catch {
          // not a query
        }
      })
      socket.bind(53, address, () => {
        datagrams.set(address, socket)
        resolve()
      })
    })
  },
  asked: async ({ address }) => {
    const seen = asked.get(address) ?? new Set()
    const names = [...seen].sort()
    seen.clear()
    return names
  },
  stopDns: async ({ address }) => {
    datagrams.get(address)?.close()
    datagrams.delete(address)
    listeners.get(`${address}:853`)?.close()
    listeners.delete(`${address}:853`)
  },
  startFiles: ({ address, port, folder, key, certificate }) => {
    const serve = serveFile(folder)
    const server =
      key === undefined || certificate === undefined
        ? createHttp(serve)
        : createHttps({ key: readFileSync(key), cert: readFileSync(certificate) }, serve)
    return listen(server, address, port)
  },
  /** A listener that says the same to everybody, and then nothing more, or hangs up. */
  say: ({ address, port, text, ends }) =>
    listen(
      createServer((socket) => {
        socket.on('error', () => {})
        if (ends === true) socket.end(text)
        else socket.write(text)
        socket.resume()
      }),
      address,
      port,
    ),
  /** A listener that says who it talks to and then echoes. */
  listen: ({ address, port }) =>
    listen(
      createServer((socket) => {
        const connection: Connection = {
          to: `${address}:${port}`,
          from: socket.remoteAddress ?? '',
          at: Date.now(),
        }
        connections.push(connection)
        socket.write(`hello ${connection.from}\n`)
        socket.pipe(socket)
      }),
      address,
      port,
    ),
  close: async ({ address, port }) => {
    const server = listeners.get(`${address}:${port}`)
    listeners.delete(`${address}:${port}`)
    server?.close()
    for (const socket of open)
      if (socket.localPort === port && socket.localAddress === address) socket.destroy()
  },
  connections: async ({ to, since }) =>
    connections.filter((connection) => connection.to === to && connection.at >= since),
  requests: async () => requests,
  ask: ({ address, port, text, seconds }) => ask(address, port, text, seconds),
  request: async ({ address, port, path, seconds }) => {
    const socket = await dial(address, port, seconds)
    try {
      return await readAll(socket, `GET ${path} HTTP/1.0\r\nHost: application\r\n\r\n`, seconds)
    } finally {
      socket.destroy()
    }
  },
  handshake: ({ address, port, serverName, anchors, key, certificate, path, seconds }) =>
    new Promise((resolve, reject) => {
      const options: ConnectionOptions = {
        host: address,
        port,
        servername: serverName,
        ca: anchors,
        checkServerIdentity: () => undefined,
        rejectUnauthorized: false,
        ...(key === undefined || certificate === undefined ? {} : { key, cert: certificate }),
      }
      const socket = connectTls(options)
      const timer = setTimeout(() => socket.destroy(new Error('timed out')), seconds * 1000)
      const fail = (error: Error) => {
        clearTimeout(timer)
        reject(error)
      }
      socket.once('error', fail)
      socket.once('secureConnect', () => {
        const shown = {
          names: socket.getPeerCertificate().subjectaltname ?? '',
          trusted: socket.authorized,
          answer: '',
        }
        if (path === undefined) {
          clearTimeout(timer)
          resolve(shown)
          socket.destroy()
          return
        }
        readAll(socket, `GET ${path} HTTP/1.0\r\nHost: application\r\n\r\n`, seconds)
          .then((answer) => {
            clearTimeout(timer)
            resolve({ ...shown, answer })
          })
          .catch(fail)
      })
    }),
  hold: async ({ name, address, port, text, seconds, tls }) => {
    const plain = await dial(address, port, seconds)
    const socket = tls === undefined ? plain : startTls(plain, tls)
    try {
      const line = await exchange(socket, text, seconds)
      held.set(name, socket)
      return line
    } catch (error) {
      socket.destroy()
      throw error
    }
  },
  useHeld: async ({ name, text, seconds }) => {
    const socket = held.get(name)
    if (socket === undefined || socket.destroyed) throw new Error(`the held connection ${name} is closed`)
    return exchange(socket, text, seconds)
  },
  release: async ({ name }) => {
    held.get(name)?.destroy()
    held.delete(name)
  },
  startPolling: async ({ name, address, port, milliseconds }) => {
    const result: Polled = { successes: 0, failures: [], firstAt: 0, lastAt: 0 }
    const pending = new Set<Promise<void>>()
    const once = () => {
      const at = Date.now()
      const attempt = ask(address, port, '', 5)
        .then((line) => {
          if (!line.startsWith('SSH-')) throw new Error(`not an SSH banner: ${line.slice(0, 20)}`)
          result.successes += 1
          result.firstAt ||= at
          result.lastAt = at
        })
        .catch((error: Error) => {
          if (result.firstAt > 0 && at > result.firstAt)
            result.failures.push(`${new Date(at).toISOString()} ${error.message}`)
        })
        .finally(() => pending.delete(attempt))
      pending.add(attempt)
    }
    pollers.set(name, { timer: setInterval(once, milliseconds), result, pending })
  },
  polled: async ({ name }) => {
    const poller = pollers.get(name)
    if (poller === undefined) throw new Error(`nothing polls as ${name}`)
    return poller.result
  },
  stopPolling: async ({ name }) => {
    const poller = pollers.get(name)
    if (poller === undefined) throw new Error(`nothing polls as ${name}`)
    clearInterval(poller.timer)
    await Promise.all(poller.pending)
    pollers.delete(name)
    return poller.result
  },
}

interface Message {
  readonly id: number
  readonly call: keyof WorkerCalls
  readonly argument: never
}

process.on('message', ({ id, call, argument }: Message) => {
  Promise.resolve()
    .then(() => calls[call](argument) as Promise<unknown>)
    .then((value) => process.send?.({ id, value }))
    .catch((error: unknown) =>
      process.send?.({ id, error: error instanceof Error ? error.message : String(error) }),
    )
})
process.on('disconnect', () => process.exit(0))
process.send?.({ id: 0 })
