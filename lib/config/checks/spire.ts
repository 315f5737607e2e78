import { pointer } from '../../diagnostics/pointer.ts'
import type { AttestorOption } from '../../kinds/attestors/attestor.ts'
import { attestors } from '../../kinds/attestors/index.ts'
import { isAbsent } from '../draft.ts'
import { goDuration, goSeconds } from '../duration.ts'
import { type AttestationDraft, type Check, type CheckContext, isForSeveral } from './context.ts'

/** What an agent that is there already has of its own. */
const managedFields = [
  'version',
  'install',
  'user',
  'attestation',
  'insecureBootstrap',
  'availabilityTarget',
  'healthPort',
  'metricsPort',
] as const

/** The SPIRE agent and how it attests: complete, and nothing that would not be read. */
export const checkSpireSettings: Check = ({ draft, machines, report }) => {
  const agent = draft.spire?.agent
  if (agent === undefined) return
  const from = agent.from ?? 'managed'
  const path = '/spire/agent'
  if (from === 'existing') {
    if (isAbsent(agent, 'socket')) report('agent-incomplete', path, { field: 'socket', from })
    for (const field of managedFields) {
      if (agent[field] !== undefined)
        report('agent-option-unused', pointer(path, field), { field, from }, 'key')
    }
    return
  }
  for (const field of ['version', 'install'] as const)
    if (isAbsent(agent, field)) report('agent-incomplete', path, { field, from })
  if (agent.socket !== undefined)
    report('agent-option-unused', pointer(path, 'socket'), { field: 'socket', from }, 'key')
  checkBootstrap({ draft, report })
  checkAvailability({ draft, report })
  const { attestation } = agent
  if (isAbsent(agent, 'attestation')) return report('attestation-missing', path, {})
  if (attestation === undefined) return
  checkAttestation({ draft, machines, report }, attestation)
}

/** Options that the attestor asks for, and none that it would not read. */
function checkAttestation(
  { draft, machines, report }: Pick<CheckContext, 'draft' | 'machines' | 'report'>,
  { type, ...options }: AttestationDraft,
): void {
  if (type === undefined) return
  const { options: known, machineOptions, canReattest } = attestors[type]
  const path = '/spire/agent/attestation'
  const optionOf = (name: string) => (known as Readonly<Record<string, AttestorOption>>)[name]
  for (const [option, { required, madeWhenColocated }] of Object.entries(known)) {
    const madeHere = madeWhenColocated !== undefined && draft.spire?.server?.colocated === true
    const instead = Object.keys(options).find((name) => optionOf(name)?.insteadOf === option)
    if (required === true && !Object.hasOwn(options, option) && !madeHere && instead === undefined)
      report('attestation-incomplete', path, { type, option })
  }
  const [first, ...more] = Object.keys(options).filter(
    (name) =>
      optionOf(name)?.insteadOf !== undefined ||
      Object.values(known).some(({ insteadOf }) => insteadOf === name),
  )
  for (const option of more)
    report('attestation-twice', pointer(path, option), { option, first: first ?? '' }, 'key')
  for (const option of Object.keys(options)) {
    if (!Object.hasOwn(known, option))
      report('attestation-option', pointer(path, option), { type, option }, 'key')
  }
  const several = isForSeveral(machines)
  for (const [option, { forOneMachine, becomes }] of Object.entries(known)) {
    const value = (options as Readonly<Record<string, string | number | undefined>>)[option]
    if (value === undefined) continue
    if (becomes !== undefined) report('insecure-token', pointer(path, option), {}, 'key')
    if (forOneMachine !== true || !several) continue
    if (becomes !== undefined) report('token-shared', pointer(path, option), { option }, 'key')
    else report('hostname-shared', pointer(path, option), { hostname: String(value) })
  }
  for (const machine of machines) {
    for (const [option, value] of Object.entries(machine.settings.attestation ?? {})) {
      if (value === undefined || machineOptions.some((name) => name === option)) continue
      report('attestation-option', machine.originOf('attestation', option), { type, option }, 'key')
    }
  }
  const ttl = draft.spire?.server?.agentTtl
  if (ttl !== undefined && !canReattest && goSeconds(ttl) < 24 * 3600)
    report('attestor-cannot-reattest', '/spire/server/agentTtl', { type, ttl })
}

/** What the agent goes by when it meets the server first: one thing, and better not nothing. */
function checkBootstrap({ draft, report }: Pick<CheckContext, 'draft' | 'report'>): void {
  const { agent, trustBundle, trustBundleCaFile } = draft.spire ?? {}
  const path = '/spire/agent/insecureBootstrap'
  if (agent?.insecureBootstrap === true)
    if (trustBundle === undefined) report('insecure-bootstrap', path, {})
    else report('bootstrap-contradicts', path, {}, 'key')
  if (trustBundleCaFile !== undefined && !trustBundle?.startsWith('https://'))
    report('bundle-ca-unused', '/spire/trustBundleCaFile', {}, 'key')
}

/** SPIRE takes 24h or more, and keeps to it where a certificate lives 12h longer (doc/spire_agent.md, Availability Target). */
function checkAvailability({ draft, report }: Pick<CheckContext, 'draft' | 'report'>): void {
  const target = draft.spire?.agent?.availabilityTarget
  if (target === undefined) return
  const path = '/spire/agent/availabilityTarget'
  const ttl = draft.spire?.server?.x509SvidTtl
  const needed = goSeconds(target) + 12 * 3600
  if (goSeconds(target) < 24 * 3600) report('availability-target', path, { target })
  else if (ttl !== undefined && goSeconds(ttl) < needed)
    report('availability-unreachable', path, { target, ttl, needed: goDuration(needed) })
}
