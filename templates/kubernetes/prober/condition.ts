import type { Condition, ExternalWorkload } from './api.ts'
import type { Verdict } from './verdict.ts'

const longestMessage = 1024

/** The conditions of an ExternalWorkload with ours among them; undefined where what is there says it, and was said lately. */
export function changeConditions(
  object: ExternalWorkload,
  verdict: Verdict,
  now: number,
  refreshSeconds: number,
): readonly Condition[] | undefined {
  const conditions = object.status?.conditions ?? []
  const before = conditions.find(({ type }) => type === 'Ready')
  const status = verdict.ready ? 'True' : 'False'
  const isSame = before?.status === status
  if (isSame && before.reason === verdict.reason && secondsSince(before.lastProbeTime, now) < refreshSeconds)
    return undefined
  const time = printTime(now)
  const ready = {
    type: 'Ready',
    status,
    reason: verdict.reason,
    message: verdict.message.slice(0, longestMessage),
    lastProbeTime: time,
    lastTransitionTime: isSame ? (before.lastTransitionTime ?? time) : time,
  }
  // A merge patch replaces the list, so what others say goes with it.
  return [...conditions.filter(({ type }) => type !== 'Ready'), ready]
}

/** Seconds since our own last word; without one, as long as can be. A time to come is no time. */
export function secondsSince(time: string | null | undefined, now: number): number {
  const seconds = (now - Date.parse(time ?? '')) / 1000
  return seconds >= 0 ? seconds : Number.POSITIVE_INFINITY
}

/** As Kubernetes writes it: without parts of a second. */
function printTime(now: number): string {
  return new Date(now).toISOString().replace(/\.[0-9]+Z$/, 'Z')
}
