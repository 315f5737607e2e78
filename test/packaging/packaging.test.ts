/** What is published: that it holds what it should, works when it is installed, and says the truth about itself. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inRepository, readLinks } from '../docs/markdown.ts'
import { installPacked, listFiles } from './packed.ts'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly homepage: string
  readonly bugs: string
  readonly repository: { readonly url: string }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest

const test = suite('package')
let scratch = ''
let installed = ''
let tarball = ''

test.before(() => {
  ;({ folder: scratch, installed, tarball } = installPacked())
  cpSync(join(installed, 'examples'), join(scratch, 'examples'), { recursive: true })
})

test.after(() => rmSync(scratch, { recursive: true, force: true }))

test('the tarball holds the build, the schema, the pages and the examples, and nothing else', () => {
  const files = listFiles(installed)
  for (const needed of [
    'package.json',
    'README.md',
    'LICENSE',
    'dist/bin/meshjoin.js',
    'dist/lib/index.js',
    'dist/lib/index.d.ts',
    'dist/THIRD-PARTY.txt',
    'dist/lib/schema.js',
    'dist/cjs/package.json',
    'dist/cjs/index.js',
    'dist/cjs/index.d.ts',
    'dist/cjs/schema.js',
    'schemas/meshjoin.v1.schema.json',
    'examples/minimal.yaml',
    'examples/walkthrough.yaml',
    'examples/fleet.yaml',
  ])
    assert.ok(files.includes(needed), needed)
  const allowed =
    /^(package\.json|dist\/THIRD-PARTY\.txt|LICENSE|[A-Z]+\.md|docs\/[\w-]+\.md|dist\/bin\/[\w-]+\.js|dist\/(lib|cjs)\/(index|schema)\.js|dist\/(lib|cjs)\/[\w/-]+\.d\.ts|dist\/cjs\/package\.json|schemas\/[\w.]+\.json|examples\/([\w-]+\/)?[\w.-]+\.(yaml|ts|mjs|json|tf|hcl|md))$/
  assert.equal(
    files.filter((path) => !allowed.test(path)),
    [],
  )
  assert.is(statSync(join(installed, 'dist/bin/meshjoin.js')).mode & 0o111, 0o111, 'the command can be run')
})

test('the pages that are published lead to no file that is not', () => {
  const pages = listFiles(installed).filter((path) => path.endsWith('.md'))
  assert.ok(pages.includes('README.md') && pages.includes('docs/input.md'))
  const dead = pages.flatMap((page) =>
    readLinks(join(installed, page))
      .filter((target) => !existsSync(join(installed, dirname(page), target)))
      .map((target) => `${page} links to ${target}`),
  )
  assert.equal(dead, [])
})

test('the manifest and the pages name one place of the project', () => {
  const [, place] = /^git\+(https:\/\/.*)\.git$/.exec(manifest.repository.url) ?? []
  assert.ok(place)
  assert.is(manifest.homepage, `${place}#readme`)
  assert.is(manifest.bugs, `${place}/issues`)
  assert.is(inRepository, `${place}/blob/main/`)
})

test('the command line runs as npx runs it, and needs no dependency: it has them inside', () => {
  const alone = join(scratch, 'alone')
  cpSync(installed, alone, {
    recursive: true,
    filter: (path) => !path.includes('/node_modules/') || path.startsWith(installed),
  })
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(alone, 'dist/bin/meshjoin.js'), ...args], {
      encoding: 'utf8',
      cwd: tmpdir(),
    })
  const version = run('--version')
  assert.is(version.stdout, `${manifest.version}\n`, version.stderr)
  const starter = run('init')
  assert.is(starter.status, 0, starter.stderr)
  writeFileSync(join(alone, 'mesh.yaml'), starter.stdout)
  const checked = run('validate', join(alone, 'mesh.yaml'))
  assert.is(checked.status, 0, checked.stderr)
  const written = run('generate', join(alone, 'mesh.yaml'), '--out', join(alone, 'out'))
  assert.is(written.status, 0, written.stderr)
  assert.ok(existsSync(join(alone, 'out/systemd')))
  assert.is(run('schema').stdout.length > 1000, true)
})

const program = `
  const text = readFileSync('examples/minimal.yaml', 'utf8')
  const result = meshjoin.generate(text)
  const words = [result.ok, result.value.length > 20, schema.title, meshjoin.formatDiagnostic.length]
  process.stdout.write(JSON.stringify(words))
`

test('the library is imported', () => {
  const file = write('import.mjs', [
    "import { readFileSync } from 'node:fs'",
    "import * as meshjoin from 'meshjoin'",
    "import { schema } from 'meshjoin/schema'",
    program,
  ])
  assert.is(runNode(file), '[true,true,"meshjoin document",1]')
})

test('the library is required', () => {
  const file = write('require.cjs', [
    "const { readFileSync } = require('node:fs')",
    "const meshjoin = require('meshjoin')",
    "const { schema } = require('meshjoin/schema')",
    program,
  ])
  // As in runtimes whose require takes no modules, Jest's for one.
  assert.is(runNode(file, '--no-experimental-require-module'), '[true,true,"meshjoin document",1]')
})

test('the schema is there for editors, and is the one of the module', () => {
  const file = write('schema.mjs', [
    "import schemaFile from 'meshjoin/schemas/meshjoin.v1.schema.json' with { type: 'json' }",
    "import { schema } from 'meshjoin/schema'",
    'process.stdout.write(String(JSON.stringify(schemaFile) === JSON.stringify(schema)))',
  ])
  assert.is(runNode(file), 'true')
})

/** No resolution is left out, and no rule ignored. */
const everywhere = [
  'node10: OK ',
  'node16 (from CJS): OK (CJS)',
  'node16 (from ESM): OK (ESM)',
  'bundler: OK ',
].join('\n')

