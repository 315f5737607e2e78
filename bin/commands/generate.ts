import { type Generation, generateLazily, measureUserData, parse } from '../../lib/index.ts'
import { type ExitCode, exit, UsageError } from '../exit.ts'
import { type Notes, type WriteResult, writeArtifacts } from '../output/write.ts'
import { readSource, type Source } from '../read.ts'
import { codeOf, printDiagnostics, writeOut } from '../report.ts'
import { plainText } from '../user-data.ts'
import { version } from '../version.ts'
import { run as runExternal } from './external.ts'

export interface GenerateArguments {
  readonly file: string
  readonly format: 'files' | 'external'
  /** There but for `--format external`. */
  readonly out?: string | undefined
  readonly target?: readonly string[] | undefined
  readonly machine?: readonly string[] | undefined
  readonly check: boolean
  readonly dryRun: boolean
  readonly force: boolean
  readonly strict: boolean
}

export function run(args: GenerateArguments): ExitCode {
  if (args.format === 'external') {
    refuseForExternal(args)
    return runExternal(args.file, args.strict)
  }
  if (args.out === undefined) throw new UsageError('--out is missing: a folder, or - for one user-data')
  return runFiles({ ...args, out: args.out })
}

/** What says where and how to write files, or of which machine, has no meaning where Terraform asks. */
function refuseForExternal({ out, target, machine, check, dryRun, force }: GenerateArguments): void {
  if (machine !== undefined)
    throw new UsageError('--format external takes the machine from its query: leave --machine out')
  const other = Object.entries({ out, target, check, 'dry-run': dryRun, force }).find(
    ([, value]) => value !== undefined && value !== false,
  )
  if (other !== undefined)
    throw new UsageError(`--format external prints one user-data: leave --${other[0]} out`)
}

interface FilesArguments extends GenerateArguments {
  readonly out: string
}

function runFiles(args: FilesArguments): ExitCode {
  if (args.check && args.dryRun) throw new UsageError('--check and --dry-run exclude each other')
  if (args.out === '') throw new UsageError('--out is empty')
  const source = readSource(args.file)
  const generated = generateLazily(parse(source.text), {
    ...(args.target === undefined ? {} : { targets: args.target }),
    ...(args.machine === undefined ? {} : { machines: args.machine }),
  })
  if (!generated.ok || codeOf(generated.diagnostics, args.strict) !== exit.fine) {
    printDiagnostics(generated.diagnostics, source)
    return exit.findings
  }
  return args.out === '-'
    ? printUserData(generated.value, args, source)
    : writeFolder(generated.value, args, source)
}

/** `--out -`: one machine's user-data, for pipes. */
function printUserData(generation: Generation, args: GenerateArguments, source: Source): ExitCode {
  if (args.target?.join() !== 'cloud-init' || args.machine?.length !== 1) {
    throw new UsageError('--out - prints one user-data: add --target cloud-init and one --machine')
  }
  if (args.check || args.dryRun)
    throw new UsageError('--out - writes no folder: leave --check and --dry-run out')
  const artifacts = [...generation.artifacts()]
  const diagnostics = generation.diagnostics()
  printDiagnostics(diagnostics, source)
  if (codeOf(diagnostics, args.strict) !== exit.fine) return exit.findings
  const userData = artifacts.find(({ path }) => path.endsWith('/user-data'))
  if (userData === undefined) throw new Error('the target cloud-init made no user-data')
  if (typeof userData.content !== 'string' && process.stdout.isTTY === true) {
    throw new UsageError('the user-data is compressed: redirect stdout to a file')
  }
  if (userData.sensitive && process.stdout.isTTY === true)
    throw new UsageError('the user-data has a join token in it: redirect stdout to a file')
  writeOut(userData.content)
  return exit.fine
}

function writeFolder(generation: Generation, args: FilesArguments, source: Source): ExitCode {
  let largest = ''
  const artifacts = function* () {
    for (const artifact of generation.artifacts()) {
      if (artifact.path.endsWith('/user-data')) {
        const text = plainText(artifact.content)
        if (text.length > largest.length) largest = text
      }
      yield artifact
    }
  }
  // What only the output shows is known after the first pass; then nothing may be written.
  const ready = () => codeOf(generation.diagnostics(), args.strict) === exit.fine
  const { check, dryRun, force } = args
  const result = writeArtifacts(args.out, artifacts, { version, check, dryRun, force, ready })
  printDiagnostics(generation.diagnostics(), source)
  if (!ready()) return exit.findings
  printResult(result, args)
  if (result.ok && largest !== '') printSizes(largest)
  if (result.failures.count > 0 || result.conflicts.count > 0) return exit.io
  return result.ok ? exit.fine : exit.findings
}

function printResult(result: WriteResult, { out, check, dryRun }: FilesArguments): void {
  const list = (title: string, notes: Notes) => {
    if (notes.count === 0) return
    process.stderr.write(`${title}\n`)
    for (const { path, reason } of notes.first)
      process.stderr.write(`  ${path}${reason === '' ? '' : `: ${reason}`}\n`)
    if (notes.count > notes.first.length)
      process.stderr.write(`  and ${notes.count - notes.first.length} more\n`)
  }
  list('Failed:', result.failures)
  list('Not written, because these are in the way (--force replaces regular files):', result.conflicts)
  list(`${out} is not up to date:`, result.differences)
  list(
    'Left in place, because they were modified since meshjoin wrote them, and are no longer part of the output:',
    result.kept,
  )
  if (dryRun) {
    list('Would write:', result.written)
    list('Would remove:', result.removed)
  } else if (check && result.ok) process.stderr.write(`${out} is up to date\n`)
  else if (!check && result.ok) {
    const { written, unchanged, removed } = result
    process.stderr.write(
      `${out}: ${written.count} files written, ${unchanged.count} unchanged, ${removed.count} removed\n`,
    )
  }
}

/** The largest user-data against every platform's limit. */
function printSizes(userData: string): void {
  process.stderr.write('Largest user-data, in bytes as each platform counts:\n')
  for (const { platform, limit, plain, compressed, fits } of measureUserData(userData)) {
    const packed = compressed === undefined ? 'no gzip' : `gzip ${compressed}`
    const verdict = { plain: 'fits', compressed: 'fits compressed', not: 'TOO LARGE' }[fits]
    process.stderr.write(
      `  ${platform.padEnd(13)}${verdict.padEnd(17)}plain ${plain}, ${packed}, limit ${limit ?? 'none'}\n`,
    )
  }
}
