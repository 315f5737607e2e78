import { type RootFile, runScript, type Suite } from './root.ts'

/** One start of a program by a real systemd: what its unit says, and the files that it reads. */
export interface Start {
  /** Lines below `[Service]`, without `ExecStart=`. */
  readonly service: string
  /** The `ExecStart=` lines; the program prints what it was given, each with a NUL behind it. */
  readonly exec: string
  readonly files?: readonly RootFile[]
}

/** Prints the environment, each entry with a NUL behind it. */
export const printEnvironment = '/usr/bin/env -0'
/** Prints the arguments that follow it, each with a NUL behind it. */
export const printArguments = '/usr/bin/printf "%%s\\\\0"'

/**
 * Starts programs with a systemd user manager, which reads units and environment files with the same code as PID 1, and
 * returns what each printed.
 */
export async function startAll(system: Suite, starts: readonly Start[]): Promise<string[][]> {
  const units = '/opt/units'
  const names = starts.map((_start, index) => `start-${index}`)
  const files: RootFile[] = starts.flatMap(({ service, exec, files: more = [] }, index) => [
    ...more,
    {
      path: `${units}/start-${index}.service`,
      content: `[Service]\nType=oneshot\n${service}${exec}StandardOutput=file:/exchange/start-${index}\nStandardError=file:/exchange/start-${index}.said\n`,
    },
  ])
  const services = names.map((name) => `${name}.service`).join(' ')
  // Wants= and not Requires=: a unit that fails shows as an empty output, and does not stop the others.
  const end = `[Unit]\nWants=${services}\nAfter=${services}\nSuccessAction=exit-force\nFailureAction=exit-force\n[Service]\nType=oneshot\nExecStart=/usr/bin/true\n`
  const { stderr, stdout, left } = await runScript(
    system,
    `SYSTEMD_UNIT_PATH=${units}: exec timeout 120 /usr/lib/systemd/systemd --user --unit=end.service`,
    {
      files: [...files, { path: `${units}/end.service`, content: end }],
      leaves: names.flatMap((name) => [name, `${name}.said`]),
      manager: true,
      log: 'warning',
    },
  )
  return names.map((name) => {
    const text = left(name)
    if (text === '') throw new Error(`${name} printed nothing: ${left(`${name}.said`)}${stdout}${stderr}`)
    return text.split('\0').slice(0, -1)
  })
}
