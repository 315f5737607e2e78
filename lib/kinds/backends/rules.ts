import { checkRuleComment, checkRuleWord } from '../../escape/rule.ts'
import type { PortRange, RedirectRule, RuleMatch } from '../../plan/rule.ts'
import { isVariable, literalNotation, type Notation, type Scalar, writeText } from '../../plan/value.ts'

/**
 * How a backend writes one line of a rule: with one of the items that the rule is about, in the chain that the rule is in; `next`
 * is the chain that those go to who meet its requirement.
 */
export type PrintRule = (
  rule: RedirectRule,
  match: RuleMatch,
  chains: ChainNames,
  notation: Notation,
) => string

/** Where a rule is, and where a requirement leads to. */
export interface ChainNames {
  readonly chain: string
  readonly next: string
}

/** The rules of one direction that are asked in one go, and the chain that they are in. */
export interface Stage extends ChainNames {
  readonly rules: readonly RedirectRule[]
}

/**
 * Splits the rules of one direction behind each requirement: what meets it goes on in a chain of its own, and whatever comes
 * to the end of a chain is bypassed. Neither backend needs a set for that, which may not be empty nor overlap.
 */
export function splitStages(
  rules: readonly RedirectRule[],
  first: string,
  nameOf: (requirement: string) => string,
): Stage[] {
  const stages: { chain: string; next: string; rules: RedirectRule[] }[] = []
  let stage = { chain: first, next: '', rules: [] as RedirectRule[] }
  stages.push(stage)
  for (const rule of rules) {
    if (stage.next !== '' && !standsBeside(rule, stage.rules)) {
      stage = { chain: stage.next, next: '', rules: [] }
      stages.push(stage)
    }
    if (rule.verdict.kind === 'require') stage.next ||= freeName(nameOf(rule.verdict.name), stages)
    stage.rules.push(rule)
  }
  // Nothing may be proxied; the chain is there all the same, since rules lead to it.
  if (stage.next !== '') stages.push({ chain: stage.next, next: '', rules: [] })
  return stages
}

/** Requirements of different families: each holds for its own. One that comes on top is for those who meet the first. */
function standsBeside({ verdict, family }: RedirectRule, rules: readonly RedirectRule[]): boolean {
  const before = rules.filter((rule) => rule.verdict.kind === 'require').map((rule) => rule.family)
  return (
    verdict.kind === 'require' &&
    family !== 'both' &&
    !before.some((other) => [family, 'both'].includes(other))
  )
}

function freeName(name: string, stages: readonly ChainNames[]): string {
  return stages.some(({ chain }) => chain === name) ? freeName(`${name}_${name}`, stages) : name
}

/** The lines of one rule: one, or of a requirement one for each item that meets it. */
function printLines(
  { match }: RedirectRule,
  notation: Notation,
  printLine: (match: RuleMatch) => string,
): string {
  const { sourceIn, destinationIn, ...rest } = match
  if (sourceIn !== undefined) return notation.each(sourceIn, (source) => printLine({ ...rest, source }))
  if (destinationIn === undefined) return printLine(match)
  const { addresses, all } = destinationIn
  return [
    notation.each(addresses, (destination) => printLine({ ...rest, destination })),
    notation.none(all, printLine({ ...rest, destinationIsLocal: true })),
  ].join('')
}

/** The lines of a rule that is in one of these stages. */
export function printStaged(
  rule: RedirectRule,
  stages: readonly Stage[],
  notation: Notation,
  printRule: PrintRule,
): string {
  const chains = stages.find((stage) => stage.rules.includes(rule)) ?? { chain: '', next: '' }
  return printLines(rule, notation, (match) => `${printRule(rule, match, chains, notation)}\n`).trimEnd()
}

/** What the lines of a rule depend on besides the rule. */
interface Manner extends ChainNames {
  readonly printRule: PrintRule
  readonly indent: string
}

const printed = new WeakMap<RedirectRule, Manner & { readonly text: string }>()

/** Rules are shared by the machines of a shape, but for those about a machine's addresses: their lines are written once. */
function printOnce(rule: RedirectRule, manner: Manner, notation: Notation): string {
  const { printRule, indent, chain, next } = manner
  const found = printed.get(rule)
  const isKept = notation === literalNotation && rule.match.destinationIn === undefined
  if (isKept && found !== undefined && isSame(found, manner)) return found.text
  const text = printLines(
    rule,
    notation,
    (match) => `${indent}${printRule(rule, match, { chain, next }, notation)}\n`,
  )
  if (isKept) printed.set(rule, { ...manner, text })
  return text
}

function isSame(a: Manner, b: Manner): boolean {
  return a.printRule === b.printRule && a.indent === b.indent && a.chain === b.chain && a.next === b.next
}

const comments = new WeakMap<RedirectRule, string>()

/** The line above a rule, written once as well. */
function commentOf(rule: RedirectRule): string {
  const found = comments.get(rule)
  if (found !== undefined) return found
  const comment = `# ${checkRuleComment(rule.reason)}\n`
  comments.set(rule, comment)
  return comment
}

/** Rules one a line, each group of them under a comment that says why it is there. */
export function printRules(
  { rules, ...chains }: Stage,
  notation: Notation,
  printRule: PrintRule,
  indent = '',
): string {
  let above: RedirectRule | undefined
  let text = ''
  const manner = { ...chains, printRule, indent }
  for (const rule of rules) {
    const line = printOnce(rule, manner, notation)
    if (rule.repeat !== undefined) {
      const { over, reason } = rule.repeat
      text += notation.each(
        over,
        () => `${indent}# ${checkRuleComment(writeText(reason, notation))}\n${line}`,
      )
      continue
    }
    if (rule.reason !== above?.reason || rule.direction !== above.direction) text += indent + commentOf(rule)
    above = rule
    text += line
  }
  return text
}

/** One value of a rule. What a notation writes for a variable is checked where it gets its value. */
export function printWord(scalar: Scalar, notation: Notation): string {
  const word = notation.scalar(scalar)
  return isVariable(scalar) ? word : checkRuleWord(word)
}

/** A port, or the first and last of a range with what stands between them. */
export function printPorts(ports: Scalar | PortRange, between: string, notation: Notation): string {
  return typeof ports === 'object' && 'first' in ports
    ? `${ports.first}${between}${ports.last}`
    : printWord(ports, notation)
}
