import { checkRuleComment, checkRuleWord } from '../escape/rule.ts'
import { planProbes } from '../plan/probe.ts'
import type { RedirectRule } from '../plan/rule.ts'
import type { ServedAddresses } from '../plan/served.ts'
import type { Probe } from '../plan/trial.ts'
import { isVariable, literalNotation, type Notation, type Scalar, writeText } from '../plan/value.ts'

/**
 * What `mesh-machine redirect check` tries, a line each: direction, family, address, port, whose it is (inbound the address
 * that it comes from, outbound the user), its fate, and why.
 */
export function printProbes(
  rules: readonly RedirectRule[],
  served: ServedAddresses,
  ipv6: boolean,
  notation: Notation,
  shape?: readonly RedirectRule[],
): string {
  return planProbes(rules, served, ipv6, shape)
    .map(({ inbound, outbound }) => printLines(inbound, notation) + printShared(outbound, notation))
    .join('')
}

const printed = new WeakMap<readonly Probe[], string>()

/** Lines that are the same on every machine with the same list. */
function printShared(probes: readonly Probe[], notation: Notation): string {
  if (notation !== literalNotation) return printLines(probes, notation)
  const text = printed.get(probes) ?? printLines(probes, notation)
  printed.set(probes, text)
  return text
}

function printLines(probes: readonly Probe[], notation: Notation): string {
  return probes
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
