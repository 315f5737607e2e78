import yargs from 'yargs'
import { type ExitCode, exit, IoError, UsageError } from './exit.ts'
import { version } from './version.ts'

const file = { type: 'string', describe: 'the input document, or - for stdin', demandOption: true } as const
const machine = { type: 'string', array: true, requiresArg: true, describe: 'only these machines' } as const

/** Runs the command line and returns its exit code. Commands are loaded when they run. */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exit.fine
  const parser = yargs([...argv])
    .scriptName('meshjoin')
    .locale('en') // or help would follow LC_ALL
    .parserConfiguration({ 'duplicate-arguments-array': true, 'dot-notation': false, 'greedy-arrays': false })
    .usage(
      '$0 <command>\n\nGenerate everything that a machine outside Kubernetes needs to join a Linkerd\nmesh from one checked document.',
    )
    .command(
      'init',
      'Print a commented starter document',
      (y) =>
        y.option('example', {
          choices: ['minimal', 'walkthrough', 'fleet', 'autoscaling'] as const,
          default: 'minimal' as const,
          describe: 'example to print',
        }),
      async (args) => {
        code = (await import('./commands/init.ts')).run(one(args.example, 'example'))
      },
    )
    .command(
      'validate <file>',
      'Check a document; report everything at once',
      (y) =>
        y
          .positional('file', file)
          .nargs('file', 1) // or yargs would read "-" as an option
          .option('strict', { type: 'boolean', default: false, describe: 'warnings count as errors' })
          .option('format', {
            choices: ['text', 'json'] as const,
            default: 'text' as const,
            describe: 'text on stderr, or JSON on stdout',
          }),
      async (args) => {
        code = (await import('./commands/validate.ts')).run({ ...args, format: one(args.format, 'format') })
      },
    )
    .command(
      'generate <file>',
      'Write the artifacts',
      (y) =>
        y
          .positional('file', file)
          .nargs('file', 1) // or yargs would read "-" as an option
          .option('out', {
            type: 'string',
            requiresArg: true,
            describe: 'output folder, or - for one user-data on stdout',
          })
          .option('format', {
            choices: ['files', 'external'] as const,
            default: 'files' as const,
            describe: 'external: one user-data as JSON, for Terraform',
          })
          .option('target', {
            type: 'string',
            array: true,
            requiresArg: true,
            describe: 'only these targets',
          })
          .option('machine', machine)
          .option('check', {
            type: 'boolean',
            default: false,
            describe: 'write nothing; exit 1 if the folder is not up to date',
          })
          .option('dry-run', {
            type: 'boolean',
            default: false,
            describe: 'write nothing; say what would be done',
          })
          .option('force', {
            type: 'boolean',
            default: false,
            describe: 'replace files that are not ours, or were modified',
          })
          .option('strict', { type: 'boolean', default: false, describe: 'warnings count as errors' })
          .example('$0 generate mesh.yaml --out out', 'everything, for all machines')
          .example('$0 generate mesh.yaml --out out --check', 'in CI: is the folder up to date?')
          .example(
            '$0 generate mesh.yaml --target cloud-init \\\n    --machine vm-1 --out -',
            'one user-data on stdout',
          )
          .example('$0 generate mesh.yaml \\\n    --format external < query', "as Terraform's data source"),
      async (args) => {
        code = (await import('./commands/generate.ts')).run({
          ...args,
          out: one(args.out, 'out'),
          format: one(args.format, 'format'),
        })
      },
    )
    .command(
      'plan <file>',
      'Print what each machine must end up with, as JSON',
      (y) =>
        y
          .positional('file', file)
          .nargs('file', 1) // or yargs would read "-" as an option
          .option('machine', machine)
          .option('format', {
            choices: ['json'] as const,
            default: 'json' as const,
            describe: 'output format',
          }),
      async (args) => {
        code = (await import('./commands/plan.ts')).run(args)
      },
    )
    .command(
      'explain <file>',
      'Say what happens to a connection, and why',
      (y) =>
        y
          .positional('file', file)
          .nargs('file', 1) // or yargs would read "-" as an option
          .option('machine', {
            type: 'string',
            requiresArg: true,
            describe: 'machine; not needed where there is one',
          })
          .option('inbound', {
            type: 'string',
            requiresArg: true,
            describe: 'PORT or ADDRESS:PORT of the machine',
          })
          .option('from', { type: 'string', requiresArg: true, describe: 'inbound: where from, an address' })
          .option('outbound', { type: 'string', requiresArg: true, describe: 'ADDRESS:PORT of a peer' })
          .option('uid', { type: 'string', requiresArg: true, describe: 'outbound: whose, number or name' })
          .option('interface', {
            type: 'string',
            requiresArg: true,
            describe: 'network interface that it comes or goes by',
          })
          .option('protocol', {
            choices: ['tcp', 'udp'] as const,
            default: 'tcp' as const,
            describe: 'tcp or udp',
          })
          .option('format', {
            choices: ['text', 'json'] as const,
            default: 'text' as const,
            describe: 'for people, or JSON',
          })
          .example('$0 explain mesh.yaml --inbound 22', 'is SSH bypassed?')
          .example('$0 explain mesh.yaml --outbound 10.43.0.7:80 \\\n    --uid 1000', 'and this one?'),
      async (args) => {
        code = (await import('./commands/explain.ts')).run({
          ...args,
          machine: one(args.machine, 'machine'),
          inbound: one(args.inbound, 'inbound'),
          outbound: one(args.outbound, 'outbound'),
          from: one(args.from, 'from'),
          uid: one(args.uid, 'uid'),
          interface: one(args.interface, 'interface'),
          protocol: one(args.protocol, 'protocol'),
          format: one(args.format, 'format'),
        })
      },
    )
    .command('schema', 'Print the JSON Schema of the input document', {}, async () => {
      code = (await import('./commands/schema.ts')).run()
    })
    .example('$0 init > mesh.yaml', 'start a document')
    .example('$0 validate mesh.yaml', 'check it')
    .example('$0 generate mesh.yaml --out out', 'write the artifacts')
    .epilogue(
      'Exit codes: 0 fine; 1 the document has errors (or warnings with --strict),\nor the output is stale with --check; 2 usage; 3 reading or writing failed.',
    )
    .strict()
    .demandCommand(1, 'Name a command.')
    .recommendCommands()
    .wrap(79)
    .version(version)
    .showHelpOnFail(false)
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      // Most usage faults are a message alone; some are an error named YError.
      throw error !== undefined && error !== null && error.name !== 'YError'
        ? error
        : new UsageError(message ?? error?.message ?? 'wrong usage')
    })
  try {
    await parser.parseAsync()
    return code
  } catch (error) {
    if (error instanceof UsageError) return complain(`${error.message}\nTry "meshjoin --help".`, exit.usage)
    if (error instanceof IoError) return complain(error.message, exit.io)
    throw error
  }
}

function complain(message: string, code: ExitCode): ExitCode {
  process.stderr.write(`meshjoin: ${message}\n`)
  return code
}

/** With repeated options as lists, an option that is one value must be given once. */
function one<T>(value: T | readonly T[], name: string): T {
  if (!Array.isArray(value)) return value as T
  throw new UsageError(`--${name} is given more than once`)
}
