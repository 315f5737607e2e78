/** What the sources of the library may name, and which of them may import which. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { units } from '../../lib/files/units.ts'
import { attestors } from '../../lib/kinds/attestors/index.ts'
import { backends } from '../../lib/kinds/backends/index.ts'
import { resolvers } from '../../lib/kinds/resolvers/index.ts'

interface Source {
  /** As `lib/plan/plan.ts`. */
  readonly path: string
  readonly text: string
  /** What it imports: files of ours as paths from the top, packages by name. */
  readonly imports: readonly string[]
  /** Those of them that are there at run time. */
  readonly loads: readonly string[]
}

const library = readSources('lib')
const sources = [...library, ...readSources('bin')]

/** Which folder of lib may import from which, beside itself. The files right in lib may import from all. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  targets: ['files', 'plan', 'config', 'kinds', 'escape', 'diagnostics', 'generated', 'artifact'],
  files: ['plan', 'config', 'kinds', 'escape', 'diagnostics', 'generated'],
  plan: ['config', 'kinds', 'diagnostics'],
  config: ['kinds', 'diagnostics', 'generated'],
  // For their types; what kinds may load is in a test of its own.
  kinds: ['plan', 'config', 'escape'],
  escape: [],
  diagnostics: [],
}

/** Packages that the library may import; a browser has them all. */
const packages = [
  '@noble/hashes/sha2.js',
  '@noble/hashes/utils.js',
  '@scure/base',
  'cidr-tools',
  'fflate',
  'handlebars',
  'handlebars/runtime.js',
  'ipaddr.js',
  'js-yaml',
  'leven',
]

const test = suite('sources')

test('there are sources to look at', () => {
  assert.ok(library.length > 40)
  assert.ok(sources.some(({ path }) => path === 'bin/meshjoin.ts'))
  assert.ok(sources.filter(({ imports }) => imports.length > 0).length > 40)
})

test('the library compiles without the types of Node or of a browser', () => {
  const { types, lib } = readJson('lib/tsconfig.json').compilerOptions as { types: string[]; lib: string[] }
  assert.equal(types, [])
  assert.equal(lib, ['es2023'])
  const child = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'lib', '--noEmit'], {
    encoding: 'utf8',
  })
  assert.is(child.stdout, '')
  assert.is(child.status, 0)
})

test('the library imports itself and a few pure packages, nothing else', () => {
  for (const { path, imports } of library) {
    for (const name of imports) {
      const own = name.startsWith('lib/')
      assert.ok(own || packages.includes(name), `${path} imports ${name}`)
    }
  }
})

