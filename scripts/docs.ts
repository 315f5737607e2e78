/** Writes the generated pages of docs/. A test fails where they are stale. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { renderDiagnosticsReference } from './diagnostics-reference.ts'
import { renderInputReference } from './input-reference.ts'

const schema: unknown = JSON.parse(readFileSync('schemas/meshjoin.v1.schema.json', 'utf8'))

mkdirSync('docs', { recursive: true })
writeFileSync('docs/diagnostics.md', renderDiagnosticsReference())
writeFileSync('docs/input.md', renderInputReference(schema))
