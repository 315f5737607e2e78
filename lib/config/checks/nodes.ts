import { isAbsent } from '../draft.ts'
import { instanceName, isAgentId } from '../identity.ts'
import type { NodeIdentity } from '../resolved.ts'
import { type Check, type CheckContext, createClaims, describeMachine, type MachineView } from './context.ts'

type KnownNode = Extract<NodeIdentity, { by: 'selectors' | 'agent' }>

/** What the SPIRE server knows the agent of each machine by: there, of one machine alone, and said once. */
export const checkNodes: Check = ({ draft, machines, report }) => {
  const claim = createClaims()
  const unknown = new Map<string, { fields: readonly string[]; machines: MachineView[] }>()
  for (const machine of machines) {
    const { node } = machine
    if (node?.by === 'selectors' || node?.by === 'agent') {
      checkKnown(machine, node, { claim, report })
    } else if (node?.by === 'nothing' && isAbsent(machine.settings, 'parentId')) {
      const { missing } = node
      if (!missing.every((field) => isAbsent(machine.settings.attestation, field))) continue
      const key = missing.join()
      const known = unknown.get(key)
      if (known === undefined) unknown.set(key, { fields: missing, machines: [machine] })
      else known.machines.push(machine)
    }
  }
  const type = draft.spire?.agent?.attestation?.type ?? ''
  for (const { fields, machines } of unknown.values()) {
    const names = machines.map(({ name, path }) => name ?? path)
    report('node-unknown', machines[0]?.path ?? '', { type, fields, machines: names })
  }
}

interface Known extends Pick<CheckContext, 'report'> {
  readonly claim: ReturnType<typeof createClaims>
}

function checkKnown(machine: MachineView, node: KnownNode, { claim, report }: Known): void {
  const { settings, originOf, path, isInstances } = machine
  const fields = Object.keys(settings.attestation ?? {})
  const { parentId } = settings
  if (parentId !== undefined && fields.length > 0 && (node.by === 'agent' || isAgentId(parentId)))
    return report('node-parent', originOf('parentId'), { id: parentId, fields })
  const seen = node.by === 'agent' ? node.path : node.selectors.join(' ')
  const [field] = fields
  const place = (field !== undefined && originOf('attestation', field)) || path
  const first = claim(seen, describeMachine(machine))
  // Two machines of one name, and two that share a parent, have been told so.
  if (first !== undefined && first !== describeMachine(machine) && node.by === 'selectors')
    report('node-duplicate', place, { node: seen, first })
  else if (isInstances && parentId === undefined && !seen.includes(instanceName))
    report(
      'node-duplicate',
      place,
      { node: seen, first: 'every other instance' },
      place === path ? 'key' : 'value',
    )
}
