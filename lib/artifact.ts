/** One emitted file. Targets return these; only `bin` turns them into files on a disk. */
export interface Artifact {
  /** POSIX path relative to the output folder: no leading slash, no `.` or `..` segment. */
  readonly path: string
  /** Permission bits that the file has in the output folder. Sensitive artifacts are 0600. */
  readonly mode: 0o600 | 0o644 | 0o755
  /** Text, or bytes where the artifact is compressed. */
  readonly content: string | Uint8Array
  /** True where the content holds a secret: written 0600, never printed to a terminal. */
  readonly sensitive: boolean
}
