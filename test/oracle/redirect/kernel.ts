import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import '../support/root.ts' // brings what is missing here, nft among it

/** Who holds the rules. */
export const variants = ['nft', 'legacy', 'nftables'] as const
export type Variant = (typeof variants)[number]

/** The rule files as they are loaded; empty where there is none. */
export interface RuleFiles {
  readonly v4: string
  readonly v6: string
  readonly nft: string
}

/** A connection as `kernel.py` opens it. */
export interface Request {
  readonly direction: 'inbound' | 'outbound'
  readonly family: 'ipv4' | 'ipv6'
  readonly protocol: 'tcp' | 'udp'
  readonly source: string | null
  readonly destination: string
  readonly port: number
  /** Number of the local user whose socket it is. */
  readonly user: number
  /** Interface of the machine: 1 for the first, and so on; 0 leaves it to the routes. */
  readonly mark: number
  readonly via: string
}

/** A machine of its own network namespace, with the outside in another. */
export interface Kernel {
  readonly variant: Variant
  readonly load: (files: RuleFiles) => Promise<void>
  /**
   * Where each connection arrived: `itself`, `proxy inbound`, `proxy outbound`, or what went wrong. So many seconds are
   * given to those that neither arrive nor are refused; the others take a thousandth of a second.
   */
  readonly ask: (connections: readonly Request[], patience?: number) => Promise<readonly string[]>
  readonly stop: () => Promise<void>
}

interface Answer {
  readonly said?: string
  readonly arrivals?: readonly string[]
  readonly fault?: string
}

/** Makes the namespaces; they go with the process, however it ends. */
export function startKernel(variant: Variant): Kernel {
  const child = spawn(
    'unshare',
    ['--net', '--mount', '--fork', '--kill-child', 'python3', join(import.meta.dirname, 'kernel.py')],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const say = converse(child)
  return {
    variant,
    load: async (files) => {
      const { said = '' } = await say({ variant, files })
      // iptables-nft says this where the legacy variant was ever used; it is not about our rules.
      const rest = said.replaceAll(/^# Warning: ip6?tables-legacy tables present.*\n/gm, '')
      if (rest !== '') throw new Error(`${variant} says: ${rest}`)
    },
    ask: async (connections, patience = 60) => (await say({ connections, patience })).arrivals ?? [],
    stop: () =>
      new Promise((resolve) => {
        child.on('close', () => resolve())
        child.stdin.end()
      }),
  }
}

/** One question, one answer, in order. */
function converse(
  child: ChildProcessByStdio<Writable, Readable, null>,
): (request: object) => Promise<Answer> {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  child.stdin.on('error', () => {}) // then there is no answer either, which is reported
  return async (request) => {
    child.stdin.write(`${JSON.stringify(request)}\n`)
    const line = await lines.next()
    if (line.done === true) throw new Error('kernel.py ended')
    const answer = JSON.parse(line.value) as Answer
    if (answer.fault !== undefined) throw new Error(answer.fault)
    return answer
  }
}
