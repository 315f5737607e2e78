import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlPlane } from './control-plane.ts'

/** A custom resource, as `crds/index.json` lists it. */
export interface Listed {
  readonly file: string
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly scope: string
  readonly statusSubresource: boolean
}

/** The folder of schemas that the tests need beside this repository. */
function crdFolder(): string {
  const folder = process.env.MESHJOIN_SCHEMAS ?? ''
  const found = join(folder, 'crds')
  if (folder === '' || !existsSync(join(found, 'index.json'))) {
    throw new Error(
      'MESHJOIN_SCHEMAS must name a folder that has crds/index.json, the schemas that it lists and, for each, a closed one in ' +
        'crds/strict: the openAPIV3Schema of every version in the CustomResourceDefinitions of charts/linkerd-crds ' +
        '(repository linkerd/linkerd2) and config/crd/bases (repository spiffe/spire-controller-manager)',
    )
  }
  return found
}

export function listCrds(): Listed[] {
  return JSON.parse(readFileSync(join(crdFolder(), 'index.json'), 'utf8')) as Listed[]
}

/** The schema of a resource as published, or closed. */
export function readSchema({ file }: Listed, variant: 'published' | 'strict'): object {
  const folder = variant === 'strict' ? join(crdFolder(), 'strict') : crdFolder()
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as object
}

/** Whether ExternalWorkloads have a subresource for their status: not in 2.15. */
export async function serveStatus(plane: ControlPlane, isServed: boolean): Promise<void> {
  const path = '/spec/versions/0/subresources'
  const patch = [isServed ? { op: 'add', path, value: { status: {} } } : { op: 'remove', path }]
  const crd = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/externalworkloads.workload.linkerd.io'
  const asked = { method: 'PATCH', type: 'application/json-patch+json', body: patch }
  const { status, body } = await plane.ask(crd, asked)
  if (status !== 200) throw new Error(body)
  // What serves it is made anew a moment later.
  for (let tries = 0; tries < 100; tries++) {
    const { body: said } = await plane.ask('/apis/workload.linkerd.io/v1beta1')
    if (said.includes('externalworkloads/status') === isServed) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('the API server goes on as before')
}

/** The CustomResourceDefinitions of all of them. */
export function makeCrds(): object[] {
  const kinds = new Map<string, Listed[]>()
  const all = listCrds()
  const grpc = all.find(({ kind }) => kind === 'GRPCRoute')
  // Served beside v1, and all that there was before.
  const former = grpc === undefined ? [] : [{ ...grpc, version: 'v1alpha2' }]
  for (const listed of [...former, ...all]) {
    const key = `${pluralOf(listed.kind)}.${listed.group}`
    kinds.set(key, [...(kinds.get(key) ?? []), listed])
  }
  return [...kinds].map(([name, versions]) => makeCrd(name, versions))
}

/** As the API's paths have a kind. */
function pluralOf(kind: string): string {
  return `${kind.toLowerCase()}s`.replace(/ys$/, 'ies')
}

function makeCrd(name: string, versions: readonly Listed[]): object {
  const [{ group, kind, scope }] = versions as [Listed]
  // The API server wants to know of anything in a group of Kubernetes' own whether it was approved.
  const approved = { 'api-approved.kubernetes.io': 'unapproved, for tests' }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name, annotations: group.endsWith('.k8s.io') ? approved : {} },
    spec: {
      group,
      scope,
      names: { kind, plural: pluralOf(kind), singular: kind.toLowerCase() },
      versions: versions.map((listed, index) => ({
        name: listed.version,
        served: true,
        storage: index === versions.length - 1,
        ...(listed.statusSubresource ? { subresources: { status: {} } } : {}),
        schema: { openAPIV3Schema: withoutAdditions(readSchema(listed, 'published')) },
      })),
    },
  }
}

/** A schema as a CustomResourceDefinition has it, without what was added for validators of JSON Schema. */
function withoutAdditions(schema: object): object {
  const { $schema: _, title: _title, required: _required, ...root } = schema as Record<string, unknown>
  const {
    apiVersion: _version,
    kind: _kind,
    metadata: _metadata,
    ...properties
  } = root.properties as object & Record<string, unknown>
  return withoutIntOrString({ ...root, properties }) as object
}

function withoutIntOrString(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withoutIntOrString)
  const isEither = 'x-kubernetes-int-or-string' in value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !(isEither && key === 'anyOf'))
      .map(([key, child]) => [key, withoutIntOrString(child)]),
  )
}
