import { pointer } from '../../diagnostics/pointer.ts'
import { suggestWord } from '../../diagnostics/suggestion.ts'
import type { Draft } from '../draft.ts'
import { isNested } from '../label-selector.ts'
import { type Check, type CheckContext, createClaims, type MachineView } from './context.ts'
import { checkOffers, selectServers } from './services.ts'

type Migration = NonNullable<NonNullable<Draft['migration']>[number]>
type Service = NonNullable<NonNullable<Draft['services']>[number]>

/** Migrations: a Service to split, two sides that are apart, requests that can be shared. */
export const checkMigrations: Check = (context) => {
  const { draft } = context
  if ((draft.migration ?? []).length === 0) return
  const select = selectServers(context)
  const claims = { port: createClaims(), sides: new Map<string, Migration>() }
  for (const [index, migration] of (draft.migration ?? []).entries()) {
    if (migration === undefined) continue
    const path = pointer('/migration', index)
    const service = findService(context, migration, path)
    checkWeights(context, migration, path)
    checkNames(context, { migration, path, index, claims })
    const selector = migration.machines?.selector
    const machines = (selector === undefined ? [] : select(selector)).filter(
      ({ namespace }) => namespace === migration.namespace,
    )
    checkSides(context, migration, { machines, path, select })
    checkRequests(context, migration, { machines, path, service })
  }
}

function findService(
  { draft, report }: CheckContext,
  migration: Migration,
  path: string,
): Service | undefined {
  const { service: name, namespace, port } = migration
  if (name === undefined || namespace === undefined) return undefined
  const near = (draft.services ?? []).filter((one) => one?.namespace === namespace)
  const found = near.find((one) => one?.name === name)
  if (found === undefined) {
    const names = near.flatMap((one) => one?.name ?? [])
    report('reference-unknown', pointer(path, 'service'), {
      kind: 'service',
      name,
      suggestion: suggestWord(name, names),
    })
    return undefined
  }
  const ports = (found.ports ?? []).flatMap((one) => one?.port ?? [])
  if (port !== undefined && ports.length > 0 && !ports.includes(port))
    report('migration-port', pointer(path, 'port'), { service: name, port, ports: ports.join(', ') })
  return found
}

function checkWeights({ report }: CheckContext, { weights }: Migration, path: string): void {
  if (weights?.machines === 0 && weights.pods === 0) report('migration-weights', pointer(path, 'weights'), {})
}

interface Named {
  readonly migration: Migration
  readonly path: string
  readonly index: number
  readonly claims: {
    readonly port: ReturnType<typeof createClaims>
    readonly sides: Map<string, Migration>
  }
}

/** The Services of the two sides are made: their names must be free, and those of several ports must be the same. */
function checkNames({ draft, report }: CheckContext, { migration, path, index, claims }: Named): void {
  const { service, namespace, port } = migration
  if (service === undefined || namespace === undefined) return
  const taken = new Set(
    (draft.services ?? []).filter((one) => one?.namespace === namespace).map((one) => one?.name),
  )
  const refuse = (name: string, reason: string) =>
    report('migration-name', pointer(path, 'service'), { name, reason })
  for (const name of [`${service}-machines`, `${service}-pods`]) {
    if (taken.has(name)) refuse(name, 'the document has another one of that name')
    if (name.length > 63) refuse(name, 'a name has at most 63 characters')
  }
  const owner = `migration[${index}]`
  const first = port === undefined ? undefined : claims.port(`${namespace}/${service}:${port}`, owner)
  if (first !== undefined)
    report('name-duplicate', pointer(path, 'port'), { kind: 'migration of port', name: String(port), first })
  const before = claims.sides.get(`${namespace}/${service}`) ?? migration
  claims.sides.set(`${namespace}/${service}`, before)
  for (const side of ['machines', 'pods'] as const) {
    if (printSelector(before[side]?.selector) !== printSelector(migration[side]?.selector))
      refuse(`${service}-${side}`, 'another port of the same Service has another selector for this side')
  }
}

