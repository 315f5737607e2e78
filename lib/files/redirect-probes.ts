import { checkRuleComment, checkRuleWord } from '../escape/rule.ts'
import { type Probe, planProbes } from '../plan/probe.ts'
import type { RedirectRule } from '../plan/rule.ts'
import type { ServedAddresses } from '../plan/served.ts'
import { isVariable, type Notation, type Scalar, writeText } from '../plan/value.ts'

/**
 * What `mesh-machine redirect check` tries, a line each: direction, family, address, port, whose it is (inbound the address
 * that it comes from, outbound the user), its fate, and why.
 */
export function printProbes(
  rules: readonly RedirectRule[],
  served: ServedAddresses,
  ipv6: boolean,
  notation: Notation,
): string {
  return planProbes(rules, served, ipv6)
    .map((probe) => {
      const { repeat = [], where, without } = probe
      const line = repeat.reduceRight(
        (body, list) => notation.each(list, () => body),
        printProbe(probe, notation),
      )
      const there = where === undefined ? line : notation.some(where, line)
      return without === undefined ? there : notation.without(without.list, without.value, there)
    })
    .join('')
}

function printProbe(probe: Probe, notation: Notation): string {
  const word = (value: Scalar) => {
    return isVariable(value) ? notation.scalar(value) : checkRuleWord(notation.scalar(value))
  }
  const { direction, family, address, port, by, fate, reason } = probe
  const words = [direction, family, word(address), word(port), word(by), fate]
  return `${words.join(' ')} ${checkRuleComment(writeText(reason, notation))}\n`
}
