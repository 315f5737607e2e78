import { decideConnection } from '../../../lib/plan/decision.ts'
import type { RedirectRule } from '../../../lib/plan/rule.ts'
import type { Drawn } from './connections.ts'

/** One change of a model, with connections about which the changed model answers otherwise. */
export interface Mutant {
  readonly title: string
  readonly rules: readonly RedirectRule[]
  readonly telling: readonly Drawn[]
}

/** The ways in which each rule is changed. */
export const changes = ['without', 'moved'] as const

/** What a rule is called here: what it is for and what it asks, the same in every document. */
export function nameOf({ direction, reason, match }: RedirectRule): string {
  const kind = reason.replace(/ (port|network|user|interface) .*/, ' $1')
  return `${direction}: ${kind} ${JSON.stringify(match)}`
}

/**
 * Every rule once left out, and once in the place of the nearest one of the other verdict with which its order matters.
 * What changes no answer is no mutant: nothing redirects SSH where only declared ports are, and two rules that no
 * connection meets both of can stand in any order.
 */
export function mutantsOf(rules: readonly RedirectRule[], pool: readonly Drawn[]): Mutant[] {
  const decidedBy = new Map<RedirectRule, Drawn[]>(rules.map((rule) => [rule, []]))
  for (const drawn of pool) {
    const { rule } = decideConnection(rules, drawn.connection)
    if (rule !== undefined) decidedBy.get(rule)?.push(drawn)
  }
  /** The connections of one rule that the changed model answers otherwise. */
  const telling = (changed: readonly RedirectRule[], rule: RedirectRule | undefined): Drawn[] =>
    (rule === undefined ? [] : (decidedBy.get(rule) ?? []))
      .filter((drawn) => isProxied(changed, drawn) !== isProxied(rules, drawn))
      .slice(0, 8)

  const mutants: Mutant[] = []
  for (const [index, rule] of rules.entries()) {
    const rest = rules.filter((other) => other !== rule)
    mutants.push({ title: `without ${nameOf(rule)}`, rules: rest, telling: telling(rest, rule) })
    for (const other of nearestOthers(rules, index)) {
      const changed = swap(rules, index, other)
      // Whatever a swap changes was decided by the first of the two.
      const found = telling(changed, rules[Math.min(index, other)])
      mutants.push({ title: `moved ${nameOf(rule)}`, rules: changed, telling: found })
      if (found.length > 0) break
    }
  }
  return mutants.filter((mutant) => mutant.telling.length > 0)
}

function isProxied(rules: readonly RedirectRule[], { connection }: Drawn): boolean {
  return decideConnection(rules, connection).fate === 'proxied'
}

/** Places of the rules of the other verdict, nearest first. */
function nearestOthers(rules: readonly RedirectRule[], index: number): number[] {
  const [rule] = rules.slice(index)
  return [...rules.entries()]
    .filter(
      ([, { verdict, direction }]) => verdict.kind !== rule?.verdict.kind && direction === rule?.direction,
    )
    .map(([other]) => other)
    .sort((a, b) => Math.abs(a - index) - Math.abs(b - index))
}

function swap(rules: readonly RedirectRule[], one: number, other: number): RedirectRule[] {
  return rules.map((rule, index) => rules[index === one ? other : index === other ? one : index] ?? rule)
}
