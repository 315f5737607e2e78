import { Ajv, type ValidateFunction } from 'ajv'
import { compareNumbers, type Numbers, parseLinkerdVersion } from '../../../lib/config/versions.ts'
import { type Listed, listCrds, readSchema } from './crds.ts'

/** What we look at in any object of the API. */
export interface ApiObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly [key: string]: unknown
}

/**
 * What the custom resources of older releases have otherwise, by the edge release that has them as they are now. Read in
 * charts/linkerd-crds of linkerd/linkerd2 at its tags.
 */
interface Older {
  readonly until: Numbers
  readonly kind: string
  /** Versions of the newest that an older cluster does not serve. */
  readonly withoutVersion?: string
  /** Versions that it served instead, with the same fields as far as we use them. */
  readonly otherVersion?: { readonly version: string; readonly like: string; readonly since?: Numbers }
  readonly change?: (schema: Schema) => void
}

/** As much of a closed schema as the older ones change. */
interface Schema {
  properties: Record<string, object> & {
    spec: { properties: Record<string, { maxItems?: number } | undefined> }
  }
}

const gateway = 'gateway.networking.k8s.io'
const olders: readonly Older[] = [
  { until: [24, 3, 5], kind: 'ExternalWorkload.workload.linkerd.io', change: allowStatus },
  { until: [24, 9, 1], kind: 'ExternalWorkload.workload.linkerd.io', change: allowOneAddress },
  { until: [24, 7, 4], kind: 'Server.policy.linkerd.io', withoutVersion: 'v1beta3' },
  {
    until: [25, 2, 3],
    kind: `HTTPRoute.${gateway}`,
    withoutVersion: 'v1',
    otherVersion: { version: 'v1beta1', like: 'v1' },
  },
  {
    until: [25, 2, 3],
    kind: `GRPCRoute.${gateway}`,
    withoutVersion: 'v1',
    otherVersion: { version: 'v1alpha2', like: 'v1', since: [24, 5, 2] },
  },
]

/** What is wrong with an object for a release of Linkerd; undefined where it is not of a custom resource. */
export type Judge = (object: ApiObject) => string | undefined

const own = /^(apps\/|batch\/|rbac\.authorization\.k8s\.io\/|networking\.k8s\.io\/|policy\/)?v[0-9]/
const judges = new Map<string, Judge>()

/** Holds objects against the closed schemas, as they were at a release. */
export function judgeFor(linkerdVersion: string): Judge {
  const version = parseLinkerdVersion(linkerdVersion)
  if (version === undefined) throw new Error(`${linkerdVersion} is no version of Linkerd`)
  const key = version.edge.join('.')
  const judge = judges.get(key) ?? makeJudge(version.edge)
  judges.set(key, judge)
  return judge
}

function makeJudge(edge: Numbers): Judge {
  const validators = new Map<string, ValidateFunction>()
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
  for (const listed of listCrds())
    for (const [version, schema] of servedAt(edge, listed))
      validators.set(`${listed.group}/${version} ${listed.kind}`, ajv.compile(schema))
  return (object) => {
    const { apiVersion, kind } = object
    if (own.test(apiVersion)) return undefined
    const validate = validators.get(`${apiVersion} ${kind}`)
    if (validate === undefined) return `${apiVersion} ${kind} is not served`
    return validate(object) ? undefined : ajv.errorsText(validate.errors, { dataVar: kind })
  }
}

/** The versions of a kind that a release serves, with their schemas. */
function servedAt(edge: Numbers, listed: Listed): [version: string, schema: object][] {
  const { kind, group, version } = listed
  const changes = olders.filter(
    ({ until, kind: of }) => of === `${kind}.${group}` && compareNumbers(edge, until) < 0,
  )
  const schema = structuredClone(readSchema(listed, 'strict')) as Schema
  for (const { change } of changes) change?.(schema)
  const isServed = !changes.some(({ withoutVersion }) => withoutVersion === version)
  const others = changes.flatMap(({ otherVersion: other }) =>
    other?.like === version && compareNumbers(edge, other.since ?? []) >= 0 ? [other.version] : [],
  )
  const renamed = others.map((name): [string, object] => {
    const apiVersion = { type: 'string', const: `${group}/${name}` }
    return [name, { ...schema, properties: { ...schema.properties, apiVersion } }]
  })
  return isServed ? [[version, schema], ...renamed] : renamed
}

function allowStatus(schema: Schema): void {
  const listed = listCrds().find(({ kind }) => kind === 'ExternalWorkload')
  if (listed === undefined) throw new Error('crds/index.json has no ExternalWorkload')
  const published = readSchema(listed, 'published') as Schema
  schema.properties.status = published.properties.status as object
}

function allowOneAddress(schema: Schema): void {
  const { workloadIPs } = schema.properties.spec.properties
  if (workloadIPs === undefined) throw new Error('the schema of ExternalWorkload has no workloadIPs')
  workloadIPs.maxItems = 1
}
