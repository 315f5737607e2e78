import { Ajv } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import { build } from 'esbuild'

/**
 * Compiles the schema to one module without imports. ajv's own ESM output still calls `require`, so it is bundled; the
 * texts of its errors are left out, because ours come from the catalogue.
 */
export async function compileValidator(schema: unknown): Promise<string> {
  const ajv = new Ajv({
    allErrors: true,
    messages: false,
    strict: true,
    allowUnionTypes: true,
    inlineRefs: false,
    code: { source: true, esm: true },
  })
  const bare = shareEqualParts(stripAnnotations(schema) as Node)
  const source = standalone
    .default(ajv, ajv.compile(bare))
    .replace('export const validate =', 'export const validateDocument =')
    // Where in the schema a rule stands is told to nobody, and would be a text of its own for each rule.
    .replace(/schemaPath:"[^"]*",/g, '')
    // Written out it stands four hundred times in the code.
    .replace(
      /if\(vErrors === null\)\{\s*vErrors = \[(\w+)\];\s*\}\s*else \{\s*vErrors\.push\(\1\);\s*\}/g,
      'vErrors = addError(vErrors, $1);',
    )
    .concat(
      '\nfunction addError(errors, error) { return errors === null ? [error] : (errors.push(error), errors) }\n',
    )
  const bundle = await build({
    stdin: { contents: source, resolveDir: process.cwd() },
    bundle: true,
    write: false,
    minifyIdentifiers: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
  })
  const [file] = bundle.outputFiles
  if (file === undefined) throw new Error('esbuild made no validator')
  // ajv's helpers carry their own source as text, which names require: only a call outside quotes would be one.
  const left = /^(?!.*\.code = ').*[^_.\w]require\(.*|^import\b.*/m.exec(file.text)
  if (left !== null) throw new Error(`the validator still imports something: ${left[0]}`)
  if (file.text.includes('schemaPath')) throw new Error('the validator still carries places of the schema')
  return file.text
}

type Node = Record<string, unknown>

/** Names, paths and ports stand in many places; as one function each they take a quarter of the code. */
function shareEqualParts(schema: Node): Node {
  const shared = new Map<string, string>()
  const definitions = schema.definitions as Node
  const visit = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(visit)
    if (typeof node !== 'object' || node === null) return node
    const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, visit(value)]))
    if (
      !('type' in copy) ||
      typeof copy.type === 'object' ||
      'properties' in copy ||
      JSON.stringify(copy).length < 40
    )
      return copy
    const text = JSON.stringify(copy)
    const name = shared.get(text) ?? `part${shared.size}`
    shared.set(text, name)
    return { $ref: `#/definitions/${name}` }
  }
  const whole = {
    ...(visit({ ...schema, definitions: {} }) as Node),
    definitions: visit(definitions) as Node,
  }
  for (const [text, name] of shared) (whole.definitions as Node)[name] = JSON.parse(text)
  // The root refers to the document, or the code would carry the whole schema along as data.
  const { definitions: parts, $schema, $id: _, ...root } = whole as Node & { definitions: Node }
  return { $schema, $ref: '#/definitions/Document', definitions: { ...parts, Document: root } }
}

/** Titles, descriptions and examples would be carried along as data. `properties` are names, not annotations. */
function stripAnnotations(node: unknown, isNames = false): unknown {
  if (Array.isArray(node)) return node.map((item) => stripAnnotations(item))
  if (typeof node !== 'object' || node === null) return node
  const annotations = ['title', 'description', 'examples', 'default', '$comment']
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => isNames || !annotations.includes(key))
      .map(([key, value]) => [
        key,
        key === 'enum' || key === 'const'
          ? value
          : stripAnnotations(value, !isNames && (key === 'properties' || key === 'definitions')),
      ]),
  )
}
