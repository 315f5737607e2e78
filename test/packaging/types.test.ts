/** That a program finds the library's types, and then the library, however its compiler looks for packages. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { installPacked, listFiles, type Packed } from './packed.ts'

/** One way in which a compiler looks for packages. */
interface Setup {
  readonly name: string
  /** What the program's own package.json says: whether its files are modules. */
  readonly type: 'commonjs' | 'module'
  readonly options: Readonly<Record<string, string>>
}

/** As in Pulumi's, CDK's and Backstage's projects (the first two), in new ones, and before a bundler. nodenext finds what node16 does. */
const setups: readonly Setup[] = [
  { name: 'node10', type: 'commonjs', options: { module: 'commonjs', moduleResolution: 'node10' } },
  { name: 'node16, CommonJS', type: 'commonjs', options: { module: 'node16' } },
  { name: 'node16, ESM', type: 'module', options: { module: 'node16' } },
  { name: 'bundler', type: 'module', options: { module: 'esnext', moduleResolution: 'bundler' } },
]

/** Folders of node_modules: the oldest that we serve, the last one written in JavaScript, and ours. */
const compilers = ['typescript-5.4', 'typescript-5.9', 'typescript'] as const

const program = `
import { type Artifact, type Diagnostic, generate, type MeshjoinDocument, measureUserData, parse } from 'meshjoin'
import { schema } from 'meshjoin/schema'
const result = generate(parse('machines: ['))
if (result.ok) {
  const artifacts: readonly Artifact[] = result.value
  const sizes: readonly number[] = measureUserData(String(artifacts[0]?.content)).map(({ plain }) => plain)
  globalThis.sizes = sizes
} else {
  // @ts-expect-error a failure has no value
  const artifacts: readonly Artifact[] = result.value
}
const first: Diagnostic | undefined = result.diagnostics[0]
declare global { var sizes: readonly number[]; var rest: unknown; var console: { log(text: string): void } }
const title: 'meshjoin document' = schema.title
// @ts-expect-error a document needs more than that
const document: MeshjoinDocument = { apiVersion: 'meshjoin/v1' }
globalThis.rest = document
console.log(first?.code + ', ' + title)
`

const test = suite('types')
let packed: Packed

test.before(() => {
  packed = installPacked()
})

test.after(() => rmSync(packed.folder, { recursive: true, force: true }))

for (const compiler of compilers)
  for (const setup of setups) {
    if (compiler === 'typescript' && setup.name === 'node10') continue // TypeScript 7 has dropped it; see below
    test(`a strict program compiles and runs: ${compiler}, ${setup.name}`, () => {
      const folder = writeProgram(`${compiler}-${setup.name.replace(', ', '-')}`, setup)
      const compiled = compile(compiler, folder)
      assert.is(compiled.stdout, '')
      assert.is(compiled.status, 0)
      const { stdout, stderr } = runNode(join(folder, 'out/program.js'))
      assert.is(stdout, 'yaml-syntax, meshjoin document\n', stderr)
    })
  }

test('node10 is tried with older compilers alone, because TypeScript 7 refuses it', () => {
  const [node10] = setups
  assert.ok(node10)
  const { stdout, status } = compile('typescript', writeProgram('refused', node10))
  assert.match(stdout, /TS5108: Option 'moduleResolution=node10' has been removed/)
  assert.is.not(status, 0)
})

test('the compilers are the versions that their names say', () => {
  const versions = compilers.map((name) => readJson(`node_modules/${name}/package.json`).version as string)
  assert.match(versions.join(' '), /^5\.4\.\d+ 5\.9\.\d+ 7\.\d+\.\d+$/)
})

test('modules and CommonJS have the same types, to the byte', () => {
  const [esm, cjs] = ['lib', 'cjs'].map((name) => join(packed.installed, 'dist', name))
  assert.ok(esm !== undefined && cjs !== undefined)
  const types = listFiles(esm).filter((path) => path.endsWith('.d.ts'))
  assert.ok(types.includes('index.d.ts') && types.includes('schema.d.ts'))
  assert.equal(
    listFiles(cjs).filter((path) => path.endsWith('.d.ts')),
    types,
  )
  for (const path of types)
    assert.is(readFileSync(join(cjs, path), 'utf8'), readFileSync(join(esm, path), 'utf8'), path)
})

test.run()

function writeProgram(name: string, { type, options }: Setup): string {
  const folder = join(packed.folder, name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'program.ts'), program)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }))
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    target: 'es2022',
    lib: ['es2022'],
    types: [],
    outDir: 'out',
    ...options,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
  return folder
}

function compile(compiler: string, folder: string) {
  return runNode(resolve('node_modules', compiler, 'bin/tsc'), '-p', folder)
}

function runNode(...args: string[]) {
  return spawnSync(process.execPath, args, { encoding: 'utf8' })
}

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
}
