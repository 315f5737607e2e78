import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** Whom to ask, and how long to wait for all of the answer. */
export interface Request {
  readonly address: string
  readonly port: number
  readonly path: string
  readonly isTls?: boolean
  readonly timeoutSeconds: number
  /** Called with parts of the body where it is wanted; false: that is enough. */
  readonly onBody?: (part: Buffer) => boolean
}

const longestHead = 16 * 1024

/** Opens a connection and closes it; throws where that fails. */
export function knock(address: string, port: number, timeoutSeconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port })
    end(socket, timeoutSeconds, reject)
    socket.once('connect', () => {
      resolve()
      socket.destroy()
    })
  })
}

/**
 * Makes one GET request with a connection of its own and gives the status of the answer; throws where there is none. Node's
 * own client takes half as long again of the processor, which thousands of machines add up to.
 */
export function ask(request: Request): Promise<number> {
  const { address, port, path, isTls = false, timeoutSeconds, onBody } = request
  return new Promise((resolve, reject) => {
    // As kubelet's probes: whether the application answers is asked here, not whether its certificate is valid.
    const socket = isTls
      ? connectTls({ host: address, port, rejectUnauthorized: false })
      : connect({ host: address, port })
    end(socket, timeoutSeconds, reject)
    const host = address.includes(':') ? `[${address}]` : address
    const reader = new AnswerReader(onBody)
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nUser-Agent: meshjoin-prober\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
      )
    })
    socket.on('data', (data: Buffer) => {
      try {
        if (!reader.read(data)) return
        resolve(reader.status)
      } catch (error) {
        reject(error)
      }
      socket.destroy()
    })
    socket.once('end', () => {
      if (reader.status > 0 && !reader.isFramed) resolve(reader.status)
      else reject(new Error('the connection was closed before the answer was complete'))
      socket.destroy()
    })
  })
}

/** Errors and the time limit of a connection. */
function end(socket: Socket, timeoutSeconds: number, reject: (reason: Error) => void): void {
  const timer = setTimeout(() => {
    reject(new Error(`no answer within ${timeoutSeconds} s`))
    socket.destroy()
  }, timeoutSeconds * 1000)
  socket.on('error', reject)
  socket.once('close', () => clearTimeout(timer))
}

/** Reads an HTTP/1 answer as it comes. */
class AnswerReader {
  readonly #onBody: ((part: Buffer) => boolean) | undefined
  #head: Buffer | undefined = Buffer.alloc(0)
  #isChunked = false
  /** Bytes left of the body or of the chunk; undefined for all up to the end of the connection. */
  #left: number | undefined
  #line = ''
  status = 0

  constructor(onBody: ((part: Buffer) => boolean) | undefined) {
    this.#onBody = onBody
  }

  /** Whether the answer says itself where it ends. */
  get isFramed(): boolean {
    return this.#isChunked || this.#left !== undefined
  }

  /** True when all that is wanted was read. */
  read(data: Buffer): boolean {
    if (this.#head === undefined) return this.#readBody(data)
    const head: Buffer = this.#head.length === 0 ? data : Buffer.concat([this.#head, data])
    const at = head.indexOf('\r\n\r\n')
    if (at < 0) {
      if (head.length > longestHead) throw new Error('the answer is not HTTP')
      this.#head = head
      return false
    }
    this.#readHead(head.toString('latin1', 0, at + 2))
    const rest = head.subarray(at + 4)
    if (this.status < 200) {
      this.#head = Buffer.alloc(0)
      return rest.length > 0 && this.read(rest)
    }
    this.#head = undefined
    return this.#onBody === undefined || this.#left === 0 || this.#readBody(rest)
  }

  #readHead(head: string): void {
    const status = /^HTTP\/1\.[01] ([1-5][0-9]{2})[ \r]/.exec(head)?.[1]
    if (status === undefined) throw new Error('the answer is not HTTP')
    this.status = Number(status)
    this.#isChunked = /\r\ntransfer-encoding:[^\r]*\bchunked[ \t]*\r/i.test(head)
    const length = /\r\ncontent-length:[ \t]*([0-9]+)[ \t]*\r/i.exec(head)?.[1]
    this.#left = this.#isChunked || length === undefined ? undefined : Number(length)
  }

  #readBody(data: Buffer): boolean {
    if (this.#isChunked) return this.#readChunks(data)
    if (this.#onBody?.(data) === false) return true
    if (this.#left === undefined) return false
    this.#left -= data.length
    return this.#left <= 0
  }

  #readChunks(data: Buffer): boolean {
    let at = 0
    while (at < data.length) {
      if (this.#left === undefined || this.#left === 0) {
        // The line with the size of the next chunk, and before it the end of the line of the last.
        const end = data.indexOf('\n', at)
        this.#line += data.toString('latin1', at, end < 0 ? data.length : end)
        if (end < 0) return false
        at = end + 1
        const size = this.#line.trim()
        this.#line = ''
        if (size === '') continue
        if (!/^[0-9A-Fa-f]{1,8}([ ;].*)?$/.test(size)) throw new Error('the answer is not HTTP')
        this.#left = Number.parseInt(size, 16)
        if (this.#left === 0) return true
      }
      const part = data.subarray(at, at + this.#left)
      at += part.length
      this.#left -= part.length
      if (this.#onBody?.(part) === false) return true
    }
    return false
  }
}