test('the library names no global that a pure function has no use for', () => {
  const forbidden =
    /\b(process|Date|Math\.random|fetch|eval|Function|console|setTimeout|setInterval|setImmediate|queueMicrotask|crypto|performance|require|Buffer|globalThis|navigator|localStorage|XMLHttpRequest|WebSocket|import\.meta|toLocale\w+|localeCompare|Intl)\b/
  for (const { path, text } of library) {
    // The validator's helpers carry their own source as text, and the schema's words are data.
    if (path.startsWith('lib/generated/')) continue
    const code = withoutWords(text)
    // lib/plan/environment.ts has a function of that name.
    const found = forbidden.exec(code.replace(/function process\(|\.\.\.process\(/g, ''))
    assert.is(found?.[0], undefined, path)
  }
})

test('imports go one way: targets, files, plan, config', () => {
  for (const { path, imports } of library) {
    const from = folderOf(path)
    if (from === '' || from === 'generated') continue
    for (const name of imports.filter((other) => other.startsWith('lib/'))) {
      const to = folderOf(name) === '' ? name.replace(/^lib\/(.*)\.ts$/, '$1') : folderOf(name)
      assert.ok(to === from || allowed[from]?.includes(to), `${path} imports ${name}`)
    }
  }
})

test('a kind loads leaves alone, and has no state', () => {
  const leaves = ['lib/config/network.ts', 'lib/plan/rule.ts', 'lib/plan/value.ts', 'lib/escape/rule.ts']
  const kinds = library.filter(({ path }) => folderOf(path) === 'kinds')
  assert.ok(kinds.length > 15)
  for (const { path, loads, text } of kinds) {
    const others = loads.filter((name) => folderOf(name) !== 'kinds' && !leaves.includes(name))
    assert.equal(others, [], path)
    assert.not.match(text, /^(export )?let |new (Weak)?(Map|Set)\(/m, path)
  }
  for (const leaf of leaves) {
    const { loads = [] } = library.find(({ path }) => path === leaf) ?? {}
    assert.equal(
      loads.filter((name) => name.startsWith('lib/kinds/')),
      [],
      leaf,
    )
  }
})

test('no kind is known by its name outside of its file and its index', () => {
  const names = Object.entries({ attestors, backends, resolvers })
    .flatMap(([, kinds]) => Object.keys(kinds))
    .filter((name) => name !== 'none') // a word that says other things, too
  assert.ok(names.length > 10)
  const quoted = new RegExp(`['"](${names.join('|')})['"]`)
  // Firewalls of these names are no backends of the redirect.
  const others = ['lib/targets/shared/firewall.ts']
  for (const { path, text } of sources) {
    if (/^lib\/(kinds|generated)\//.test(path) || others.includes(path)) continue
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/ .*$/gm, '')
    assert.is(quoted.exec(code)?.[0], undefined, path)
  }
})

test('no unit is known by its name outside of the table', () => {
  assert.ok(units.length > 10)
  const named = new RegExp(`['"\`/](${units.map(({ name }) => name.replace('.', '\\.')).join('|')})['"\`/]`)
  const tables = ['lib/files/units.ts', 'lib/kinds/unit.ts']
  // A DNS provider brings units of its own.
  for (const name of ['hosts', 'systemd-resolved']) tables.push(`lib/kinds/resolvers/${name}.ts`)
  for (const { path, text } of sources) {
    if (path.startsWith('lib/generated/') || tables.includes(path)) continue
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/ .*$/gm, '')
    assert.is(named.exec(code)?.[0], undefined, path)
  }
})

test('the files of kinds are those that the index of each sort lists', () => {
  for (const sort of ['attestors', 'backends', 'resolvers']) {
    const index = library.find(({ path }) => path === `lib/kinds/${sort}/index.ts`)
    const files = library
      .map(({ path }) => path)
      .filter((path) => path.startsWith(`lib/kinds/${sort}/`) && path !== index?.path)
    // The interface of the sort, and what attestors and printers of rules share.
    const notKinds = files.filter((path) => /\/(attestor|backend|node|resolver|rules)\.ts$/.test(path))
    const listed = index?.imports.filter((name) => files.includes(name) && !notKinds.includes(name))
    assert.equal(listed?.sort(), files.filter((path) => !notKinds.includes(path)).sort(), sort)
  }
})

test('every folder of the library has its place in that order', () => {
  const folders = new Set(library.map(({ path }) => folderOf(path)))
  folders.delete('')
  folders.delete('generated')
  assert.equal([...folders].sort(), Object.keys(allowed).sort())
})

test('a target is a folder that imports no other, and what they share imports none', () => {
  /** `ansible` for `lib/targets/ansible/target.ts`; undefined for what is right in `lib/targets/`. */
  const targetOf = (path: string) => /^lib\/targets\/([^/]+)\//.exec(path)?.[1]
  const inTargets = library.filter(({ path }) => targetOf(path) !== undefined)
  const names = new Set(inTargets.map(({ path }) => targetOf(path)))
  assert.ok(names.has('shared'))
  for (const name of names) {
    if (name === 'shared') continue
    assert.ok(
      library.some(({ path }) => path === `lib/targets/${name}/target.ts`),
      `lib/targets/${name} has no target.ts`,
    )
  }
  for (const { path, imports } of inTargets) {
    const others = imports.map(targetOf).filter((name) => name !== undefined && name !== 'shared')
    assert.equal(
      others.filter((name) => name !== targetOf(path)),
      [],
      path,
    )
  }
  // The index lists the targets; nobody lists files here.
  const listed = library.find(({ path }) => path === 'lib/targets/index.ts')?.imports.map(targetOf) ?? []
  assert.equal([...new Set(listed)].sort(), [...names].sort())
})

test('nothing in the library imports the files right in lib but they themselves', () => {
  for (const { path, imports } of library) {
    if (folderOf(path) === '') continue
    const top = imports.filter(
      (name) => name.startsWith('lib/') && folderOf(name) === '' && name !== 'lib/artifact.ts',
    )
    assert.equal(top, [], path)
  }
})

test('the command line uses what every other program can use', () => {
  const open = ['lib/index.ts', 'lib/schema.ts', 'lib/artifact.ts']
  for (const { path, imports } of sources) {
    if (!path.startsWith('bin/')) continue
    const inner = imports.filter((name) => name.startsWith('lib/') && !open.includes(name))
    assert.equal(inner, [], path)
  }
})

test('modules do not import each other in a circle, not even for types', () => {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    assert.not.ok(trail.includes(path), `a circle: ${[...trail, path].join(' → ')}`)
    if (done.has(path)) return
    for (const name of byPath.get(path)?.imports ?? []) visit(name, [...trail, path])
    done.add(path)
  }
  for (const { path } of sources) visit(path, [])
})

test.run()

function readSources(folder: string): Source[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|js)$/.test(name) && !name.endsWith('.d.ts'))
    .map((name) => {
      const path = join(folder, name)
      const text = readFileSync(path, 'utf8')
      if (path.endsWith('.js')) return { path, text, imports: [], loads: [] }
      const loads = importsOf(path, text.replace(/^(import|export) type\b/gm, '// $1'))
      return { path, text, imports: importsOf(path, text), loads }
    })
}

/** Imports that are there at run time or for types; also `export … from` and `import()`. */
function importsOf(path: string, text: string): string[] {
  const names = [
    ...text.matchAll(
      /^(?:import|export)\b[^'"`]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm,
    ),
  ]
  return names
    .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
    .map((name) => (name.startsWith('.') ? normalize(join(dirname(path), name)) : name))
    .filter((name) => !name.endsWith('/package.json'))
}

/** Code without comments and texts, where words are free. */
function withoutWords(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''")
    .replace(/`(?:[^`\\$]|\\.|\$(?!\{))*`/g, '``')
    .replace(/(^|\s)\/\/.*$/gm, '')
}

function folderOf(path: string): string {
  const parts = path.split('/')
  return parts.length > 2 ? (parts[1] ?? '') : ''
}

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
}
