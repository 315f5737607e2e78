/**
 * Makes dist: the library, as a module (lib) and as CommonJS (cjs), and the command line, as bundles with all that they need; and
 * the library's types.
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { type BuildOptions, build, type Metafile } from 'esbuild'

const shared = {
  bundle: true,
  format: 'esm',
  target: 'es2023',
  mainFields: ['module', 'main'],
  legalComments: 'none', // whole licences are collected below
  metafile: true,
} satisfies BuildOptions

// Built aside and put in place whole: a test that runs meanwhile has the old one or the new one.
const fresh = 'dist.new'
rmSync(fresh, { recursive: true, force: true })
execFileSync('node', ['node_modules/typescript/bin/tsc', '-p', 'lib', '--outDir', fresh], {
  stdio: 'inherit',
})
for (const name of ['templates', 'validator'])
  copyFileSync(`lib/generated/${name}.d.ts`, `${fresh}/lib/generated/${name}.d.ts`)
const pure = {
  ...shared,
  entryPoints: ['lib/index.ts', 'lib/schema.ts'],
  platform: 'neutral', // an import of Node's would fail here
  minifySyntax: true,
  minifyWhitespace: true,
} satisfies BuildOptions
const library = await build({
  ...pure,
  outdir: `${fresh}/lib`,
  footer: { js: 'export {}' }, // at the start of a line, where tools look for what makes a module
})
// A folder with a package.json of its own, so that names, and the text of the types, are the same in both.
await build({ ...pure, outdir: `${fresh}/cjs`, format: 'cjs' })
pruneTypes(`${fresh}/lib`)
cpSync(`${fresh}/lib`, `${fresh}/cjs`, { recursive: true, filter: (path) => !path.endsWith('.js') })
writeFileSync(`${fresh}/cjs/package.json`, '{"type":"commonjs"}\n')
const command = await build({
  ...shared,
  entryPoints: ['bin/meshjoin.ts'],
  outdir: `${fresh}/bin`,
  splitting: true, // a command is read when it runs
  alias: { 'string-width': './bin/ascii-width.ts' },
  platform: 'node',
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
  chunkNames: 'chunk-[hash]',
  minify: true,
})
writeFileSync(`${fresh}/THIRD-PARTY.txt`, collectLicences([library.metafile, command.metafile]))
chmodSync(`${fresh}/bin/meshjoin.js`, 0o755)
rmSync('dist', { recursive: true, force: true })
renameSync(fresh, 'dist')

/** Removes declarations that no entry leads to: they tell users nothing, and are twice in the package. */
function pruneTypes(folder: string): void {
  const wanted = new Set<string>()
  const follow = (path: string): void => {
    if (wanted.has(path)) return
    wanted.add(path)
    for (const [, to = ''] of readFileSync(path, 'utf8').matchAll(
      /(?:\bfrom |\bimport\()['"](\.[^'"]+)\.ts['"]/g,
    ))
      follow(join(dirname(path), `${to}.d.ts`))
  }
  for (const entry of ['index', 'schema']) follow(join(folder, `${entry}.d.ts`))
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    if (name.endsWith('.d.ts') && !wanted.has(join(folder, name))) rmSync(join(folder, name))
}

/** The licences of the packages that went into the bundles, and of ajv, whose code is in the compiled validator. */
function collectLicences(metafiles: readonly Metafile[]): string {
  const packages = new Set(['ajv'])
  for (const path of metafiles.flatMap(({ inputs }) => Object.keys(inputs))) {
    const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]
    if (name !== undefined) packages.add(name)
  }
  return [...packages].sort().map(readLicence).join('\n')
}

function readLicence(name: string): string {
  const folder = `node_modules/${name}`
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  if (file === undefined) throw new Error(`${name} has no licence file`)
  const { version } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as { version: string }
  return `${name} ${version}\n\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}\n`
}
