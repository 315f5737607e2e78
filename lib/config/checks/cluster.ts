import { pointer } from '../../diagnostics/pointer.ts'
import { suggestWord } from '../../diagnostics/suggestion.ts'
import { selects } from '../label-selector.ts'
import { linkerdHas, linkerdSince } from '../versions.ts'
import { type Check, type CheckContext, createClaims } from './context.ts'

/** Services and migration: unique names, references that exist, selectors that select what was meant. */
export const checkCluster: Check = (context) => {
  checkNames(context)
  checkServices(context)
  checkMigrations(context)
}

function checkNames({ draft, report }: CheckContext): void {
  const claim = createClaims()
  for (const [index, { name, namespace } = {}] of (draft.services ?? []).entries()) {
    if (name === undefined || namespace === undefined) continue
    const first = claim(`${namespace}/${name}`, `services[${index}]`)
    if (first !== undefined)
      report('name-duplicate', pointer('', 'services', index, 'name'), { kind: 'Service', name, first })
  }
}

function checkServices(context: CheckContext): void {
  const { draft, machines, linkerd, report } = context
  for (const [index, service] of (draft.services ?? []).entries()) {
    if (service?.name === undefined || service.selector === undefined) continue
    const path = pointer('/services', index)
    const claim = createClaims()
    for (const [at, port] of (service.ports ?? []).entries()) {
      const first = port?.name === undefined ? undefined : claim(port.name, `services[${index}].ports[${at}]`)
      if (first !== undefined)
        report('name-duplicate', pointer(path, 'ports', at, 'name'), {
          kind: 'Service port',
          name: port?.name ?? '',
          first,
        })
    }
    for (const machine of machines) {
      if (machine.name === undefined || !selects(service.selector, machine.settings.labels)) continue
      if (machine.namespace === service.namespace) checkTargetPorts(context, index, machine)
      else if (linkerd !== undefined && !linkerdHas(linkerd, 'namespacedSelectors')) {
        const first = linkerdSince.namespacedSelectors.name
        report('selector-crosses-namespaces', pointer(path, 'selector'), {
          service: service.name,
          machine: machine.name,
          version: linkerd.text,
          first,
        })
      }
    }
  }
}

function checkTargetPorts(
  { draft, report }: CheckContext,
  index: number,
  machine: CheckContext['machines'][number],
): void {
  const service = draft.services?.[index]
  for (const [at, port] of (service?.ports ?? []).entries()) {
    const target = port?.targetPort ?? port?.port
    if (target === undefined) continue
    const known = machine.ports.some((declared) => declared.name === target || declared.port === target)
    if (!known)
      report('service-port-unmatched', pointer('/services', index, 'ports', at), {
        service: service?.name ?? '',
        port: String(target),
        machine: machine.name ?? '',
      })
  }
}

function checkMigrations({ draft, report }: CheckContext): void {
  const services = (draft.services ?? []).flatMap((service) =>
    service?.name === undefined ? [] : [service.name],
  )
  for (const [index, migration] of (draft.migration ?? []).entries()) {
    if (migration === undefined) continue
    const path = pointer('/migration', index)
    const { service, weights } = migration
    if (service !== undefined && !services.includes(service)) {
      report('reference-unknown', pointer(path, 'service'), {
        kind: 'service',
        name: service,
        suggestion: suggestWord(service, services),
      })
    }
    if (weights?.machines === 0 && weights.pods === 0)
      report('migration-weights', pointer(path, 'weights'), {})
  }
}
