/** Sizes that do not depend on the machine that measures them: for bench.ts, and for the tests that hold them. */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { generate } from '../lib/index.ts'

/** The library as a web page would load it, minified and gzipped, and its largest parts before gzip. */
export async function measureBundle(): Promise<{
  readonly bytes: number
  readonly parts: readonly (readonly [name: string, bytes: number])[]
}> {
  const { outputFiles, metafile } = await build({
    entryPoints: ['lib/index.ts'],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    logLevel: 'error',
  })
  const [output] = Object.values(metafile.outputs)
  const parts = new Map<string, number>()
  for (const [path, { bytesInOutput }] of Object.entries(output?.inputs ?? {})) {
    const part =
      /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ??
      (path.startsWith('lib/generated/') ? path : 'lib')
    parts.set(part, (parts.get(part) ?? 0) + bytesInOutput)
  }
  return {
    bytes: gzipSync(outputFiles[0]?.contents ?? new Uint8Array(), { level: 9 }).length,
    parts: [...parts].sort((a, b) => b[1] - a[1]),
  }
}

/** Bytes of gzipped user-data of `examples/minimal.yaml` for EC2, with more lines of YAML below it. */
export function measureMinimal(more = ''): number {
  const text = `${readFileSync('examples/minimal.yaml', 'utf8')}${more}cloudInit: {platform: ec2, compress: true}\n`
  const made = generate(text, { targets: ['cloud-init'] })
  const found = made.value?.find(({ path }) => path.endsWith('/user-data'))
  if (found === undefined) throw new Error(JSON.stringify(made.diagnostics))
  return found.content.length
}
