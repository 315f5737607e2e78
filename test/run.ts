/**
 * Runs uvu suites and closes the ways in which uvu itself passes silently: a hook that throws, a thrown non-error, a
 * forgotten `.run()`, an empty suite, no file at all, and `.only` or `.skip` left in under CI.
 *
 * Usage: node --import tsx test/run.ts [folder] [pattern]
 */
import { pathToFileURL } from 'node:url'
import { parse } from 'uvu/parse'

type Run = () => Promise<[errors: unknown, ran: number, skipped: number, total: number]>

interface UvuGlobals {
  UVU_DEFER?: number
  UVU_INDEX?: number
  UVU_QUEUE: [name: string, ...runs: Run[]][]
}

process.exitCode = 1 // stays so where a test never settles or a hook rejects
const globals = globalThis as unknown as UvuGlobals
globals.UVU_DEFER = 1 // uvu only queues; this file runs the queue
globals.UVU_QUEUE = []
await import('uvu')

const [folder = 'test', pattern = '\\.test\\.ts$'] = process.argv.slice(2)
const { suites: files } = await parse(folder, new RegExp(pattern))
const count = { passed: 0, failed: 0, skipped: 0 }

function fail(text: string, tests = 1): void {
  count.failed += tests
  process.stdout.write(`not ok: ${text}\n`)
}

if (files.length === 0) fail(`no file under ${folder} matches ${pattern}`)
for (const [index, { name, file }] of files.entries()) {
  globals.UVU_INDEX = index
  globals.UVU_QUEUE[index] = [name]
  const started = performance.now()
  try {
    await runFile(index, name, file)
  } catch (error) {
    fail(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
  process.stdout.write(`${name} ${Math.round(performance.now() - started)} ms\n`)
}
if (process.env.CI && count.skipped > 0) fail('.only or .skip left in')
process.stdout.write(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`)
process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0

async function runFile(index: number, name: string, file: string): Promise<void> {
  await import(pathToFileURL(file).href)
  const runs = (globals.UVU_QUEUE[index]?.slice(1) ?? []) as Run[]
  if (runs.length === 0) fail(`${name}: nothing called .run()`)
  for (const run of runs) {
    const [errors, ran, skipped, total] = await run()
    count.passed += ran
    count.skipped += skipped
    if (typeof errors === 'string') process.stdout.write(`${errors}\n`)
    if (total === 0) fail(`${name}: a suite without tests`)
    if (ran < total) fail(`${name}: ${ran} of ${total} tests passed`, total - ran)
  }
}
