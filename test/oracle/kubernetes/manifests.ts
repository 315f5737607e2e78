import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { loadAll } from 'js-yaml'
import { type Artifact, formatDiagnostic, generate, resolve } from '../../../lib/index.ts'
import { readDocuments } from '../support/cases.ts'
import type { ApiObject } from './schemas.ts'

/** What the target `kubernetes` makes of a document. */
export interface Manifests {
  readonly title: string
  readonly linkerdVersion: string
  readonly artifacts: readonly Artifact[]
}

/** Of every document of ours that has anything for the cluster. */
export function readManifests(): Manifests[] {
  const documents = readDocuments()
  return [...documents, ...readOlder(documents.get('golden/measured-policy') ?? '')].flatMap(
    ([title, text]) => {
      const made = generateManifests(title, text)
      return isEmpty(made) ? [] : [made]
    },
  )
}

/** The document with most in it, with a migration of gRPC too, for releases that have other resources. */
function readOlder(measured: string): [title: string, text: string][] {
  const weights = '    weights: {machines: 90, pods: 10}\n'
  const [, http = ''] = measured.split(/^migration:\n/m)
  const item = http.slice(0, http.indexOf(weights) + weights.length)
  const grpc = item.replace('port: 80\n', 'port: 50051\n    protocol: gRPC\n')
  const more = measured.replace(item, item + grpc)
  const edge = 'linkerdVersion: edge-26.8.3'
  if (item === grpc || !more.includes(edge)) throw new Error('golden/measured-policy has another migration')
  const releases = { '2.15': 'v2.221.0', '2.16': 'v2.246.0', '2.17': 'v2.268.0', '2.20': 'v2.359.0' }
  return Object.entries(releases).map(([release, proxy]) => {
    const text = more
      .replace(edge, `linkerdVersion: "${release}"`)
      .replace('version: v2.366.0', `version: ${proxy}`)
    // The first has no routes for gRPC methods and no status that a program could keep, and is told so.
    const isFirst = release === '2.15'
    return [
      `measured-policy of ${release}`,
      isFirst ? text.replace(/^( +routes: \[\{service|readiness:).*\n/gm, '') : text,
    ]
  })
}

export function generateManifests(title: string, document: string | object): Manifests {
  const made = tryManifests(title, document)
  if (made !== undefined) return made
  const { diagnostics } = generate(document, { targets: ['kubernetes'] })
  throw new Error(`${title} is refused:\n${diagnostics.map((one) => formatDiagnostic(one)).join('\n')}`)
}

/** Undefined where the document is refused. */
export function tryManifests(title: string, document: string | object): Manifests | undefined {
  const resolved = resolve(document)
  if (!resolved.ok) return undefined
  const made = generate(document, { targets: ['kubernetes'] })
  if (!made.ok) return undefined
  const artifacts = made.value.filter(({ path }) => path.startsWith('kubernetes/'))
  return { title, linkerdVersion: resolved.value.mesh.linkerd.text, artifacts }
}

export function isEmpty({ artifacts }: Manifests): boolean {
  return !artifacts.some(({ path }) => path === 'kubernetes/kustomization.yaml')
}

/** The folder `kubernetes` of a document, written below a folder. */
export function placeManifests({ title, artifacts }: Manifests, below: string): string {
  const root = join(below, title.replaceAll('/', '_'))
  for (const { path, content, mode } of artifacts) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content, { mode })
  }
  return join(root, 'kubernetes')
}

/** The objects that its files hold; those that kustomize makes are not among them. */
export function objectsOf({ artifacts }: Manifests): ApiObject[] {
  return artifacts
    .filter(({ path }) => /^kubernetes\/[^/]+\.yaml$/.test(path) && !path.endsWith('/kustomization.yaml'))
    .flatMap(({ content }) => loadAll(String(content)) as ApiObject[])
}

/** As the API's paths name an object. */
export function nameOf({ apiVersion, kind, metadata }: ApiObject): string {
  return `${apiVersion} ${kind} ${metadata.namespace ?? ''}/${metadata.name}`
}
