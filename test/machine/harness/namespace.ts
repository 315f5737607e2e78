import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { kill, must, onCleanup, tryCommand } from './command.ts'
import type { WorkerCalls } from './worker-calls.ts'

/** A network namespace with a worker in it. */
export interface Place {
  readonly name: string
  call<Call extends keyof WorkerCalls>(
    call: Call,
    argument: Parameters<WorkerCalls[Call]>[0],
  ): ReturnType<WorkerCalls[Call]>
}

interface Reply {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}

/** Makes a namespace, loopback up. */
export async function addNamespace(name: string): Promise<void> {
  await must('ip', ['netns', 'add', name])
  onCleanup(() => tryCommand('ip', 'netns', 'delete', name))
  await must('ip', ['-n', name, 'link', 'set', 'lo', 'up'])
}

/** Starts the worker of a namespace. */
export async function startWorker(name: string): Promise<Place> {
  const program = fileURLToPath(new URL('./worker.ts', import.meta.url))
  const child = spawn('ip', ['netns', 'exec', name, process.execPath, '--import', 'tsx', program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  onCleanup(() => kill(child))
  const waiting = new Map<number, (reply: Reply) => void>()
  const started = new Promise<void>((resolve, reject) => {
    waiting.set(0, () => resolve())
    child.once('exit', () => reject(new Error(`the worker of ${name} ended`)))
  })
  child.on('message', (reply: Reply) => {
    waiting.get(reply.id)?.(reply)
    waiting.delete(reply.id)
  })
  await started
  let last = 0
  return {
    name,
    call: ((call: keyof WorkerCalls, argument: unknown) => {
      last += 1
      return send(child, waiting, { id: last, call, argument })
    }) as Place['call'],
  }
}

function send(
  child: ChildProcess,
  waiting: Map<number, (reply: Reply) => void>,
  message: { id: number; call: string; argument: unknown },
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    waiting.set(message.id, ({ value, error }) => {
      if (error === undefined) resolve(value)
      else reject(new Error(`${message.call}: ${error}`))
    })
    child.send(message)
  })
}
