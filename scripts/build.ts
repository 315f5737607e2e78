/** Makes dist: the library as modules with types, and the command line as one file per command with all it needs. */
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, rmSync } from 'node:fs'
import { build } from 'esbuild'

rmSync('dist', { recursive: true, force: true })
execFileSync('node', ['node_modules/typescript/bin/tsc', '-p', 'lib'], { stdio: 'inherit' })
cpSync('lib/generated', 'dist/lib/generated', {
  recursive: true,
  filter: (path) => !path.endsWith('.ts') || path.endsWith('.d.ts'),
})
await build({
  entryPoints: ['bin/meshjoin.ts'],
  outdir: 'dist/bin',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  mainFields: ['module', 'main'],
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
  chunkNames: 'chunk-[hash]',
  minify: true,
  legalComments: 'linked',
})
chmodSync('dist/bin/meshjoin.js', 0o755)
