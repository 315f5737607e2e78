import { spawn } from 'node:child_process'
import fs, {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type WriteResult, writeArtifacts } from '../../../../bin/output/write.ts'
import { fleet, type Variant } from './write-child.ts'

const test = suite('write, killed')
const variants: readonly Variant[] = ['a', 'b', 'c']
// Hundreds of trees: in memory where there is such a folder, as deleting them from a busy disk takes minutes.
const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
let home = ''
let child = ''

test.before(() => {
  home = mkdtempSync(join(base, 'meshjoin-kill-'))
  child = join(home, 'child.mjs')
  // Bundled, as it is started hundreds of times and tsx takes longer to start than the child takes to run.
  buildSync({
    entryPoints: [fileURLToPath(new URL('write-child.ts', import.meta.url))],
    outfile: child,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
})

test.after(() => {
  rmSync(home, { recursive: true, force: true })
})

interface Ending {
  readonly signal: string | null
  readonly code: number | null
  readonly errors: string
  /** Milliseconds of work, if it got to the end. */
  readonly took: number
}

/** Runs the child; kills it `after` so many milliseconds of work. */
function run(args: readonly (string | number)[], after?: number): Promise<Ending> {
  const process = spawn(globalThis.process.execPath, [child, '--write-child', ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  process.stderr.on('data', (chunk) => {
    errors += chunk
  })
  process.stdout.on('data', (chunk) => {
    const started = output !== ''
    output += chunk
    if (started || after === undefined) return
    // Timers are too coarse for a run of some milliseconds.
    const start = performance.now()
    while (performance.now() - start < after);
    process.kill('SIGKILL')
  })
  return new Promise((resolve, reject) => {
    process.on('error', reject)
    process.on('close', (code, signal) => {
      resolve({ signal, code, errors, took: Number(output.split('\n')[1]) })
    })
  })
}

/** Files that are not ours, in folders that are and in one that is not. */
function addForeign(dir: string): void {
  for (const folder of ['', 'cloud-init/m0', 'cloud-init/m1', 'mine']) {
    mkdirSync(join(dir, folder), { recursive: true })
    writeFileSync(join(dir, folder, 'NOTES.txt'), 'not yours\n')
  }
  mkdirSync(join(dir, 'mine', 'empty'))
}

/** Everything in a folder: names, modes and bytes. */
function snapshot(dir: string): string {
  const lines: string[] = []
  const visit = (path: string) => {
    for (const entry of readdirSync(join(dir, path), { withFileTypes: true })) {
      const name = path === '' ? entry.name : `${path}/${entry.name}`
      const full = join(dir, name)
      const what = entry.isFile() ? readFileSync(full, 'base64') : entry.isDirectory() ? 'folder' : 'special'
      lines.push(`${name} ${(statSync(full).mode & 0o7777).toString(8)} ${what}`)
      if (entry.isDirectory()) visit(name)
    }
  }
  visit('')
  return lines.sort().join('\n')
}

/** A folder after an undisturbed run. */
function clean(variant: Variant, machines: number): string {
  const dir = join(home, `clean-${variant}-${machines}`)
  mkdirSync(dir)
  addForeign(dir)
  assert.ok(writeArtifacts(dir, () => fleet(variant, machines), { version: '1.0.0' }).ok)
  return dir
}

/** The run after the killed one; then the folder must be that of an undisturbed run. */
function completes(dir: string, variant: Variant, machines: number, expected: string, about: string): void {
  const result = writeArtifacts(dir, () => fleet(variant, machines), { version: '1.0.0' })
  assert.ok(result.ok, `${about}: ${JSON.stringify(result)}`)
  assert.is(result.kept.count, 0, about)
  assert.ok(snapshot(dir) === expected, `${about}: the tree differs\n${snapshot(dir)}`)
  const check = writeArtifacts(dir, () => fleet(variant, machines), { version: '1.0.0', check: true })
  assert.ok(check.ok, `${about}: ${JSON.stringify(check.differences)}`)
}

const changing = ['chmodSync', 'closeSync', 'fchmodSync', 'mkdirSync', 'openSync', 'renameSync', 'rmdirSync']
changing.push('symlinkSync', 'unlinkSync', 'writeSync')

/**
 * Does to the disk what a kill at the given call would: that call and all after it fail, so that nothing that is
 * in a `finally` gets through either. For this the functions of node:fs are replaced; the program has no hooks.
 * Returns the number of calls that changed the disk.
 */
function dyingAtCall(fatal: number, action: () => WriteResult): number {
  const functions = fs as unknown as Record<string, (...args: unknown[]) => unknown>
  const originals = changing.map((name) => [name, functions[name]] as const)
  let calls = 0
  for (const [name, original] of originals) {
    if (original === undefined) throw new Error(`node:fs has no ${name}`)
    functions[name] = (...args) => {
      calls++
      if (calls < fatal) return original(...args)
      // A torn write: half of the bytes arrive.
      if (calls === fatal && name === 'writeSync') original(args[0], args[1], args[2], Number(args[3]) >> 1)
      if (name === 'closeSync') original(...args)
      throw Object.assign(new Error('EDEAD: killed'), { code: 'EDEAD' })
    }
  }
  syncBuiltinESMExports()
  try {
    assert.is(action().ok, calls < fatal)
    return Math.min(calls, fatal)
  } finally {
    for (const [name, original] of originals) if (original !== undefined) functions[name] = original
    syncBuiltinESMExports()
  }
}

/** mulberry32: the same numbers in every run. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

test('stopped at every call that changes the disk, the next runs also stopped, the last completes', () => {
  const machines = 7
  const start = clean('a', machines)
  const trees = new Map<Variant, string>([['a', snapshot(start)]])
  for (const variant of ['b', 'c'] as const) trees.set(variant, snapshot(clean(variant, machines)))

  const pick = random(1)
  let complete = false
  for (let call = 1; !complete; call++) {
    const dir = join(home, 'stopped')
    cpSync(start, dir, { recursive: true })
    const stop = (variant: Variant, fatal: number) => {
      const calls = dyingAtCall(fatal, () =>
        writeArtifacts(dir, () => fleet(variant, machines), { version: '1.0.0' }),
      )
      // This process is alive, so its lock would be respected. Locks of killed processes: see the test below.
      rmSync(join(dir, '.meshjoin.lock'), { force: true })
      return calls < fatal
    }
    complete = stop('b', call)
    const about = [`b stopped at call ${call}`]
    for (let again = call % 3; again > 0; again--) {
      const [variant, fatal] = [variants[Math.floor(pick() * 3)] ?? 'a', 1 + Math.floor(pick() * 150)]
      stop(variant, fatal)
      about.push(`${variant} at ${fatal}`)
    }
    const last = variants[call % 3] ?? 'a'
    completes(dir, last, machines, trees.get(last) ?? '', `${about.join(', ')}, then ${last}`)
    rmSync(dir, { recursive: true })
    if (complete) assert.ok(call > 100, `only ${call} calls were tried`)
  }
})

test('killed at 50 random moments, the next run completes', async () => {
  const machines = 80
  const start = clean('a', machines)
  const trees = new Map<Variant, string>([['a', snapshot(start)]])
  for (const variant of ['b', 'c'] as const) trees.set(variant, snapshot(clean(variant, machines)))
  const prepare = (name: string) => {
    const dir = join(home, name)
    cpSync(start, dir, { recursive: true })
    return dir
  }
  const { took, code, errors } = await run([prepare('calibrate'), 'b', machines])
  assert.is(code, 0, errors)

  const pick = random(2)
  let hits = 0
  for (let round = 0; hits < 50 && round < 150; round++) {
    const dir = prepare(`moment-${round}`)
    const after = pick() * took
    const ending = await run([dir, 'b', machines], after)
    assert.is(ending.code ?? 0, 0, ending.errors)
    // Killed while it worked, not before or after: then its lock is still there.
    if (lstatSync(join(dir, '.meshjoin.lock'), { throwIfNoEntry: false }) !== undefined) hits++
    const variant = variants[round % 3] ?? 'a'
    completes(dir, variant, machines, trees.get(variant) ?? '', `killed after ${after} ms, then ${variant}`)
    rmSync(dir, { recursive: true })
  }
  assert.ok(hits >= 40, `only ${hits} runs were killed at work`)
})

test.run()
