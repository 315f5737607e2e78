/** Adds a toy of each sort by the lists of docs/adding-a-kind.md alone, in a copy of the sources, and looks for it in the output. */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { base, edit } from '../unit/diagnostics/base.ts'
import { type Change, toys } from './toys.ts'

/** The most files that a recipe may edit by hand. */
const budgets: Readonly<Record<string, number>> = {
  'A node attestor': 8,
  'A DNS provider': 12,
  'A redirect backend': 14,
  'A target': 14,
  'A unit': 5,
  'A verb of mesh-machine': 8,
  'An Ansible task': 2,
}

const recipes = readRecipes()
const folder = mkdtempSync(join(tmpdir(), 'meshjoin-toys-'))
const test = suite('recipes')

test.after(() => rmSync(folder, { recursive: true, force: true }))

test('each recipe is within its budget of files', () => {
  assert.equal([...recipes.keys()], Object.keys(budgets))
  for (const [title, files] of recipes) {
    assert.ok(files.length >= 2, title)
    assert.ok(files.length <= (budgets[title] ?? 0), `${title}: ${files.length} files`)
    assert.is(new Set(files).size, files.length, title)
  }
})

test('each recipe names files that are there, or are the toy', () => {
  for (const [title, files] of recipes)
    for (const file of files) assert.ok(existsSync(file) || file.includes('toy'), `${title}: ${file}`)
})

test('a toy changes the sources that its recipe names, and no others', () => {
  for (const [title, changes] of Object.entries(toys)) {
    const sources = recipes.get(title)?.filter((file) => /^(lib|schemas|scripts|templates)\//.test(file))
    assert.equal(Object.keys(changes).sort(), sources?.sort(), title)
  }
})

test('with the names in the schema alone, the compiler names the indexes of kinds and nothing else', () => {
  copySources()
  for (const changes of Object.values(toys))
    apply(Object.entries(changes).filter(([file]) => file.startsWith('schemas/')))
  assert.is(run(['--import', 'tsx', 'scripts/generate.ts']), '')
  const faults = compile()
  const files = [...new Set([...faults.matchAll(/^([\w/.-]+)\(/gm)].map(([, file]) => file))]
  assert.equal(
    files.sort(),
    ['attestors', 'backends', 'resolvers'].map((sort) => `lib/kinds/${sort}/index.ts`),
    faults,
  )
})

test('with all of their files the toys are in the output', () => {
  for (const changes of Object.values(toys))
    apply(Object.entries(changes).filter(([file]) => !file.startsWith('schemas/')))
  assert.is(run(['--import', 'tsx', 'scripts/generate.ts']), '')
  assert.is(compile(), '')
  const made = generate()
  const machine = 'systemd/legacy-app'
  assert.match(
    made(`${machine}/etc/spire/agent.json`),
    '"toy_path": "/run/credentials/spire-agent.service/toy"',
  )
  assert.match(
    made(`${machine}/etc/systemd/system/spire-agent.service`),
    '\nLoadCredential=toy:/etc/toy.secret\n',
  )
  assert.match(made('systemd/README.md'), 'Put the toy where the machine finds it.')
  assert.match(made(`${machine}/etc/linkerd/resolver.conf`), '\nserver 10.43.0.10\n')
  assert.match(made('ansible/roles/linkerd_machine/vars/Debian.yml'), /^ {2}toy:\n {4}- toy-rules$/m)
  assert.match(made(`${machine}/etc/linkerd/redirect.toy`), /^inbound \d+ rules, outbound \d+\n$/)
  assert.match(made(`${machine}/etc/linkerd/mesh-machine.conf`), /^REDIRECT_BACKEND='toy'$/m)
  assert.match(made(`${machine}/usr/local/sbin/mesh-machine`), 'toy_tables() {')
  assert.match(
    made(`${machine}/etc/systemd/system/linkerd-mesh.target`),
    /^Wants=(.* )?linkerd-toy\.service( |$)/m,
  )
  assert.match(made(`${machine}/etc/systemd/system/linkerd-toy.service`), 'Description=A toy')
  assert.is(made('toy/legacy-app/labels.txt'), 'tier=toy\n')
  assert.match(made('toy/README.md'), 'Machines as toys')
})

test.run()

/** The files of each recipe, by its title. */
function readRecipes(): Map<string, string[]> {
  const sections = readFileSync('docs/adding-a-kind.md', 'utf8').split(/^## /m).slice(1)
  return new Map(
    sections
      .map((section): [string, string[]] => [
        section.slice(0, section.indexOf('\n')),
        [...section.matchAll(/^\d+\. `([^`]+)`/gm)].map(([, file = '']) => file),
      ])
      .filter(([, files]) => files.length > 0),
  )
}

function copySources(): void {
  for (const name of ['lib', 'schemas', 'scripts', 'templates', 'package.json', 'tsconfig.json'])
    cpSync(name, join(folder, name), { recursive: true })
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
}

function apply(changes: readonly (readonly [string, Change])[]): void {
  for (const [file, change] of changes) {
    const path = join(folder, file)
    mkdirSync(dirname(path), { recursive: true })
    const text = typeof change === 'string' ? change : change(readFileSync(path, 'utf8'))
    assert.is(existsSync(path), typeof change !== 'string', `${file} is new, or it is not`)
    writeFileSync(path, text)
  }
}

/** What a program of Node says on both streams. */
function run(parameters: readonly string[], input = ''): string {
  const child = spawnSync(process.execPath, parameters, {
    cwd: folder,
    encoding: 'utf8',
    input,
    maxBuffer: 2 ** 26,
  })
  return child.stdout + child.stderr
}

function compile(): string {
  return run(['node_modules/typescript/bin/tsc', '-p', 'lib', '--noEmit'])
}

/** The output for a document with all toys, by path. */
function generate(): (path: string) => string {
  const document = edit(base, [
    [
      'attestation: {type: join_token, file: /etc/spire/join-token}',
      'attestation: {type: toy, toyFile: /etc/toy.secret}',
    ],
    ['  dns:\n', '  dns:\n    provider: toy\n'],
    ['machines:\n', 'redirect: {backend: toy}\nmachines:\n'],
    ['namespace: mixed-env', 'namespace: mixed-env\n    labels: {tier: toy}'],
  ])
  writeFileSync(
    join(folder, 'run.ts'),
    `import { readFileSync } from 'node:fs'
import { generate } from './lib/index.ts'
const targets = ['ansible', 'cloud-init', 'systemd', 'toy']
const result = generate(readFileSync(0, 'utf8'), { targets })
process.stdout.write(JSON.stringify(result.ok ? result.value.map(({ path, content }) => [path, String(content)]) : result.diagnostics))
`,
  )
  const made = JSON.parse(run(['--import', 'tsx', 'run.ts'], document)) as [string, string][]
  assert.ok(Array.isArray(made[0]), JSON.stringify(made))
  const files = new Map(made)
  return (path) =>
    files.get(path) ?? assert.unreachable(`${path} is not among ${[...files.keys()].join('\n')}`) ?? ''
}