function printSelector(selector: Readonly<Record<string, string | undefined>> = {}): string {
  return JSON.stringify(Object.entries(selector).sort(([a], [b]) => (a < b ? -1 : 1)))
}

interface Sides {
  /** Of the side of the machines. */
  readonly machines: readonly MachineView[]
  readonly path: string
  readonly select: ReturnType<typeof selectServers>
}

function checkSides({ report }: CheckContext, migration: Migration, { machines, path, select }: Sides): void {
  const { namespace, weights } = migration
  const [own, pods] = [migration.machines?.selector, migration.pods?.selector]
  if (own === undefined || pods === undefined || namespace === undefined) return
  const at = pointer(path, 'pods', 'selector')
  const [caught] = select(pods).filter((machine) => machine.namespace === namespace)
  if (isNested(own, pods))
    report('migration-overlap', at, {
      reason: 'what one of the selectors selects, the other selects as well',
    })
  else if (caught !== undefined)
    report('migration-overlap', at, { reason: `this selects machine "${caught.name ?? ''}"` })
  if (machines.length === 0)
    report('migration-side-empty', pointer(path, 'machines', 'selector'), { namespace })
  else if ((weights?.machines ?? 0) > 0 && machines.every(({ settings }) => settings.drain === true))
    report('migration-drained', pointer(path, 'weights', 'machines'), {})
}

interface Requests {
  readonly machines: readonly MachineView[]
  readonly path: string
  readonly service: Service | undefined
}

function checkRequests(
  context: CheckContext,
  migration: Migration,
  { machines, path, service }: Requests,
): void {
  const { report } = context
  const listed = service?.ports?.find((port) => port?.port === migration.port)
  const target = migration.targetPort ?? listed?.targetPort ?? migration.port
  const at = pointer(path, migration.targetPort === undefined ? 'port' : 'targetPort')
  if (target === undefined) return
  // What the Service itself says of its port was looked at there.
  if (migration.targetPort !== undefined && migration.targetPort !== listed?.targetPort)
    checkOffers(context, machines, { service: `${migration.service}-machines`, port: target, path: at })
  const why = whyOpaque(context, migration, machines, target)
  if (why !== undefined) return report('migration-opaque', at, { port: String(target), why })
  const grpc = whyGrpc(context, migration, target, [listed?.name, target])
  if (grpc !== undefined)
    report('migration-protocol', path, { port: String(target), protocol: 'HTTP', why: grpc })
}

/** By what the document says of the port elsewhere. */
function whyOpaque(
  { draft }: CheckContext,
  migration: Migration,
  machines: readonly MachineView[],
  target: number | string,
): string | undefined {
  const machine = machines.find(({ ports }) =>
    ports.some(({ name, port, opaque }) => opaque === true && (name === target || port === target)),
  )
  if (machine !== undefined) return `machine "${machine.name ?? ''}" has it as opaque`
  const policy = policyOf(draft, migration, target)
  const protocol = policy?.target?.protocol
  return protocol === 'opaque' || protocol === 'TLS'
    ? `the policy "${policy?.name ?? ''}" says ${protocol}`
    : undefined
}

/** Asked only where the document leaves the protocol to us. */
function whyGrpc(
  { draft }: CheckContext,
  migration: Migration,
  target: number | string,
  names: readonly unknown[],
): string | undefined {
  if ('protocol' in migration) return undefined
  const policy = policyOf(draft, migration, target)
  if (policy?.target?.protocol === 'gRPC') return `the policy "${policy.name ?? ''}" says gRPC`
  const name = names.find((one) => typeof one === 'string' && /^grpc/.test(one))
  return name === undefined ? undefined : `it is called ${String(name)}`
}

/** A policy of the document about that port of one of the two sides. */
function policyOf(draft: Draft, { namespace, machines, pods }: Migration, port: number | string) {
  return (draft.policies ?? []).find((policy) => {
    if (policy?.namespace !== namespace || policy?.target?.port !== port) return false
    const { target } = policy
    return [
      [target.machines, machines?.selector],
      [target.pods, pods?.selector],
    ].some(([one, other]) => one !== undefined && other !== undefined && isNested(one, other))
  })
}
