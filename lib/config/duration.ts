const proxyUnits: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400 }

/** Seconds of a duration as Linkerd's proxy reads it, such as `2m` (linkerd2-proxy's env/types.rs). */
export function proxySeconds(text: string): number {
  const match = /^([0-9]+)(ms|s|m|h|d)$/.exec(text)
  return Number(match?.[1] ?? 0) * (proxyUnits[match?.[2] ?? 's'] ?? 0)
}

/** Seconds of a duration as Go reads it, of hours, minutes and seconds, such as `48h` or `1h30m`. */
export function goSeconds(text: string): number {
  const match = /^(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?$/.exec(text)
  return Number(match?.[1] ?? 0) * 3600 + Number(match?.[2] ?? 0) * 60 + Number(match?.[3] ?? 0)
}

/** Seconds as a short duration in Go's form. */
export function goDuration(seconds: number): string {
  const hours = Math.floor(seconds / 3600)
  const rest = seconds - hours * 3600
  if (seconds < 60) return `${Math.floor(seconds)}s`
  return rest === 0 ? `${hours}h` : `${hours === 0 ? '' : `${hours}h`}${Math.floor(rest / 60)}m`
}
