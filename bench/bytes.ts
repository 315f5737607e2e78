/** Sizes that do not depend on the machine that measures them: for bench.ts, and for the tests that hold them. */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { generate, parse } from '../lib/index.ts'

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

/** The minimal document as it is while anchors are exchanged, for machines of both architectures. */
export function twoOfEach(minimal: string): string {
  const sums = (text: string) =>
    text.replace(/sha256: \{amd64: ([0-9a-f]+)\}/g, (_, sum: string) => {
      const other = [...sum].reverse().join('')
      return `sha256: {amd64: ${sum}, arm64: ${other}}`
    })
  const more = parse(readFileSync('test/golden/dual-stack-groups/input.yaml', 'utf8')).value
  const { trustAnchors } = (more as { mesh: { trustAnchors: string } }).mesh
  const second = trustAnchors.slice(trustAnchors.lastIndexOf('-----BEGIN ')).trim() // its first is the minimal document's
  return sums(minimal).replace('\nproxy:', () => `\n${second.replace(/^/gm, '    ')}\nproxy:`)
}

/**
 * Bytes of gzipped user-data of `examples/minimal.yaml` for EC2, with more lines of YAML below it, changed before, or with the
 * mesh layer brought in another way.
 */
export function measureMinimal(more = '', change = (text: string) => text, meshLayer = ''): number {
  const layer = meshLayer === '' ? '' : `, meshLayer: ${meshLayer}`
  const minimal = change(readFileSync('examples/minimal.yaml', 'utf8'))
  const text = `${minimal}${more}cloudInit: {platform: ec2, compress: true${layer}}\n`
  const made = generate(text, { targets: ['cloud-init'] })
  const found = made.value?.find(({ path }) => path.endsWith('/user-data'))
  const large = made.diagnostics.find(({ code }) => code === 'user-data-too-large')
  const bytes = found?.content.length ?? Number(/[0-9,]{5,}/.exec(large?.message ?? '')?.[0].replace(',', ''))
  if (!(bytes > 0)) throw new Error(JSON.stringify(made.diagnostics))
  return bytes
}
