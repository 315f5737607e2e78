/**
 * Makes lib/generated from schemas/ and templates/: types, the compiled validator, the words for schema faults, the
 * schema and the templates as modules. Nothing of this is done at run time.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { compile } from 'json-schema-to-typescript'
import { collectMachineVariables } from './machine-variables.ts'
import { bundleProber } from './prober.ts'
import { collectSchemaWords } from './schema-words.ts'
import { compileTemplates } from './templates.ts'
import { compileValidator } from './validator.ts'

const banner = '// Made by scripts/generate.ts. Do not edit.\n'
const schemaText = readFileSync('schemas/meshjoin.v1.schema.json', 'utf8')
const schema: unknown = JSON.parse(schemaText)

mkdirSync('lib/generated', { recursive: true })
const write = (name: string, text: string) => writeFileSync(`lib/generated/${name}`, banner + text)

const types = await compile(withoutScalarTitles(schema) as Parameters<typeof compile>[0], 'Document', {
  bannerComment: '',
  additionalProperties: false,
  format: false,
  ignoreMinAndMaxItems: true,
})
write('document.ts', types)
write(
  'schema.ts',
  `/** The JSON Schema (draft-07) of the input document. */\nexport const schema = ${JSON.stringify(schema, null, 2)} as const\n`,
)
write('schema-words.ts', collectSchemaWords(schema))
write('machine-variables.ts', collectMachineVariables(schema))
write(
  'templates.js',
  compileTemplates('templates', { 'kubernetes/prober.mjs': await bundleProber('templates') }),
)
write(
  'templates.d.ts',
  `export declare const templates: Readonly<Record<string, unknown>>
export declare const texts: Readonly<Record<string, string>>
export declare const checksums: Readonly<Record<string, string>>
`,
)
write('validator.js', await compileValidator(schema))
write(
  'validator.d.ts',
  `export interface SchemaFault {
  readonly keyword: string
  readonly instancePath: string
  readonly propertyName?: string
  readonly params: Readonly<Record<string, unknown>>
}
export declare const validateDocument: { (value: unknown): boolean; errors?: SchemaFault[] | null }
`,
)

/** A title on a text or number would make a named type of it; objects keep theirs. */
function withoutScalarTitles(node: unknown, isNames = false): unknown {
  if (Array.isArray(node)) return node.map((item) => withoutScalarTitles(item))
  if (typeof node !== 'object' || node === null) return node
  const named = !isNames && (!('title' in node) || 'properties' in node)
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => isNames || named || key !== 'title')
      .map(([key, value]) => [
        key,
        withoutScalarTitles(value, !isNames && (key === 'properties' || key === 'definitions')),
      ]),
  )
}
