import { suite } from 'uvu'
import { checkDnsmasqValue, checkNameserver, checkUnboundValue } from '../../../lib/escape/resolver.ts'
import { assertHandsOn } from './text.ts'

const test = suite('escaping for the configuration of resolvers')

for (const [name, check, allowed] of [
  ['value of dnsmasq', checkDnsmasqValue, /^[\w.:-]+$/],
  ['value of unbound.conf', checkUnboundValue, /^[\w.:-]+$/],
  ['nameserver', checkNameserver, /^[\dA-Fa-f.:]+$/],
] as const)
  test(`a ${name} is handed on as it is, or refused`, () => assertHandsOn(check, allowed))

test.run()
