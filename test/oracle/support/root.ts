import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** The Debian releases whose readers judge the output. */
export const suites = ['bookworm', 'trixie'] as const
export type Suite = (typeof suites)[number]

/** Where everything that is made once is kept, outside of the repository. */
export const cache = process.env.MESHJOIN_CACHE ?? '/var/cache/meshjoin-test'

const here = import.meta.dirname
execFileSync(join(here, '../setup.sh'), { stdio: ['ignore', 'ignore', 'inherit'] })

/** A file to lay over a root file system, or to hand in below `/exchange`. */
export interface RootFile {
  readonly path: string
  readonly content: string | Uint8Array
  readonly mode?: number
}

/** What a command said. */
export interface Said {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  /** A file that the command left below `/exchange`. */
  readonly left: (name: string) => string
}

export interface RunOptions {
  /** Laid over the root file system, owned by root. */
  readonly files?: readonly RootFile[]
  /** Standard input. */
  readonly input?: string
  /** Files that the command must leave below `/exchange`. */
  readonly leaves?: readonly string[]
  /** The command is or starts a systemd manager. */
  readonly manager?: boolean
  /** systemd's log level. */
  readonly log?: string
}

/** Runs a command in a throw-away copy of a release: its own mounts, processes and network. */
export async function runInRoot(
  suite: Suite,
  command: readonly string[],
  options: RunOptions = {},
): Promise<Said> {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-oracle-'))
  try {
    const layer = join(folder, 'layer')
    const exchange = join(folder, 'exchange')
    for (const made of [layer, exchange]) mkdirSync(made, { mode: 0o755 })
    for (const file of options.files ?? []) placeFile(layer, file)
    const said = await runCommand(
      join(here, 'in-root.sh'),
      [join(cache, `${suite}.base`), layer, exchange, ...command],
      options.input ?? '',
      { MANAGER: options.manager === true ? '1' : '', LOG_LEVEL: options.log ?? '' },
    )
    const left = new Map<string, string>()
    for (const name of options.leaves ?? []) left.set(name, readIfThere(join(exchange, name)))
    return { ...said, left: (name) => left.get(name) ?? '' }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A shell script run in a root file system. */
export function runScript(suite: Suite, script: string, options: RunOptions = {}): Promise<Said> {
  return runInRoot(suite, ['/bin/sh', '-eu', '-c', script], options)
}

/** Runs a command on the host; never throws for its exit status. */
export function runCommand(
  program: string,
  parameters: readonly string[],
  input = '',
  environment: Readonly<Record<string, string>> = {},
): Promise<Omit<Said, 'left'>> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { env: { PATH: process.env.PATH, ...environment } })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.stdin.on('error', () => {}) // a reader that stops early says why on stderr
    child.on('error', reject)
    child.on('close', (status, signal) => {
      const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString('utf8')
      const said = signal === null ? '' : `killed by ${signal}\n`
      resolve({ status: status ?? 255, stdout: text(out), stderr: text(err) + said })
    })
    child.stdin.end(input)
  })
}

function placeFile(layer: string, { path, content, mode = 0o644 }: RootFile): void {
  const target = join(layer, path)
  mkdirSync(dirname(target), { recursive: true, mode: 0o755 })
  writeFileSync(target, content)
  chmodSync(target, mode)
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
