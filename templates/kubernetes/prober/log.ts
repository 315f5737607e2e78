type Value = string | number | boolean | undefined

/** One line of JSON on standard output. What is written is listed by the caller, so that no secret comes along. */
export function log(level: 'info' | 'warn' | 'error', event: string, values: Readonly<Record<string, Value>> = {}): void {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...values })}\n`)
}
