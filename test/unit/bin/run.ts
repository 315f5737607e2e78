/** Runs the real command line as a child process, on the sources. */
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

export interface Outcome {
  /** Exit code, or the name of the signal. */
  readonly code: number | string | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly stdin?: string | Buffer
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Closes our end of stdout at once, as `head` does when it has seen enough. */
  readonly closeStdout?: boolean
}

const root = fileURLToPath(new URL('../../../', import.meta.url))
const { PATH = '' } = process.env

/** An absolute path of a file of the project. */
export function inProject(path: string): string {
  return join(root, path)
}

/** The command as tsx runs it from the sources. */
export const fromSources: readonly string[] = [
  '--import',
  import.meta.resolve('tsx'),
  inProject('bin/meshjoin.ts'),
]

/** The same sources, with what they need, in one file, laid out as the package is: it starts several times faster. */
export function bundle(): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-cli-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const outfile = join(folder, 'bin', 'meshjoin.js')
  buildSync({
    entryPoints: [inProject('bin/meshjoin.ts')],
    outfile,
    bundle: true,
    banner: {
      js: "import{createRequire as bannerRequire}from'node:module';const require=bannerRequire(import.meta.url);",
    },
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
  cpSync(inProject('package.json'), join(folder, 'package.json'))
  const isInstalled = (path: string) => path.includes('node_modules', root.length)
  cpSync(inProject('examples'), join(folder, 'examples'), {
    recursive: true,
    filter: (path) => !isInstalled(path),
  })
  return [outfile]
}

/** The environment is empty but for what is asked for, so that the terminal of whoever runs the tests does not matter. */
export function start(
  program: readonly string[],
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const { stdin = '', env = {}, cwd = root, closeStdout = false } = options
  const [file = ''] = program.slice(-1)
  // Of use to the bundle alone, and gone with it.
  const cache = program.length > 1 ? {} : { NODE_COMPILE_CACHE: join(dirname(file), 'cache') }
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...program, ...args], {
      cwd,
      env: { PATH, ...cache, ...env },
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    if (closeStdout) child.stdout.destroy()
    else child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', reject)
    child.on('close', (code, signal) =>
      resolve({
        code: code ?? signal,
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      }),
    )
    child.stdin.on('error', () => {}) // the program may have ended before it read all
    child.stdin.end(stdin)
  })
}

/** An empty folder for the time of one test. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-cli-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
