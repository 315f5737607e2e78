import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

const children = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** Logs into the folder, and does not outlive this process. */
export function start(program: string, words: readonly string[], folder: string): ChildProcess {
  const child = spawn('/bin/sh', ['-c', 'exec "$@" >"$0" 2>&1', join(folder, 'log'), program, ...words], {
    stdio: 'ignore',
  })
  children.add(child)
  return child
}

export async function end(child: ChildProcess): Promise<void> {
  children.delete(child)
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

export async function until(folder: string, isThere: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await isThere()) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`did not come:\n${readFileSync(join(folder, 'log'), 'utf8').slice(-3000)}`)
}

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
