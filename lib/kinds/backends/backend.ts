import type { Family } from '../../config/network.ts'
import type { RedirectRule } from '../../plan/rule.ts'
import type { Notation } from '../../plan/value.ts'
import type { Need } from '../packages.ts'

/** A file with rules. */
export interface RuleFile {
  /** On the machine. */
  readonly path: string
  readonly content: string
}

/** A rule as it stands on the machine: its lines, and the file that they are in. */
export interface PrintedRule {
  readonly path: string
  readonly text: string
}

/** What holds the redirect's rules on a machine. Its functions there are in the program, which is the same everywhere. */
export interface Backend {
  /** Every file that {@link print} may make: what a machine does not get is taken away. */
  readonly paths: readonly string[]
  /** Packages that the machine needs for it. */
  readonly needs: readonly Need[]
  /** The rules of a machine as files, sorted by path. */
  readonly print: (rules: readonly RedirectRule[], ipv6: boolean, notation: Notation) => readonly RuleFile[]
  /** One of the rules, for the connections of one family. */
  readonly printOne: (
    rule: RedirectRule,
    rules: readonly RedirectRule[],
    family: Family,
    notation: Notation,
  ) => PrintedRule
}
