import {
  annotationLine,
  listsPort,
  opaqueAnnotation,
  policyAnnotation,
  printPorts,
  usualOpaquePorts,
  usualPolicy,
} from '../annotations.ts'
import { findGroup } from '../layers.ts'
import { shorten } from '../schema-faults.ts'
import type { Check, CheckContext, MachineView } from './context.ts'

/**
 * Inbound policy and opaque ports are two halves each: the proxy's environment, and an annotation of the ExternalWorkload.
 * No target writes the object yet, so the document is asked whether it says the same in both.
 */
export const checkAnnotations: Check = (context) => {
  const missing = new Map<string, Missing>()
  for (const machine of context.machines) {
    if (machine.role !== 'server') continue
    checkPolicy(context, machine, missing)
    checkOpaque(context, machine, missing)
  }
  for (const { path, line, field, machines } of missing.values())
    context.report('annotation-missing', path, { machines: nameMachines(context, machines), line, field })
}

/** One line that the objects of some machines need, and the field that makes it so. */
interface Missing {
  readonly path: string
  readonly line: string
  readonly field: string
  readonly machines: MachineView[]
}

function note(missing: Map<string, Missing>, machine: MachineView, found: Omit<Missing, 'machines'>): void {
  const key = `${found.path} ${found.line}`
  const known = missing.get(key)
  if (known === undefined) missing.set(key, { ...found, machines: [machine] })
  else known.machines.push(machine)
}

function checkPolicy(context: CheckContext, machine: MachineView, missing: Map<string, Missing>): void {
  if (isPolicyUnreadable(context, machine)) return
  const { settings, originOf } = machine
  const typed = settings.proxy?.defaultInboundPolicy
  const policy = typed ?? usualPolicy
  const annotation = settings.annotations?.[policyAnnotation]
  if (annotation === policy || (annotation === undefined && policy === usualPolicy)) return
  if (annotation === undefined) {
    const path = originOf('proxy', 'defaultInboundPolicy')
    return note(missing, machine, {
      path,
      line: annotationLine(policyAnnotation, policy),
      field: 'defaultInboundPolicy',
    })
  }
  const path = originOf('annotations', policyAnnotation)
  if (!context.isNew(`annotation ${path}`)) return
  context.report('annotation-contradicts', path, {
    name: policyAnnotation,
    value: shorten(annotation),
    other:
      typed === undefined
        ? `no defaultInboundPolicy is set, so the proxy starts with ${policy}`
        : `the proxy starts with ${policy}`,
    remedy: `set proxy.defaultInboundPolicy to what is meant, and write ${annotationLine(policyAnnotation, policy)} here where that is ${policy}`,
  })
}

/** A policy that does not fit the schema has been reported, and is not the default. */
function isPolicyUnreadable({ draft }: CheckContext, { group }: MachineView): boolean {
  return [draft.proxy, draft.defaults?.proxy, findGroup(draft, group)?.proxy].some(
    (proxy) =>
      proxy !== undefined && 'defaultInboundPolicy' in proxy && proxy.defaultInboundPolicy === undefined,
  )
}

function checkOpaque(context: CheckContext, machine: MachineView, missing: Map<string, Missing>): void {
  const { settings, originOf } = machine
  const annotation = settings.annotations?.[opaqueAnnotation]
  const ports = machine.ports.flatMap(({ port, name, opaque, path }) =>
    port === undefined
      ? []
      : [{ port, opaque, path, listed: annotation !== undefined && listsPort(annotation, port, name) }],
  )
  const opaque = ports.filter((port) => port.opaque === true)
  const wrong = ports.filter(({ opaque, listed }) => opaque !== undefined && opaque !== listed)
  const [first] = opaque
  if (annotation === undefined) {
    if (first !== undefined) {
      const line = annotationLine(opaqueAnnotation, printPorts(opaque.map(({ port }) => port)))
      note(missing, machine, { path: `${first.path}/opaque`, line, field: 'opaque' })
    }
  } else if (wrong.length > 0) {
    const path = originOf('annotations', opaqueAnnotation)
    const meant = ports.filter(({ opaque, listed }) => opaque ?? listed).map(({ port }) => port)
    if (context.isNew(`annotation ${path}`))
      context.report('annotation-contradicts', path, {
        name: opaqueAnnotation,
        value: shorten(annotation),
        other: wrong.map(({ port, opaque }) => `port ${port} has "opaque: ${opaque}"`).join(', '),
        remedy: `write ${annotationLine(opaqueAnnotation, printPorts(meant))} here, or change "opaque" of the ports`,
      })
  }
  for (const { port, opaque, listed, path } of ports) {
    if (opaque !== undefined || !context.isNew(`opaque ${path}`)) continue
    if (listed) context.report('annotation-alone', path, { port })
    else if (usualOpaquePorts.includes(port)) context.report('port-usually-opaque', path, { port })
  }
}

/** Whose object it is about, as short as it can be said. */
function nameMachines({ machines }: CheckContext, some: readonly MachineView[]): string {
  const servers = machines.filter(({ role }) => role === 'server')
  if (some.length === servers.length && some.length > 1) return 'every machine'
  const groups = [...new Set(some.map(({ group }) => group))]
  const whole = groups.every((group) => {
    const count = servers.filter((machine) => machine.group === group).length
    return group !== undefined && some.filter((machine) => machine.group === group).length === count
  })
  if (whole) return `group ${groups.slice(0, 5).join(', ')}${groups.length > 5 ? ', …' : ''}`
  const names = some.map(({ name }) => name ?? 'without a name')
  return `machine ${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`
}
