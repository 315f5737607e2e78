import { pointer } from '../../diagnostics/pointer.ts'
import { serverNameFault, spiffeIdFault, trustDomainOf } from '../identity.ts'
import { createClaims, type MachineView, type Rule } from './context.ts'

/** SPIFFE IDs, server names and parents: well formed, in the trust domain, and unique where they must be. */
export const checkIdentities: Rule = ({ draft, machines, report }) => {
  const trustDomain = draft.spire?.trustDomain
  const identities = createClaims()
  const parents = createClaims()
  const told = new Set<string>() // a group's identity is looked at once

  const checkId = (id: string | undefined, path: string): void => {
    if (id === undefined || told.has(path)) return
    told.add(path)
    const reason = spiffeIdFault(id)
    if (reason !== undefined) report('identity-malformed', path, { id, reason })
    else if (trustDomain !== undefined && trustDomainOf(id) !== trustDomain)
      report('identity-trust-domain', path, { id, trustDomain })
  }

  for (const machine of machines) {
    const { spiffeId, serverName, parentId, originOf, path } = machine
    const idPath = originOf('identity', 'spiffeId') || path
    const namePath = originOf('identity', 'serverName') || path
    const parentPath = originOf('parentId') || path
    checkId(spiffeId, idPath)
    checkId(parentId, parentPath)
    const fault = serverName === undefined ? undefined : serverNameFault(serverName)
    if (serverName !== undefined && fault !== undefined && !told.has(namePath)) {
      told.add(namePath)
      report('server-name-invalid', namePath, { name: serverName, reason: fault })
    }
    if (spiffeId !== undefined && isOwn(machine, idPath)) {
      const first = identities(spiffeId, describe(machine))
      if (first !== undefined) report('identity-duplicate', idPath, { id: spiffeId, first })
    }
    if (parentId === undefined) continue
    if (parentId === spiffeId) report('parent-is-identity', parentPath, { id: parentId })
    const first = parents(parentId, describe(machine))
    if (first !== undefined && machine.name !== undefined)
      report('parent-duplicate', parentPath, { id: parentId, first })
  }
  checkSharedPairs(draft, report)
}

/** A group that shares one half of an identity shares the other half too. */
const checkSharedPairs = (
  draft: Parameters<Rule>[0]['draft'],
  report: Parameters<Rule>[0]['report'],
): void => {
  const shared: [string, { spiffeId?: string | undefined; serverName?: string | undefined } | undefined][] = [
    ['/defaults/identity', draft.defaults?.identity],
    ...Object.entries(draft.groups ?? {}).map(
      ([name, group]) =>
        [pointer('/groups', name, 'identity'), group?.identity] as [
          string,
          typeof group extends undefined ? never : { spiffeId?: string; serverName?: string } | undefined,
        ],
    ),
  ]
  for (const [path, identity] of shared) {
    if (identity === undefined) continue
    if (identity.spiffeId !== undefined && identity.serverName === undefined)
      report('identity-incomplete', path, { missing: 'serverName', given: 'spiffeId' })
    if (identity.serverName !== undefined && identity.spiffeId === undefined)
      report('identity-incomplete', path, { missing: 'spiffeId', given: 'serverName' })
  }
}

/** An identity that a group or defaults give is shared on purpose. */
function isOwn(machine: MachineView, idPath: string): boolean {
  return idPath.startsWith(`${machine.path}/`) || idPath === machine.path
}

function describe(machine: MachineView): string {
  return machine.name === undefined ? machine.path : `machine "${machine.name}"`
}
