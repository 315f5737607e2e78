import { pointer } from '../../diagnostics/pointer.ts'
import type { Draft } from '../draft.ts'
import { createSelection, objectLabels } from '../selection.ts'
import { linkerdHas, linkerdSince } from '../versions.ts'
import { type Check, type CheckContext, createClaims, isServer, type MachineView } from './context.ts'

type Service = NonNullable<NonNullable<Draft['services']>[number]>

/** Services: unique names, selectors that select what was meant, ports that somebody has. */
export const checkServices: Check = (context) => {
  const { draft, report } = context
  const select = selectServers(context)
  const claim = createClaims()
  for (const [index, service] of (draft.services ?? []).entries()) {
    if (service?.name === undefined) continue
    const { name, namespace, selector } = service
    const path = pointer('/services', index)
    if (namespace !== undefined) {
      const first = claim(`${namespace}/${name}`, `services[${index}]`)
      if (first !== undefined)
        report('name-duplicate', pointer(path, 'name'), { kind: 'Service', name, first })
    }
    checkPortNames(context, service, index)
    if (selector === undefined) continue
    const selected = select(selector)
    checkNamespaces(context, service, selected, path)
    const own = selected.filter((machine) => machine.namespace === namespace)
    for (const [at, port] of (service.ports ?? []).entries())
      checkOffers(context, own, {
        service: name,
        port: port?.targetPort ?? port?.port,
        path: pointer(path, 'ports', at),
      })
  }
}

/** Finds the machines that have an object, by its labels. */
export function selectServers({ machines }: CheckContext): ReturnType<typeof createSelection<MachineView>> {
  return createSelection(machines.filter(isServer), ({ settings }) =>
    objectLabels<string | undefined>(settings),
  )
}

function checkPortNames({ report }: CheckContext, { ports = [] }: Service, index: number): void {
  const claim = createClaims()
  const claimNumber = createClaims()
  for (const [at, port] of ports.entries()) {
    const owner = `services[${index}].ports[${at}]`
    const path = pointer('/services', index, 'ports', at)
    const first = port?.name === undefined ? undefined : claim(port.name, owner)
    if (first !== undefined)
      report('name-duplicate', `${path}/name`, { kind: 'Service port', name: port?.name ?? '', first })
    const same = port?.port === undefined ? undefined : claimNumber(String(port.port), owner)
    if (same !== undefined)
      report('service-port-duplicate', `${path}/port`, { port: port?.port ?? 0, first: same })
  }
}

function checkNamespaces(
  { linkerd, report }: CheckContext,
  { name = '', namespace }: Service,
  selected: readonly MachineView[],
  path: string,
): void {
  if (linkerd === undefined || linkerdHas(linkerd, 'namespacedSelectors')) return
  for (const machine of selected) {
    if (machine.name === undefined || machine.namespace === namespace) continue
    report('selector-crosses-namespaces', pointer(path, 'selector'), {
      service: name,
      machine: machine.name,
      version: linkerd.text,
      first: linkerdSince.namespacedSelectors.name,
    })
  }
}

/** A port of a Service, and where the document has it. */
interface Asked {
  readonly service: string
  readonly port: number | string | undefined
  readonly path: string
}

/**
 * Whether the machines of a Service have its port. A machine without it is left out of that port's endpoints, without a word; where
 * none has it, the port leads nowhere.
 */
export function checkOffers(
  { report }: CheckContext,
  machines: readonly MachineView[],
  { service, port, path }: Asked,
): void {
  const readable = machines.filter(({ name, ports }) => name !== undefined && ports.every(isReadable))
  if (port === undefined || readable.length < machines.length) return
  const lacking = readable.filter(({ ports }) => !ports.some((own) => own.name === port || own.port === port))
  if (lacking.length === 0) return
  report(lacking.length === machines.length ? 'service-port-unmatched' : 'service-port-partial', path, {
    service,
    port: String(port),
    machines: nameSome(lacking),
  })
}

/** A fleet has too many to name all. */
function nameSome(machines: readonly MachineView[]): string[] {
  const some = machines.slice(0, 5).map(({ name = '' }) => name)
  return machines.length > some.length ? [...some, `${machines.length - some.length} more`] : some
}

function isReadable({ name, port }: MachineView['ports'][number]): boolean {
  return name !== undefined && port !== undefined
}
