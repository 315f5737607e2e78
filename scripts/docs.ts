/** Writes the generated pages of docs/. A test fails where they are stale. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { renderDiagnosticsReference } from './diagnostics-reference.ts'
import { readFailures, renderFailures } from './failures.ts'
import { readFindings, renderFindings } from './findings.ts'
import { renderInputReference } from './input-reference.ts'

const schema: unknown = JSON.parse(readFileSync('schemas/meshjoin.v1.schema.json', 'utf8'))

mkdirSync('docs', { recursive: true })
writeFileSync('docs/diagnostics.md', renderDiagnosticsReference())
writeFileSync('docs/input.md', renderInputReference(schema))

const failures = readFailures('templates')
writeFileSync('docs/failures.md', renderFailures(failures))

const statusFile = 'schemas/status.v1.schema.json'
const status = JSON.parse(readFileSync(statusFile, 'utf8'))
status.definitions.failure.properties.id.enum = failures.map(({ id }) => id)
writeFileSync(statusFile, `${JSON.stringify(status, null, 2)}\n`)

const findings = readFindings('templates')
writeFileSync('docs/doctor.md', renderFindings(findings))

const doctorFile = 'schemas/doctor.v1.schema.json'
const doctor = JSON.parse(readFileSync(doctorFile, 'utf8'))
doctor.definitions.finding.properties.id.enum = findings.map(({ id }) => id)
writeFileSync(doctorFile, `${JSON.stringify(doctor, null, 2)}\n`)
