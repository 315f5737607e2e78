type Node = Readonly<Record<string, unknown>>

/**
 * For every property of the schema its title, an example, and the definition that it, its items or its entries refer to.
 * Diagnostics are made of these, so that the whole schema need not be in the library bundle.
 */
export function collectSchemaWords(schema: unknown): string {
  if (!isNode(schema) || !isNode(schema.definitions)) throw new TypeError('the schema has no definitions')
  const objects: Record<
    string,
    Record<string, readonly [title: string, example: string, refers?: string]>
  > = {}
  for (const [name, node] of Object.entries({ Document: schema, ...schema.definitions })) {
    if (!isNode(node) || !isNode(node.properties)) continue
    const properties: (typeof objects)[string] = {}
    for (const [key, child] of Object.entries(node.properties)) {
      if (!isNode(child)) continue
      const target = targetOf(child)
      const title = text(child.title) || text(definitionOf(schema, target)?.title)
      properties[key] = target === '' ? [title, exampleOf(child)] : [title, exampleOf(child), target]
    }
    objects[name] = properties
  }
  const type =
    'Readonly<Record<string, Readonly<Record<string, readonly [title: string, example: string, refers?: string]>>>>'
  return [
    '/**',
    ' * The properties of each object of the schema: title, example, and the object that the property leads to;',
    ' * "[]" before its name where an index or a key comes between.',
    ' */',
    `export const schemaWords: ${type} = ${JSON.stringify(objects, null, 1)}\n`,
  ].join('\n')
}

function targetOf(node: Node): string {
  const direct = refName(node)
  if (direct !== '') return direct
  for (const key of ['items', 'additionalProperties']) {
    const inner = isNode(node[key]) ? refName(node[key]) : ''
    if (inner !== '') return `[]${inner}`
  }
  return ''
}

function refName(node: Node): string {
  return text(node.$ref).replace('#/definitions/', '')
}

function definitionOf(schema: Node, target: string): Node | undefined {
  const definition = isNode(schema.definitions) ? schema.definitions[target.replace('[]', '')] : undefined
  return isNode(definition) ? definition : undefined
}

/** The first example as one line of text; of a list or map, its first entry. */
function exampleOf(node: Node): string {
  let [example] = Array.isArray(node.examples) ? (node.examples as unknown[]) : []
  if (Array.isArray(example)) [example] = example as unknown[]
  else if (isNode(example)) [example] = Object.values(example)
  const line = typeof example === 'string' || typeof example === 'number' ? String(example) : ''
  return line.includes('\n') ? '' : line
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
