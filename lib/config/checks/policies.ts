import { pointer } from '../../diagnostics/pointer.ts'
import { suggestWord } from '../../diagnostics/suggestion.ts'
import { isAbsent } from '../draft.ts'
import { isNetwork, parseNetwork } from '../network.ts'
import { mostListed } from '../policy-sides.ts'
import type { Check, CheckContext, MachineView } from './context.ts'
import { checkHealth } from './health-policy.ts'
import { checkRoutes } from './policy-routes.ts'
import { checkPolicyTargets } from './policy-targets.ts'

/** Policies: who is let in exists, what is guarded exists, and each port has one policy. */
export const checkPolicies: Check = (context) => {
  const known = knownClients(context)
  for (const [index, policy] of (context.draft.policies ?? []).entries()) {
    if (policy === undefined) continue
    checkTargetKind(context, index)
    checkClients(context, index, known)
    checkRoutes(context, index)
  }
  checkNames(context)
  checkHealth(context, checkPolicyTargets(context))
  checkUnlisted(context)
}

interface Known {
  readonly machines: readonly string[]
  readonly groups: readonly string[]
  /** Groups of instances, each with a name of its own that nobody knows beforehand. */
  readonly strangers: ReadonlySet<string>
}

function knownClients({ draft, machines }: CheckContext): Known {
  return {
    machines: machines.flatMap(({ name, isInstances }) => (name === undefined || isInstances ? [] : [name])),
    groups: Object.keys(draft.groups ?? {}),
    strangers: new Set(machines.filter(isStranger).flatMap(({ name }) => name ?? [])),
  }
}

function isStranger({ isInstances, settings }: MachineView): boolean {
  return isInstances && settings.identity?.spiffeId === undefined && isAbsent(settings.identity, 'spiffeId')
}

function checkTargetKind({ draft, report }: CheckContext, index: number): void {
  const target = draft.policies?.[index]?.target
  if (target !== undefined && isAbsent(target, 'machines') === isAbsent(target, 'pods')) {
    report('policy-target', pointer('/policies', index, 'target'), {
      reason: isAbsent(target, 'pods')
        ? 'it selects neither machines nor pods'
        : 'it selects both machines and pods',
    })
  }
}

function checkClients({ draft, report }: CheckContext, index: number, known: Known): void {
  const allow = draft.policies?.[index]?.allow
  const path = pointer('/policies', index, 'allow')
  const machines = new Set(known.machines)
  for (const [at, name] of (allow?.machines ?? []).entries()) {
    if (name === undefined || machines.has(name)) continue
    const suggestion = suggestWord(name, known.machines)
    report('reference-unknown', pointer(path, 'machines', at), { kind: 'machine', name, suggestion })
  }
  for (const [at, name] of (allow?.groups ?? []).entries()) {
    if (name === undefined) continue
    const place = pointer(path, 'groups', at)
    if (!known.groups.includes(name)) {
      const suggestion = suggestWord(name, known.groups)
      report('reference-unknown', place, { kind: 'group', name, suggestion })
    } else if (known.strangers.has(name)) report('policy-instances', place, { group: name })
  }
  for (const [at, text] of (allow?.networks ?? []).entries()) {
    const network = text === undefined ? undefined : parseNetwork(text)
    if (text !== undefined && network !== undefined && !isNetwork(network))
      report('network-invalid', pointer(path, 'networks', at), { value: text, reason: network.reason })
  }
  const named = [allow?.serviceAccounts, allow?.machines, allow?.groups].some(
    (list) => (list ?? []).length > 0,
  )
  const everybody = allow?.unauthenticated === true
  const networks = (allow?.networks ?? []).length > 0
  if (everybody && (named || networks || allow?.authenticated === true))
    report('policy-allow', path, {
      field: 'unauthenticated',
      reason: 'everybody is let in, so naming somebody means nothing',
    })
  else if (allow?.authenticated === true && named)
    report('policy-allow', path, {
      field: 'authenticated',
      reason: 'whoever has an identity is let in, so naming somebody who has one means nothing',
    })
}

/** Endings of the names of objects that are made beside a policy's own. */
const endings = /(-(on-pods|on-machines)(-[0-9]+)?)?(-(probes|rest|routes-[0-9]+))?$/

/** Two policies are two Servers, and what is made for one of them must not be taken for the other. */
function checkNames({ draft, report }: CheckContext): void {
  const owners = new Map<string, number>()
  for (const [index, policy] of (draft.policies ?? []).entries()) {
    if (policy?.name === undefined || policy.namespace === undefined) continue
    const key = `${policy.namespace}/${policy.name}`
    const first = owners.get(key)
    const path = pointer('/policies', index, 'name')
    if (first === undefined) owners.set(key, index)
    else report('name-duplicate', path, { kind: 'policy', name: policy.name, first: `policies[${first}]` })
    if (policy.name.startsWith('meshjoin-')) report('policy-name-reserved', path, { name: policy.name })
  }
  // The route of a migration is called after the Service and its port.
  for (const [at, { service, namespace, port } = {}] of (draft.migration ?? []).entries()) {
    const name = `${service}-${port}`
    const index = owners.get(`${namespace}/${name}`)
    if (index === undefined) continue
    const path = pointer('/policies', index, 'name')
    report('name-duplicate', path, { kind: 'route', name, first: `migration[${at}]` })
  }
  for (const [key, index] of owners) {
    const base = owners.get(key.replace(endings, ''))
    if (base === undefined || base === index) continue
    const name = draft.policies?.[index]?.name ?? ''
    const path = pointer('/policies', index, 'name')
    report('name-duplicate', path, { kind: 'policy', name, first: `policies[${base}]` })
  }
}

const shutOut = new Set(['all-authenticated', 'cluster-authenticated'])

/** Where machines are let in because they have an identity, somebody has to know it. */
function checkUnlisted({ draft, machines, report, isNew }: CheckContext): void {
  const strangers = machines.filter(isStranger).map(({ name }) => `the instances of group "${name}"`)
  const unknown = {
    machines: strangers.slice(0, 5).join(', '),
    reason: 'they find their names, and so their SPIFFE IDs, at boot',
  }
  for (const [index, policy] of (draft.policies ?? []).entries()) {
    if (policy?.allow?.authenticated === true && strangers.length > 0)
      report('policy-unlisted', pointer('/policies', index, 'allow', 'authenticated'), unknown)
  }
  const ids = new Set(machines.map(({ spiffeId }) => spiffeId))
  const many = {
    machines: 'the machines of this document',
    reason: `their ${ids.size} SPIFFE IDs are more than the ${mostListed} that are listed`,
  }
  for (const { role, settings, originOf } of machines) {
    if (role !== 'server' || !shutOut.has(settings.proxy?.defaultInboundPolicy ?? '')) continue
    const path = originOf('proxy', 'defaultInboundPolicy')
    const unlisted = ids.size > mostListed ? many : strangers.length > 0 ? unknown : undefined
    if (unlisted !== undefined && isNew(`unlisted ${path}`)) report('policy-unlisted', path, unlisted)
  }
}
