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
 * Inbound policy and opaque ports are two halves each: the proxy's environment, and an annotation of the ExternalWorkload. Both are made
 * of the same fields, so an annotation that the document has itself must not say something else.
 */
export const checkAnnotations: Check = (context) => {
  for (const machine of context.machines) {
    if (machine.role !== 'server') continue
    checkPolicy(context, machine)
    checkOpaque(context, machine)
  }
}

function checkPolicy(context: CheckContext, machine: MachineView): void {
  if (isPolicyUnreadable(context, machine)) return
  const { settings, originOf } = machine
  const typed = settings.proxy?.defaultInboundPolicy
  const policy = typed ?? usualPolicy
  const annotation = settings.annotations?.[policyAnnotation]
  if (annotation === policy || annotation === undefined) return
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

function checkOpaque(context: CheckContext, machine: MachineView): void {
  const { settings, originOf } = machine
  const annotation = settings.annotations?.[opaqueAnnotation]
  const ports = machine.ports.flatMap(({ port, name, opaque, path }) =>
    port === undefined
      ? []
      : [{ port, opaque, path, listed: annotation !== undefined && listsPort(annotation, port, name) }],
  )
  const wrong = ports.filter(({ opaque, listed }) => opaque !== undefined && opaque !== listed)
  if (annotation !== undefined && wrong.length > 0) {
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
