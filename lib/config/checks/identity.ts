import { pointer } from '../../diagnostics/pointer.ts'
import { isAbsent } from '../draft.ts'
import { isAgentId, isReservedId, serverNameFault, spiffeIdFault, trustDomainOf } from '../identity.ts'
import type { Settings } from '../layers.ts'
import { type Check, type CheckContext, createClaims, describeMachine, type MachineView } from './context.ts'

/** SPIFFE IDs, server names and parents: well formed, in the trust domain, and unique where they must be. */
export const checkIdentities: Check = ({ draft, machines, report, isNew }) => {
  const trustDomain = draft.spire?.trustDomain
  const identities = createClaims()
  const parents = createClaims()

  const checkId = (id: string | undefined, path: string, kind: 'identity' | 'parent'): void => {
    if (id === undefined || !isNew(`${path} ${id}`)) return
    const reason = spiffeIdFault(id) ?? reservedFault(id, kind)
    if (reason !== undefined) report('identity-malformed', path, { id, reason })
    else if (trustDomain !== undefined && trustDomainOf(id) !== trustDomain)
      report('identity-trust-domain', path, { id, trustDomain })
  }

  for (const machine of machines) {
    const { spiffeId, serverName, parentId, originOf, path } = machine
    const idPath = originOf('identity', 'spiffeId') || path
    const namePath = originOf('identity', 'serverName') || path
    const parentPath = originOf('parentId') || path
    checkId(spiffeId, idPath, 'identity')
    checkId(parentId, parentPath, 'parent')
    const fault = serverName === undefined ? undefined : serverNameFault(serverName)
    if (serverName !== undefined && fault !== undefined && isNew(`${namePath} ${serverName}`)) {
      report('server-name-invalid', namePath, { name: serverName, reason: fault })
    }
    if (spiffeId !== undefined && !machine.isInstances && isOwn(machine, idPath)) {
      const first = identities(spiffeId, describeMachine(machine))
      if (first !== undefined && first !== describeMachine(machine))
        report('identity-duplicate', idPath, { id: spiffeId, first })
    }
    // What instances have by default is made of the name of each.
    if (parentId === undefined || (machine.isInstances && parentPath === path)) continue
    if (parentId === spiffeId) report('parent-is-identity', parentPath, { id: parentId })
    const first = parents(parentId, describeMachine(machine))
    // Two machines of one name have been told so; their default parents follow from it.
    if (first !== undefined && first !== describeMachine(machine))
      report('parent-duplicate', parentPath, { id: parentId, first })
  }
  checkSharedPairs({ draft, report })
}

/** SPIRE refuses entries for its own IDs; one whose parent is the server is an alias for agents, not an identity for a proxy. */
function reservedFault(id: string, kind: 'identity' | 'parent'): string | undefined {
  if (!isReservedId(id) || (kind === 'parent' && isAgentId(id))) return undefined
  return kind === 'parent'
    ? "of the paths below /spire, which are SPIRE's own, only /spire/agent/... can be a parent"
    : "paths below /spire are SPIRE's own, so it issues no such identity"
}

/** A group that shares one half of an identity shares the other half too. */
function checkSharedPairs({ draft, report }: Pick<CheckContext, 'draft' | 'report'>): void {
  checkPair(draft.defaults, '/defaults/identity', report)
  for (const [name, group] of Object.entries(draft.groups ?? {}))
    checkPair(group, pointer('/groups', name, 'identity'), report)
}

function checkPair(settings: Settings | undefined, path: string, report: CheckContext['report']): void {
  const identity = settings?.identity
  if (isAbsent(identity, 'spiffeId') === isAbsent(identity, 'serverName')) return
  const [missing, given] = isAbsent(identity, 'serverName')
    ? ['serverName', 'spiffeId']
    : ['spiffeId', 'serverName']
  report('identity-incomplete', path, { missing, given })
}

/** An identity that a group or defaults give is shared on purpose. */
function isOwn(machine: MachineView, idPath: string): boolean {
  return idPath.startsWith(`${machine.path}/`) || idPath === machine.path
}
