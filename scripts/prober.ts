// Bundles templates/kubernetes/prober/ into the one file that a Node image runs.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'

const banner = `// Keeps the condition Ready of ExternalWorkloads true. For each machine of machines.json this program asks, again and again, the
// proxy's admin server, its inbound port and the application's health check, and patches externalworkloads/status when the
// verdict changes. It needs Node 20 and no package. Made by meshjoin; what it checks: docs/readiness.md.
`

/** The prober as the text that a ConfigMap holds: readable, with its comments. */
export async function bundleProber(templates: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(templates, 'kubernetes/prober/main.ts')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    write: false,
    legalComments: 'inline',
    banner: { js: banner },
    plugins: [keepComments],
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error('esbuild made no prober')
  return file.text
    .replace(/^\/\/ (?:\S*\/)?([a-z-]+\.ts)$/gm, '// $1')
    .replace(/^( *)\/\*!/gm, '$1/**')
    .replace(/^( *)\/\/!/gm, '$1//')
    .replaceAll('/* @__PURE__ */ ', '')
}

/** esbuild keeps what looks like a licence. Comments of types go with them. */
const keepComments: Plugin = {
  name: 'keep comments',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8')
        .replace(/\/\*\*(?:[^*]|\*(?!\/))*\*\/\n(?=(?:export )?(?:interface|type) )/g, '')
        .replace(/^( *)\/\*\*/gm, '$1/*!')
        .replace(/^( *)\/\/ /gm, '$1//! '),
    }))
  },
}
