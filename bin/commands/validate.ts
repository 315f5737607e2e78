import { parse, validate } from '../../lib/index.ts'
import type { ExitCode } from '../exit.ts'
import { readSource } from '../read.ts'
import { codeOf, printDiagnostics, writeOut } from '../report.ts'

export interface ValidateArguments {
  readonly file: string
  readonly strict: boolean
  readonly format: 'text' | 'json'
}

export function run({ file, strict, format }: ValidateArguments): ExitCode {
  const source = readSource(file)
  const { diagnostics } = validate(parse(source.text))
  const code = codeOf(diagnostics, strict)
  if (format === 'json')
    writeOut(`${JSON.stringify({ file: source.filename, ok: code === 0, diagnostics }, null, 2)}\n`)
  else {
    printDiagnostics(diagnostics, source)
    if (code === 0) process.stderr.write(`${source.filename}: the document is valid\n`)
  }
  return code
}
