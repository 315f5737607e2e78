import { EscapeError, refuseControls, requireMatch } from './refusal.ts'

/** A value that takes the rest of a unit file's line, such as `Description=`: one line, `%` doubled. */
export function escapeUnitText(text: string): string {
  refuseControls('unit text', text)
  if (/^ |[\\ ]$/.test(text))
    throw new EscapeError('unit text', 'blank at an end, or backslash at the end of a line')
  return text.replaceAll('%', '%%')
}

/** A double-quoted word of `Environment=` and the like, with C escapes; `$` is literal there. */
export function escapeUnitWord(text: string): string {
  if (text.includes('\0')) throw new EscapeError('unit word', 'NUL')
  const quoted = text
    .replace(/[\\"]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replace(/[\u0001-\u001f\u007f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replaceAll('%', '%%')
  return `"${quoted}"`
}

/** A double-quoted argument of `ExecStart=`: as a unit word, and `$` doubled. */
export function escapeExecArgument(text: string): string {
  return escapeUnitWord(text).replaceAll('$', '$$$$')
}

/** A bare token such as a user, a path or a unit name. Quotes would become part of it, so it is checked instead. */
export function checkUnitName(text: string): string {
  return requireMatch('unit name', text, /^[A-Za-z0-9_./@:+-]+$/)
}

/** A whole number. */
export function checkUnitNumber(text: string): string {
  return requireMatch('unit number', text, /^(0|[1-9][0-9]{0,15})$/)
}

/** One field of a sysusers.d line: a name, a number or a path. */
export function checkSysusersField(text: string): string {
  return requireMatch('sysusers field', text, /^[A-Za-z0-9_./:-]+$/)
}

/** One item of a list in resolved.conf: an address or a domain, with the `~` of a routing domain. */
export function checkResolvedValue(text: string): string {
  return requireMatch('resolved.conf', text, /^~?[A-Za-z0-9_.:-]+$/)
}