test('publint and "are the types wrong" have nothing to say', () => {
  const publint = runTool('publint/src/cli.js', ['--strict', tarball])
  assert.is(publint.status, 0, publint.stdout + publint.stderr)
  assert.match(publint.stdout, /All good/)
  const attw = runTool('@arethetypeswrong/cli/dist/index.js', [
    '--format',
    'ascii',
    '--no-emoji',
    '--no-color',
    tarball,
  ])
  assert.is(attw.status, 0, attw.stdout + attw.stderr)
  for (const name of ['meshjoin', 'meshjoin/schema'])
    assert.ok(attw.stdout.includes(`"${name}"\n\n${everywhere}\n`), attw.stdout)
})

test('the lock file pins by sum and not by place', () => {
  const lock = readFileSync('package-lock.json', 'utf8')
  assert.not.match(lock, '"resolved"')
  const { packages } = JSON.parse(lock) as {
    packages: Record<string, { integrity?: string; link?: boolean }>
  }
  const unpinned = Object.entries(packages).filter(
    ([path, entry]) => path !== '' && entry.integrity === undefined,
  )
  assert.equal(
    unpinned.map(([path]) => path),
    [],
  )
})

test('installing it installs nothing else: what it runs on is bundled, and named with its reason', () => {
  assert.equal(Object.keys(manifest.dependencies ?? {}), [])
  const imported = new Set<string>(['ajv', 'yargs']) // compiled into the validator; bundled into the command line
  for (const path of listFiles('lib')) {
    const text = readFileSync(join('lib', path), 'utf8')
    for (const [, name = ''] of text.matchAll(/^(?:import|export)\b[^'"`]*?\bfrom '([^'.][^']*)'/gm))
      imported.add(name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : (name.split('/')[0] ?? ''))
  }
  assert.ok(imported.size > 5)
  const lines = readFileSync('ARCHITECTURE.md', 'utf8').split('\n')
  for (const name of imported) {
    const row = lines.find((line) => line.startsWith(`| ${name}`)) ?? ''
    assert.ok(row.length > name.length + 30, `${name} has no row with a reason in ARCHITECTURE.md`)
  }
})

test.run()

function write(name: string, lines: readonly string[]): string {
  const file = join(scratch, name)
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

function runNode(file: string, ...options: string[]): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--no-warnings', ...options, file], {
    cwd: scratch,
    encoding: 'utf8',
  })
  assert.is(status, 0, stderr)
  return stdout
}

function runTool(path: string, args: readonly string[]) {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' }
  return spawnSync(process.execPath, [join('node_modules', path), ...args], { encoding: 'utf8', env })
}
