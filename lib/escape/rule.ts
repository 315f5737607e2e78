import { requireMatch } from './refusal.ts'

/** One word of an iptables-restore line: never quoted, so nothing but what ports, networks, uids and interfaces need. */
export function checkRuleWord(text: string): string {
  return requireMatch('rule word', text, /^[A-Za-z0-9_.:/,@+-]+$/)
}

/** The text of a `#` line in a rule file. */
export function checkRuleComment(text: string): string {
  return requireMatch('rule comment', text, /^[\x20-\x7e]*$/)
}

/** A string of nft, in its quotes: inside them nft knows no escapes, so only what names of users and interfaces need. */
export function quoteNftString(text: string): string {
  return `"${requireMatch('nft string', text, /^[A-Za-z0-9_.-]+$/)}"`
}
