import { escapeMarkdown, escapeMarkdownCode } from '../escape/markdown.ts'
import { checkDnsmasqValue, checkNameserver, checkUnboundValue } from '../escape/resolver.ts'
import { escapeShellWord } from '../escape/shell.ts'
import {
  checkResolvedValue,
  checkSysusersField,
  checkUnitName,
  checkUnitNumber,
  escapeExecArgument,
  escapeUnitText,
  escapeUnitWord,
} from '../escape/unit.ts'

/** The escaping helpers that templates may call, one for each sink. The build refuses any other. */
export const helpers: Readonly<Record<string, (text: string) => string>> = {
  unitText: escapeUnitText,
  unitWord: escapeUnitWord,
  execArg: escapeExecArgument,
  unitName: checkUnitName,
  unitNumber: checkUnitNumber,
  sysusersField: checkSysusersField,
  resolvedValue: checkResolvedValue,
  dnsmasqValue: checkDnsmasqValue,
  unboundValue: checkUnboundValue,
  nameserver: checkNameserver,
  shellWord: escapeShellWord,
  markdown: escapeMarkdown,
  markdownCode: escapeMarkdownCode,
}

/** Places in a template that another template fills, chosen when it is rendered. The build checks either of them alike. */
export const slotNames = ['entries', 'firewalls', 'registry', 'steps'] as const

export type SlotName = (typeof slotNames)[number]
