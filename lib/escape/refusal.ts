/**
 * Thrown by an escaper for a value that its sink cannot hold. The schema refuses such values first, so this is a
 * programming error, never an answer to bad input.
 */
export class EscapeError extends TypeError {
  constructor(sink: string, reason: string) {
    super(`${sink}: ${reason}`)
    this.name = 'EscapeError'
  }
}

const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/

/** Refuses control characters, the line breaks among them. */
export function refuseControls(sink: string, text: string): string {
  if (control.test(text)) throw new EscapeError(sink, 'control character')
  return text
}

/** Refuses what does not match the sink's allow-list. */
export function requireMatch(sink: string, text: string, allowed: RegExp): string {
  if (!allowed.test(text)) throw new EscapeError(sink, 'character that the sink does not take')
  return text
}
