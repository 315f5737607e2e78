import { quoteNftString } from '../../escape/rule.ts'
import { appliesTo, networksOf, type RedirectRule, type RuleMatch } from '../../plan/rule.ts'
import type { Notation, Scalar } from '../../plan/value.ts'
import { alike } from '../packages.ts'
import type { Backend } from './backend.ts'
import {
  type ChainNames,
  printPorts,
  printRules,
  printStaged,
  printWord,
  type Stage,
  splitStages,
} from './rules.ts'

/** The name of our table, and the only one that is ever touched. */
const table = 'inet meshjoin'

const path = '/etc/linkerd/redirect.nft'

/** nftables without iptables: one script with a table of our own for both address families. */
export const nftables: Backend = {
  paths: [path],
  needs: [{ anyOf: ['nft'], packages: alike('nftables'), stock: [] }],
  print: (rules, _ipv6, notation) => [{ path, content: printNftables(rules, notation) }],
  printOne: (rule, rules, _family, notation) => ({
    path,
    text: printStaged(rule, nftablesStages(rules, rule.direction), notation, printNftablesRule),
  }),
}

/**
 * The rules of both address families as one nft script: a table of our own, replaced in one transaction. The table is
 * declared before it is deleted, since older nft fails to delete what is not there.
 */
export function printNftables(rules: readonly RedirectRule[], notation: Notation): string {
  const chain = (stage: Stage, head: readonly string[]) =>
    [
      `  chain ${stage.chain} {`,
      ...head.map((line) => `    ${line}`),
      `${printRules(stage, notation, printNftablesRule, '    ')}${printPasses(stage, rules)}  }`,
    ].join('\n')
  const heads = {
    inbound: [
      '# Before the chains of iptables and Docker, at priority dstnat.',
      'type nat hook prerouting priority dstnat - 5; policy accept;',
    ],
    outbound: ['type nat hook output priority -105; policy accept;'],
  }
  return [
    '# Written by meshjoin. Only first packets (SYN) are redirected: open connections live on.',
    `table ${table} {}`,
    `delete table ${table}`,
    `table ${table} {`,
    ...(['inbound', 'outbound'] as const).flatMap((direction) =>
      nftablesStages(rules, direction).map((stage, index) =>
        chain(stage, index === 0 ? heads[direction] : []),
      ),
    ),
    '}',
    '',
  ].join('\n')
}

/** The chains of one direction, by which mesh-machine finds its rules. */
function nftablesStages(rules: readonly RedirectRule[], direction: RedirectRule['direction']): Stage[] {
  const own = rules.filter((rule) => rule.direction === direction)
  return splitStages(own, direction, (requirement) => `${direction}_${requirement}`)
}

/** A family that nothing is required of goes on, unless nothing of it is proxied anyway. */
function printPasses({ rules, next }: Stage, all: readonly RedirectRule[]): string {
  const direction = rules[0]?.direction
  return (['ipv4', 'ipv6'] as const)
    .filter((family) => {
      const of = (kind: RedirectRule['verdict']['kind']) => (rule: RedirectRule) =>
        rule.verdict.kind === kind && rule.direction === direction && appliesTo(rule, family)
      return next !== '' && !rules.some(of('require')) && all.some(of('redirect'))
    })
    .map((family) => `    meta nfproto ${family} goto ${next}\n`)
    .join('')
}

/** The line of one rule, without its end. */
function printNftablesRule(
  rule: RedirectRule,
  match: RuleMatch,
  { next }: ChainNames,
  notation: Notation,
): string {
  const words = printMatch(rule, match, notation)
  if (rule.verdict.kind === 'bypass') return [...words, 'return'].join(' ')
  if (rule.verdict.kind === 'require') return [...words, `goto ${next}`].join(' ')
  return [...words, 'tcp flags & (fin|syn|rst|ack) == syn', `redirect to :${rule.verdict.port}`].join(' ')
}

function printMatch(rule: RedirectRule, match: RuleMatch, notation: Notation): string[] {
  const value = (scalar: Scalar) => printWord(scalar, notation)
  const words: string[] = []
  if (match.inInterface !== undefined) words.push('iifname', quoteNftString(match.inInterface))
  if (match.outInterface !== undefined) words.push('oifname', quoteNftString(match.outInterface))
  for (const [word, side] of [
    ['saddr', 'source'],
    ['daddr', 'destination'],
  ] as const) {
    const network = match[side]
    if (network !== undefined) words.push(familyOf(rule, side), word, value(network))
  }
  if (match.source === undefined && match.destination === undefined && rule.family !== 'both')
    words.push('meta nfproto', rule.family)
  if (match.destinationPort !== undefined)
    words.push('tcp dport', printPorts(match.destinationPort, '-', notation))
  if (match.uid !== undefined) words.push('meta skuid', printUser(match.uid, value))
  if (match.destinationIsLocal === true) words.push('fib daddr type local')
  return words
}

/** `ip` or `ip6`, without which nft takes no address. */
function familyOf({ match, family: own }: RedirectRule, side: 'source' | 'destination'): string {
  const family = networksOf(match)[side]?.family ?? own
  return family === 'ipv6' ? 'ip6' : 'ip'
}

/** A name is quoted: nft has keywords that are also good names of users. */
function printUser(uid: Scalar, value: (scalar: Scalar) => string): string {
  return typeof uid === 'string' ? quoteNftString(uid) : value(uid)
}
