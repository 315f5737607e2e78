import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate, parse } from '../../lib/index.ts'
import { exampleText } from '../unit/plan/document.ts'

const documents = readdirSync('test/golden', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => readFileSync(`test/golden/${name}/input.yaml`, 'utf8'))

const test = suite('determinism')

test('the caller’s object may be frozen to the bottom, and two runs are equal', () => {
  for (const text of documents) {
    const document = deepFreeze(parse(text).value)
    const before = JSON.stringify(document)
    const first = generate(document as object)
    const second = generate(document as object)
    assert.is(JSON.stringify(first.value), JSON.stringify(second.value))
    assert.is(JSON.stringify(first.diagnostics), JSON.stringify(second.diagnostics))
    assert.is(JSON.stringify(document), before)
  }
})

/** Comments name lines, which an object has not. */
const withoutLines = (artifacts: unknown) =>
  JSON.stringify(artifacts ?? null).replaceAll(/, line [0-9]+/g, '')

test('text and the object that it stands for give the same artifacts, but for the lines in comments', () => {
  for (const text of documents) {
    const fromObject = generate(parse(text).value as object)
    assert.is(withoutLines(generate(text).value), withoutLines(fromObject.value))
  }
})

test('what is handed out can be changed without a trace in the next run', () => {
  const text = exampleText('minimal')
  const first = generate(text)
  assert.ok(first.ok)
  const kept = JSON.stringify(first.value)
  for (const artifact of first.value ?? []) Object.assign(artifact, { path: 'spoilt', content: 'spoilt' })
  assert.is(JSON.stringify(generate(text).value), kept)
})

test('time zone, locale, folder and umask of the process do not show in what is written', () => {
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'meshjoin-determinism-')))
  try {
    const places = [
      { TZ: 'UTC', LC_ALL: 'C' },
      { TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8', HOME: scratch, NO_COLOR: '1' },
    ]
    const trees = places.map((env, index) =>
      writeTree(join(scratch, `out-${index}`), env, index === 0 ? '.' : scratch),
    )
    assert.is(trees[1], trees[0])
    assert.ok((trees[0] ?? '').includes('0600 systemd/legacy-app/etc/linkerd/mesh.env'))
  } finally {
    rmSync(scratch, { recursive: true })
  }
})

test.run()

/** Runs the command line in a process of its own; the tree as one text. */
function writeTree(out: string, env: Record<string, string>, cwd: string): string {
  const bin = resolve('bin/meshjoin.ts')
  const input = resolve('examples/minimal.yaml')
  const loader = import.meta.resolve('tsx')
  const program = `process.umask(${cwd === '.' ? '0o022' : '0o077'}); process.argv.splice(1, 0, 'meshjoin'); await import(${JSON.stringify(bin)})`
  const child = spawnSync(
    process.execPath,
    ['--import', loader, '--input-type=module', '--eval', program, 'generate', input, '--out', out],
    { cwd, env: { PATH: process.env.PATH ?? '', ...env }, encoding: 'utf8' },
  )
  assert.is(child.status, 0, child.stderr)
  return readTree(out)
}

function readTree(root: string): string {
  const lines: string[] = []
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const mode = (statSync(path).mode & 0o777).toString(8).padStart(4, '0')
    lines.push(`${mode} ${path.slice(root.length + 1)}\n${readFileSync(path, 'utf8')}`)
  }
  return lines.sort().join('\n')
}

function deepFreeze(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) {
    for (const child of Object.values(value)) deepFreeze(child)
    Object.freeze(value)
  }
  return value
}
