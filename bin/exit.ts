/** Exit codes; `--help` repeats them. */
export const exit = { fine: 0, findings: 1, usage: 2, io: 3 } as const

export type ExitCode = (typeof exit)[keyof typeof exit]

/** The command line was wrong. */
export class UsageError extends Error {}

/** Reading or writing failed; the message names the file. */
export class IoError extends Error {}
