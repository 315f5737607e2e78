import { pointer } from '../../diagnostics/pointer.ts'
import { suggestWord } from '../../diagnostics/suggestion.ts'
import { isAbsent } from '../draft.ts'
import { forbiddenSettings, knownSettings, ownedSettings, settingForm } from '../proxy-settings.ts'
import { shorten } from '../schema-faults.ts'
import type { Check, CheckContext } from './context.ts'

/** Extra variables that contradict nothing, and an inbound policy that was chosen. */
export const checkProxySettings: Check = ({ draft, machines, report }) => {
  for (const [name, value] of Object.entries(draft.proxy?.settings ?? {})) {
    const path = pointer('/proxy/settings', name)
    const short = name.replace(/^LINKERD2_PROXY_/, '')
    const reason = forbiddenSettings[short]
    const field = ownedSettings[short]
    if (reason !== undefined) report('setting-forbidden', path, { name, reason }, 'key')
    else if (field !== undefined) report('setting-owned', path, { name, field }, 'key')
    else if (!knownSettings.has(short)) {
      const suggestion = suggestWord(short, [...knownSettings])
      report(
        'setting-unknown',
        path,
        { name, suggestion: suggestion && `LINKERD2_PROXY_${suggestion}` },
        'key',
      )
    } else checkValue(short, name, value, path, report)
  }
  if (draft.proxy?.defaultInboundPolicy === undefined && !isAbsent(draft.proxy, 'defaultInboundPolicy'))
    return
  const silent = machines.filter(
    ({ settings, role }) => role === 'server' && settings.proxy?.defaultInboundPolicy === undefined,
  )
  const [first] = silent
  if (first === undefined) return
  report(
    'inbound-policy-fails-open',
    '/proxy',
    {
      machines:
        silent.length === machines.length
          ? 'every machine'
          : silent
              .map(({ name }) => name)
              .slice(0, 5)
              .join(', '),
    },
    'key',
  )
}

function checkValue(
  short: string,
  name: string,
  value: unknown,
  path: string,
  report: CheckContext['report'],
): void {
  const form = settingForm(short)
  if (form === undefined || typeof value !== 'string' || form.pattern.test(value)) return
  report('setting-value', path, { name, value: shorten(value), rule: form.rule, example: form.example })
}
