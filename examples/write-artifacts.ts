/**
 * Writes every artifact of a document below a folder.
 * Usage: write-artifacts.ts DOCUMENT FOLDER
 *
 * The command line does more: it removes what is no longer wanted, and never overwrites what is not its own.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { formatDiagnostic, generate } from 'meshjoin'

const [file = 'mesh.yaml', folder = 'out'] = process.argv.slice(2)
const source = readFileSync(file, 'utf8')
const generated = generate(source)

for (const diagnostic of generated.diagnostics)
  process.stderr.write(`${formatDiagnostic(diagnostic, { filename: file, source })}\n`)

if (generated.ok) {
  for (const { path, content, mode, sensitive } of generated.value) {
    const target = join(folder, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, content, { mode: sensitive ? 0o600 : mode })
  }
} else process.exitCode = 1
