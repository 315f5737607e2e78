/**
 * `generate --format external`: a machine's user-data for Terraform's data source `external`, which writes an object of strings on
 * stdin and reads another from stdout. The document is FILE, since a path belongs to the `program` that the configuration
 * shows; the machine is in the query, since it is what differs within a `for_each`. With `-` for FILE, which is stdin, the
 * document itself is in the query: for one that Terraform makes with `yamlencode()`, of addresses that it knows by then.
 */
import { createHash } from 'node:crypto'
import { type Generation, generateLazily, parse } from '../../lib/index.ts'
import { type ExitCode, exit, UsageError } from '../exit.ts'
import { readSource, type Source } from '../read.ts'
import { codeOf, printDiagnostics, writeOut } from '../report.ts'
import { base64Text, plainText } from '../user-data.ts'

const keys = ['machine', 'document'] as const

type Query = Readonly<Partial<Record<(typeof keys)[number], string>>>

export function run(file: string, strict: boolean): ExitCode {
  const query = readQuery(readSource('-').text)
  const source = chooseDocument(file, query)
  const generated = generateLazily(parse(source.text), {
    targets: ['cloud-init'],
    ...(query.machine === undefined ? {} : { machines: [query.machine] }),
  })
  const userData = generated.ok ? findUserData(generated.value) : ''
  const diagnostics = generated.ok ? generated.value.diagnostics() : generated.diagnostics
  printDiagnostics(diagnostics, source)
  const code = codeOf(diagnostics, strict)
  if (code === exit.fine) writeOut(`${JSON.stringify(describe(userData))}\n`)
  return code
}

/** Terraform takes a flat object of strings and nothing else. */
function describe(userData: string | Uint8Array): Readonly<Record<string, string>> {
  const text = plainText(userData)
  return {
    user_data: text,
    user_data_base64: base64Text(userData),
    sha256: createHash('sha256').update(text).digest('hex'),
  }
}

/** The user-data of the only machine, after an iteration to its end, which finds what only the output shows. */
function findUserData(generation: Generation): string | Uint8Array {
  let found: string | Uint8Array | undefined
  for (const { path, content } of generation.artifacts()) {
    if (!path.endsWith('/user-data')) continue
    if (found !== undefined)
      throw new UsageError('the document has several machines: name one as "machine" in the query')
    found = content
  }
  if (found === undefined) throw new Error('the target cloud-init made no user-data')
  return found
}

function chooseDocument(file: string, { document }: Query): Source {
  if (file !== '-' && document !== undefined)
    throw new UsageError('the query has a "document" as well: give - for FILE, or leave it out')
  if (file !== '-') return readSource(file)
  if (document === undefined)
    throw new UsageError(
      'with - for FILE the query on stdin has the document: query = { document = file("mesh.yaml") }',
    )
  return { filename: '<document>', text: document }
}

/** Terraform sends `{}` where a configuration has no query; nothing at all is the same, for people who try it. */
function readQuery(text: string): Query {
  const query = text.trim() === '' ? {} : parseJson(text)
  if (typeof query !== 'object' || query === null || Array.isArray(query)) throw notQuery()
  for (const [key, value] of Object.entries(query)) {
    if (!keys.some((known) => known === key))
      throw new UsageError(`the query has an unknown key "${key}"; it takes ${keys.join(' and ')}`)
    if (typeof value !== 'string') throw notQuery()
  }
  return query
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw notQuery()
  }
}

function notQuery(): UsageError {
  return new UsageError('stdin has no query: an object of strings, as JSON, such as {"machine": "vm-1"}')
}
