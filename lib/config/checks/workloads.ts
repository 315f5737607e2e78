import { isAbsent } from '../draft.ts'
import { linkerdHas } from '../versions.ts'
import { type Check, type CheckContext, isServer, type MachineView } from './context.ts'

/** What a machine says of the object that the cluster has of it. */
export const checkWorkloads: Check = (context) => {
  for (const machine of context.machines) {
    if (isServer(machine)) checkDrain(context, machine)
    else if (machine.role === 'client') checkClient(context, machine)
  }
}

/** Up to 2.15 the object itself says it; later somebody has to patch its status. */
function checkDrain({ draft, linkerd, report, isNew }: CheckContext, machine: MachineView): void {
  const { settings, originOf } = machine
  if (settings.drain !== true || !isAbsent(draft, 'readiness')) return
  if (linkerd === undefined || !linkerdHas(linkerd, 'statusSubresource')) return
  const path = originOf('drain')
  if (isNew(`drain ${path}`)) report('drain-by-hand', path, {})
}

/** Of machines, groups and defaults: what only an ExternalWorkload has. */
const objectFields = ['labels', 'annotations', 'zone', 'healthCheck', 'drain'] as const

/** What is said of all machines is meant for the servers among them; what is said where the role is, is meant for clients. */
function checkClient({ report, isNew }: CheckContext, machine: MachineView): void {
  const { settings, originOf } = machine
  const level = levelOf(originOf('role'))
  for (const field of objectFields) {
    const value = settings[field]
    if (value === undefined || isEmpty(value)) continue
    const path = originOf(field)
    if (levelOf(path) >= level && isNew(`client ${path}`))
      report('client-without-object', path, { field, machine: machine.name ?? '' }, 'key')
  }
}

/** How near to the machine a setting is. */
function levelOf(path: string): number {
  return ['/defaults/', '/groups/', '/machines/'].findIndex((start) => path.startsWith(start))
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
