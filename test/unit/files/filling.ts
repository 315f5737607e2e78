/** Fills the files of a machine in, by the shell that a machine does it with. */
import type { MachineFile } from '../../../lib/files/machine-files.ts'
import { runParts, type Shell } from '../mesh-machine/shell.ts'

/** What a machine has found. */
export interface Found {
  readonly name: string
  readonly ipv4: string
  readonly ipv6: string
}

const mark = '=== '

/** The files that end in `.in`, filled in, by their paths without that. */
export function fillIn(shell: Shell, files: readonly MachineFile[], found: Found): Map<string, string> {
  const unfilled = files.filter(({ path }) => path.endsWith('.in'))
  const nameOf = (path: string) => path.slice('/etc/linkerd/'.length)
  const { name, ipv4, ipv6 } = found
  const script = [
    'etc=$PWD/etc',
    'mkdir "$etc"',
    'file=',
    `while IFS= read -r line; do case $line in "${mark}"*) file=$etc/\${line#${mark}} ;; *) printf '%s\\n' "$line" >>"$file" ;; esac; done`,
    `name='${name}' ipv4='${ipv4}' ipv6='${ipv6}' addresses='${[ipv4, ipv6].filter(Boolean).join(',')}'`,
    'fill_files',
    '! fill_files', // at once again there is nothing to do
    `cd "$etc"; for file in *; do case $file in *.in | *.new) ;; *) printf '%s\\n' "${mark}$file"; cat "$file" ;; esac; done`,
  ]
  const input = unfilled.map(({ path, content }) => `${mark}${nameOf(path)}\n${content}`).join('')
  const { status, stdout, stderr } = runParts(shell, ['boot/fill'], script.join('\n'), input)
  if (status !== 0 || stderr !== '') throw new Error(`${status}: ${stderr}`)
  const parts = stdout.split(new RegExp(`^${mark}`, 'm')).slice(1)
  return new Map(
    parts.map((part) => {
      const end = part.indexOf('\n')
      return [`/etc/linkerd/${part.slice(0, end)}`, part.slice(end + 1)]
    }),
  )
}
