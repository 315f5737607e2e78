import { requireMatch } from './refusal.ts'

/** A domain or an address in a line of dnsmasq, where `/`, `,`, `#` and `@` mean something. */
export function checkDnsmasqValue(text: string): string {
  return requireMatch('dnsmasq.conf', text, /^[A-Za-z0-9_.:-]+$/)
}

/** A domain, which stands in quotes there, or an address of unbound.conf, where `@` and `#` mean something. */
export function checkUnboundValue(text: string): string {
  return requireMatch('unbound.conf', text, /^[A-Za-z0-9_.:-]+$/)
}

/** An address behind `nameserver` in resolv.conf. */
export function checkNameserver(text: string): string {
  return requireMatch('resolv.conf', text, /^[0-9A-Fa-f:.]+$/)
}
