import { checkRuleComment, checkRuleWord } from '../escape/rule.ts'
import { type Probe, planProbes } from '../plan/probe.ts'
import type { RedirectRule } from '../plan/redirect.ts'
import { isVariable, type Notation, type Scalar } from '../plan/value.ts'

/**
 * What `mesh-machine redirect check` tries, a line each: direction, family, address, port, user (`-`: none), what has to
 * become of it, and why.
 */
export function printProbes(
  rules: readonly RedirectRule[],
  own: readonly string[],
  ipv6: boolean,
  notation: Notation,
): string {
  return planProbes(rules, own, ipv6)
    .map((probe) =>
      probe.repeat === undefined
        ? printProbe(probe, probe.port, notation)
        : notation.each(probe.repeat, (port) => printProbe(probe, port, notation)),
    )
    .join('')
}

function printProbe(probe: Probe, port: Scalar, notation: Notation): string {
  const word = (value: Scalar | undefined) => {
    if (value === undefined) return '-'
    return isVariable(value) ? notation.scalar(value) : checkRuleWord(notation.scalar(value))
  }
  const { direction, family, address, uid, redirected, reason } = probe
  const words = [direction, family, word(address), word(port), word(uid), redirected ? 'redirected' : 'left']
  return `${words.join(' ')} ${checkRuleComment(reason)}\n`
}
