import { checkRuleComment } from '../escape/rule.ts'
import type { PortRange, RedirectRule, RuleMatch } from '../plan/redirect.ts'
import { type Notation, type Scalar, writeText } from '../plan/value.ts'

/** How a backend writes one rule, whose variable part is given beside it. */
export type PrintRule = (rule: RedirectRule, match: RuleMatch, notation: Notation) => string

/** Rules one a line, each group of them under a comment that says why it is there. */
export function printRules(
  rules: readonly RedirectRule[],
  notation: Notation,
  printRule: PrintRule,
  indent = '',
): string {
  let heading = ''
  let text = ''
  for (const rule of rules) {
    const line = `${indent}${printRule(rule, rule.match, notation)}\n`
    if (rule.repeat !== undefined) {
      const { over, reason } = rule.repeat
      text += notation.each(
        over,
        () => `${indent}# ${checkRuleComment(writeText(reason, notation))}\n${line}`,
      )
      continue
    }
    const next = `${rule.direction} ${rule.reason}`
    if (next !== heading) text += `${indent}# ${checkRuleComment(rule.reason)}\n`
    heading = next
    text += line
  }
  return text
}

/** A port, or the first and last of a range with what stands between them. */
export function printPorts(
  ports: Scalar | PortRange,
  between: string,
  value: (scalar: Scalar) => string,
): string {
  return typeof ports === 'object' && 'first' in ports
    ? `${ports.first}${between}${ports.last}`
    : value(ports)
}
