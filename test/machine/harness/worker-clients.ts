/** Connections that the tests make from inside a network namespace. */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { TlsClient } from './worker-calls.ts'

export function dial(address: string, port: number, seconds: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port })
    const timer = setTimeout(() => socket.destroy(new Error('timed out')), seconds * 1000)
    socket.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve(socket)
    })
  })
}

/** TLS through a connection, whoever the other side says it is. */
export function startTls(socket: Socket, { serverName, anchors, key, certificate }: TlsClient): Socket {
  const trust = { ca: anchors, checkServerIdentity: () => undefined }
  return connectTls({ socket, servername: serverName, key, cert: certificate, ...trust })
}

/** The first line that comes, after sending `text` if there is any. */
export function exchange(socket: Socket, text: string, seconds: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = ''
    const finish = (error?: Error) => {
      clearTimeout(timer)
      socket.off('data', onData)
      if (error === undefined) resolve(received)
      else reject(error)
    }
    const onData = (data: Buffer) => {
      received += data.toString('latin1')
      if (received.includes('\n')) finish()
    }
    const timer = setTimeout(() => finish(new Error('no answer')), seconds * 1000)
    socket.on('data', onData)
    socket.once('error', finish)
    socket.once('close', () => finish(received === '' ? new Error('closed without an answer') : undefined))
    if (text !== '') socket.write(text)
  })
}

export async function ask(address: string, port: number, text: string, seconds: number): Promise<string> {
  const socket = await dial(address, port, seconds)
  try {
    return await exchange(socket, text, seconds)
  } finally {
    socket.destroy()
  }
}

/** Reads everything until the other side closes. */
export function readAll(socket: Socket, text: string, seconds: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = ''
    const timer = setTimeout(() => socket.destroy(new Error('no answer')), seconds * 1000)
    socket.on('data', (data: Buffer) => (received += data.toString('latin1')))
    socket.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    socket.once('close', () => {
      clearTimeout(timer)
      if (received === '') reject(new Error('closed without an answer'))
      else resolve(received)
    })
    socket.write(text)
  })
}
