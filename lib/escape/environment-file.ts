import { EscapeError, requireMatch } from './refusal.ts'

const oneLine = /^[\x20-\x26\x28-\x5b\x5d-\x7e]*$/
const pem = /^[\n\x20-\x26\x28-\x5b\x5d-\x7e]*$/

/**
 * A value of systemd's `EnvironmentFile=`, in single quotes, where systemd 249 and later take everything verbatim.
 * Refuses single quotes, backslashes (systemd 239 read those even in single quotes), control characters and
 * everything outside printable ASCII. Line feeds are let through only where `multiline` says so, for PEM.
 */
export function escapeEnvironmentValue(text: string, multiline = false): string {
  return `'${requireMatch('environment file', text, multiline ? pem : oneLine)}'`
}

/** A variable name of an `EnvironmentFile=`; systemd drops others without a word. */
export function checkEnvironmentName(name: string): string {
  if (!/^[A-Z_][A-Z0-9_]*$/.test(name)) throw new EscapeError('environment file', 'variable name')
  return name
}
