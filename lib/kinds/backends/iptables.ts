import type { Family } from '../../config/network.ts'
import { appliesTo, type RedirectRule, type RuleMatch } from '../../plan/rule.ts'
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

const chains = { inbound: 'MESHJOIN_INBOUND', outbound: 'MESHJOIN_OUTBOUND' } as const

const fileOf = { ipv4: '/etc/linkerd/redirect.v4', ipv6: '/etc/linkerd/redirect.v6' } as const

/** iptables, its nft or its legacy variant: a restore file for each address family. */
export const iptables: Backend = {
  paths: Object.values(fileOf),
  needs: [
    {
      anyOf: ['iptables-restore'],
      packages: { ...alike('iptables'), rhel: 'iptables-nft' },
      stock: [],
    },
  ],
  print: (rules, ipv6, notation) =>
    (ipv6 ? (['ipv4', 'ipv6'] as const) : (['ipv4'] as const)).map((family) => ({
      path: fileOf[family],
      content: printIptables(rules, family, notation),
    })),
  printOne: (rule, rules, family, notation) => {
    const stages = iptablesStages(rules.filter((other) => appliesTo(other, family)))
    return { path: fileOf[family], text: printStaged(rule, stages, notation, printIptablesRule) }
  },
}

/**
 * The rules of one address family as an iptables-restore file: our chains with their rules, and the jumps to them.
 * Loaded with `--noflush` it replaces our chains in one transaction and touches nothing else; `mesh-machine` takes care
 * that the jumps are there once.
 */
export function printIptables(rules: readonly RedirectRule[], family: Family, notation: Notation): string {
  const applicable = rules.filter((rule) => appliesTo(rule, family))
  const stages = iptablesStages(applicable)
  return [
    '# Written by meshjoin. Only first packets (SYN) are redirected: open connections live on.',
    '*nat',
    ...stages.map(({ chain }) => `:${chain} - [0:0]`),
    `${stages.map((stage) => printRules(stage, notation, printIptablesRule)).join('')}-I PREROUTING 1 -j ${chains.inbound}`,
    `-I OUTPUT 1 -j ${chains.outbound}`,
    'COMMIT',
    '',
  ].join('\n')
}

/** The chains of both directions. mesh-machine knows ours by the beginning of their names, which may have 28 characters. */
function iptablesStages(rules: readonly RedirectRule[]): Stage[] {
  return (['inbound', 'outbound'] as const).flatMap((direction) =>
    splitStages(
      rules.filter((rule) => rule.direction === direction),
      chains[direction],
      (requirement) => `${chains[direction]}_${requirement.toUpperCase()}`,
    ),
  )
}

/** The line of one rule, without its end. */
export function printIptablesRule(
  { verdict }: RedirectRule,
  match: RuleMatch,
  { chain, next }: ChainNames,
  notation: Notation,
): string {
  const words = ['-A', chain, ...printMatch(match, verdict.kind === 'redirect', notation)]
  if (verdict.kind === 'require') words.push('-g', next)
  else if (verdict.kind === 'bypass') words.push('-j', 'RETURN')
  else words.push('-j', 'REDIRECT', '--to-ports', String(verdict.port))
  return words.join(' ')
}

function printMatch(match: RuleMatch, synOnly: boolean, notation: Notation): string[] {
  const value = (scalar: Scalar) => printWord(scalar, notation)
  const words: string[] = []
  if (match.inInterface !== undefined) words.push('-i', value(match.inInterface))
  if (match.outInterface !== undefined) words.push('-o', value(match.outInterface))
  if (match.source !== undefined) words.push('-s', value(match.source))
  if (match.destination !== undefined) words.push('-d', value(match.destination))
  if (synOnly || match.destinationPort !== undefined) words.push('-p', 'tcp')
  if (match.destinationPort !== undefined)
    words.push('--dport', printPorts(match.destinationPort, ':', notation))
  if (synOnly) words.push('--syn')
  if (match.uid !== undefined) words.push('-m', 'owner', '--uid-owner', value(match.uid))
  if (match.destinationIsLocal === true) words.push('-m', 'addrtype', '--dst-type', 'LOCAL')
  return words
}
