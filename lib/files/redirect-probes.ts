import { checkRuleComment, checkRuleWord } from '../escape/rule.ts'
import { type OwnAddresses, type Probe, planProbes } from '../plan/probe.ts'
import type { RedirectRule } from '../plan/redirect.ts'
import { isVariable, type Notation, type Scalar, writeText } from '../plan/value.ts'

/**
 * What `mesh-machine redirect check` tries, a line each: direction, family, address, port, user (`-`: none), what has to
 * become of it, and why.
 */
export function printProbes(
  rules: readonly RedirectRule[],
  own: OwnAddresses,
  ipv6: boolean,
  notation: Notation,
): string {
  return planProbes(rules, own, ipv6)
    .map((probe) => {
      const { address, repeat = [], without } = probe
      const line = repeat.reduceRight(
        (body, list) => notation.each(list, () => body),
        printProbe(probe, notation),
      )
      return without === undefined ? line : notation.without(without, String(address), line)
    })
    .join('')
}

function printProbe(probe: Probe, notation: Notation): string {
  const word = (value: Scalar | undefined) => {
    if (value === undefined) return '-'
    return isVariable(value) ? notation.scalar(value) : checkRuleWord(notation.scalar(value))
  }
  const { direction, family, address, port, uid, redirected, reason } = probe
  const words = [direction, family, word(address), word(port), word(uid), redirected ? 'redirected' : 'left']
  return `${words.join(' ')} ${checkRuleComment(writeText(reason, notation))}\n`
}
