import { pointer } from '../../diagnostics/pointer.ts'
import { suggestWord } from '../../diagnostics/suggestion.ts'
import { isAbsent } from '../draft.ts'
import { isNetwork, parseNetwork } from '../network.ts'
import { linkerdHas, linkerdSince } from '../versions.ts'
import { type Check, type CheckContext, createClaims } from './context.ts'

/** Services, policies, migration: unique names, references that exist, selectors that select what was meant. */
export const checkCluster: Check = (context) => {
  checkNames(context)
  checkServices(context)
  checkPolicies(context)
  checkMigrations(context)
}

function checkNames({ draft, report }: CheckContext): void {
  for (const [kind, list] of [
    ['services', draft.services],
    ['policies', draft.policies],
  ] as const) {
    const claim = createClaims()
    for (const [index, item] of (list ?? []).entries()) {
      if (item?.name === undefined || item.namespace === undefined) continue
      const first = claim(`${item.namespace}/${item.name}`, `${kind}[${index}]`)
      const word = kind === 'services' ? 'Service' : 'policy'
      if (first !== undefined)
        report('name-duplicate', pointer('', kind, index, 'name'), { kind: word, name: item.name, first })
    }
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

function selects(
  selector: Readonly<Record<string, string | undefined>>,
  labels: Readonly<Record<string, string | undefined>> = {},
): boolean {
  const entries = Object.entries(selector)
  return (
    entries.length > 0 && entries.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)
  )
}

function checkPolicies({ draft, machines, report }: CheckContext): void {
  const names = machines.flatMap(({ name }) => (name === undefined ? [] : [name]))
  const known = new Set(names)
  for (const [index, policy] of (draft.policies ?? []).entries()) {
    if (policy === undefined) continue
    const path = pointer('/policies', index)
    const { target, allow } = policy
    if (target !== undefined && isAbsent(target, 'machines') === isAbsent(target, 'pods')) {
      report('policy-target', pointer(path, 'target'), {
        reason: isAbsent(target, 'pods')
          ? 'it selects neither machines nor pods'
          : 'it selects both machines and pods',
      })
    }
    for (const [at, name] of (allow?.machines ?? []).entries()) {
      if (name !== undefined && !known.has(name))
        report('reference-unknown', pointer(path, 'allow', 'machines', at), {
          kind: 'machine',
          name,
          suggestion: suggestWord(name, names),
        })
    }
    for (const [at, text] of (allow?.networks ?? []).entries()) {
      const network = text === undefined ? undefined : parseNetwork(text)
      if (text !== undefined && network !== undefined && !isNetwork(network))
        report('network-invalid', pointer(path, 'allow', 'networks', at), {
          value: text,
          reason: network.reason,
        })
    }
    const others = [allow?.serviceAccounts, allow?.machines].some((list) => (list ?? []).length > 0)
    if (allow?.unauthenticated === true && others)
      report('policy-allow', pointer(path, 'allow'), {
        reason: 'everybody is let in, so naming somebody means nothing',
      })
    checkRoutes({ draft, report }, index)
  }
}

function checkRoutes({ draft, report }: Pick<CheckContext, 'draft' | 'report'>, index: number): void {
  const policy = draft.policies?.[index]
  const protocol = policy?.target?.protocol ?? 'unknown'
  for (const [at, route] of (policy?.routes ?? []).entries()) {
    if (route === undefined) continue
    const path = pointer('/policies', index, 'routes', at)
    const isHttp = route.path !== undefined || route.methods !== undefined || route.match !== undefined
    const isGrpc = route.service !== undefined || route.method !== undefined
    if (isHttp && isGrpc) report('policy-route', path, { reason: 'it mixes HTTP and gRPC' })
    else if (protocol === 'opaque' || protocol === 'TLS')
      report('policy-route', path, { reason: `${protocol} has no requests to route` })
    else if (isHttp && protocol === 'gRPC') report('policy-route', path, { reason: 'the target speaks gRPC' })
    else if (isGrpc && protocol.startsWith('HTTP/1'))
      report('policy-route', path, { reason: 'the target speaks HTTP/1' })
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
