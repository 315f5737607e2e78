import type { Family } from '../config/network.ts'
import { fateBy } from './decision.ts'
import { appliesTo, type RedirectRule } from './rule.ts'
import type { ServedAddresses } from './served.ts'
import { isOfShape, nearEnd, type Probe, type Trial, tryInbound, tryOutbound } from './trial.ts'
import { isVariable, type List } from './value.ts'

/** What to try of one family. Machines of a shape share the list of the outbound ones. */
export interface FamilyProbes {
  readonly inbound: readonly Probe[]
  readonly outbound: readonly Probe[]
}

/**
 * For each rule that can be tried from the machine itself, a connection that this rule decides: what becomes of it is asked
 * of the same rules, never assumed. Interfaces cannot be tried, since the machine has no more than it has. Which connections
 * those are depends on the shape alone: the rules without those about the machine's own addresses.
 */
export function planProbes(
  rules: readonly RedirectRule[],
  served: ServedAddresses,
  ipv6: boolean,
  shape: readonly RedirectRule[] = rules.filter(isOfShape),
): FamilyProbes[] {
  const families: readonly Family[] = ipv6 ? ['ipv4', 'ipv6'] : ['ipv4']
  return families.map((family) => ({
    inbound: planTrials(shape, family).inbound.flatMap((trial) => placeTrial(trial, rules, served)),
    outbound: probeOutbound(shape, served.all, family),
  }))
}

interface Trials {
  readonly inbound: readonly Trial[]
  /** For a machine that has none of the addresses. */
  readonly outbound: readonly Probe[]
}

const planned = new WeakMap<readonly RedirectRule[], Map<Family, Trials>>()

/** Asks the rules of a shape once, however many machines have it. */
function planTrials(shape: readonly RedirectRule[], family: Family): Trials {
  const families = planned.get(shape) ?? new Map<Family, Trials>()
  planned.set(shape, families)
  const found = families.get(family) ?? {
    inbound: tryInbound(shape, family),
    outbound: tryOutbound(shape, [], family),
  }
  families.set(family, found)
  return found
}

function placeTrial(trial: Trial, rules: readonly RedirectRule[], served: ServedAddresses): Probe[] {
  const { family, by, repeat = [] } = trial.probe
  const without = trial.ofMesh ? { without: { list: served.all, value: String(by) } } : {}
  const addresses = served[family]
  const near = { ...trial.probe, ...without, address: nearEnd[family].text }
  if (trial.to === 'near end') return toNearEnd(near, rules, addresses)
  if (!isVariable(addresses)) return addresses.map((address) => ({ ...trial.probe, ...without, address }))
  const address = { variable: addresses.item }
  return [{ ...trial.probe, ...without, address, repeat: [...repeat, addresses] }]
}

/** The rule about the addresses that the proxy serves decides, wherever there are any. */
function toNearEnd(probe: Probe, rules: readonly RedirectRule[], addresses: List): Probe[] {
  const requirement = rules.find(
    (rule) =>
      rule.direction === 'inbound' && rule.match.destinationIn !== undefined && appliesTo(rule, probe.family),
  )
  if (requirement === undefined || (!isVariable(addresses) && addresses.length === 0)) return []
  const bypassed = { ...probe, fate: fateBy(requirement), reason: [requirement.reason] }
  return [isVariable(addresses) ? { ...bypassed, where: addresses } : bypassed]
}

/** A machine that has one of the addresses itself is asked about alone: what goes there is bypassed. */
function probeOutbound(shape: readonly RedirectRule[], own: List, family: Family): readonly Probe[] {
  const { outbound } = planTrials(shape, family)
  if (!isVariable(own) && !outbound.some(({ address }) => own.includes(address))) return outbound
  return tryOutbound(shape, own, family)
}
