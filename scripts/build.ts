/** Makes dist: the library and the command line as bundles with all that they need, and the library's types. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
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
const library = await build({
  ...shared,
  entryPoints: ['lib/index.ts', 'lib/schema.ts'],
  outdir: `${fresh}/lib`,
  platform: 'neutral', // an import of Node's would fail here
  minifySyntax: true,
  minifyWhitespace: true,
  footer: { js: 'export {}' }, // at the start of a line, where tools look for what makes a module
})
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
