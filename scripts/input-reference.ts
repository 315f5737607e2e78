// Renders the input schema as the Markdown of docs/input.md: one section for each object, in the order in which a
// reader of a document meets them.
import { dump } from 'js-yaml'

type Node = Record<string, unknown>

interface Section {
  readonly id: string
  readonly node: Node
  /** Where in a document the object stands, such as `machines[].ports[]`. */
  readonly places: string[]
}

/** The whole reference as Markdown in plain ASCII, the same text for the same schema. */
export function renderInputReference(schema: unknown): string {
  if (!isNode(schema)) throw new TypeError('the schema must be an object')
  const sections = collect(schema)
  const lines = [
    '<!-- Generated from schemas/meshjoin.v1.schema.json. Do not edit. -->',
    '# Input reference',
    '',
    text(schema.description),
    '',
    'A field in **bold** is required where its object is given. Every object is closed: a field that is not listed is an',
    'error. What depends on several fields at once is checked beyond this page, and reported with its own code.',
    '',
    ...sections.map(({ id, node }) => `- [${text(node.title)}](#${id})`),
    '',
    ...sections.flatMap((section) => renderSection(schema, section)),
  ]
  return ascii(`${lines.join('\n').trimEnd()}\n`)
}

/** Every object with fields, depth first: an object is followed by those inside it. */
function collect(root: Node): Section[] {
  const sections = new Map<Node, Section>()
  const visit = (node: Node, place: string): void => {
    const known = sections.get(node)
    if (known !== undefined) {
      known.places.push(place)
      return
    }
    const isRoot = node === root
    sections.set(node, {
      id: isRoot ? 'document' : kebab(String(node.title)),
      node,
      places: isRoot ? [] : [place],
    })
    for (const [name, property] of properties(node)) {
      for (const inner of objectsIn(root, property)) {
        visit(inner.node, `${isRoot ? '' : `${place}.`}${name}${inner.suffix}`)
      }
    }
  }
  visit(root, '')
  return [...sections.values()]
}

/** The objects with fields that a property holds: itself, its items, or its values. */
function objectsIn(root: Node, property: Node): { node: Node; suffix: string }[] {
  const node = resolve(root, property)
  if (isNode(node.properties)) return [{ node, suffix: '' }]
  const inner: [unknown, string][] = [
    [node.items, '[]'],
    [node.additionalProperties, '.<name>'],
  ]
  return inner.flatMap(([child, suffix]) =>
    isNode(child)
      ? objectsIn(root, child).map((found) => ({ node: found.node, suffix: `${suffix}${found.suffix}` }))
      : [],
  )
}

function renderSection(root: Node, section: Section): string[] {
  const { id, node, places } = section
  const example = Array.isArray(node.examples) ? node.examples[0] : undefined
  return [
    `<a id="${id}"></a>`,
    '',
    `## ${text(node.title)}`,
    '',
    ...(places.length === 0 ? [] : [`${places.map(code).join(', ')}`, '', text(node.description), '']),
    '| field | type | default | description |',
    '|---|---|---|---|',
    ...properties(node).map(([name, property]) => renderRow(root, section, name, property)),
    '',
    ...(example === undefined ? [] : ['```yaml', dump(example, { lineWidth: -1 }).trimEnd(), '```', '']),
  ]
}

function renderRow(root: Node, section: Section, name: string, property: Node): string {
  const node = resolve(root, property)
  const required = Array.isArray(section.node.required) && section.node.required.includes(name)
  const cells = [
    `<a id="${section.id}.${kebab(name)}"></a>${required ? `**${code(name)}**` : code(name)}`,
    typeText(root, property),
    'default' in node ? code(JSON.stringify(node.default)) : '',
    [text(node.description), exampleText(node)].filter((part) => part !== '').join(' '),
  ]
  return `| ${cells.map(cell).join(' | ')} |`
}

/** Examples that fit into a table: those of single values and of lists of them. */
function exampleText(node: Node): string {
  if (
    isNode(node.properties) ||
    !Array.isArray(node.examples) ||
    node.type === 'boolean' ||
    'enum' in node ||
    'const' in node
  ) {
    return ''
  }
  const short = node.examples
    .map((example) => JSON.stringify(example))
    .filter((example) => example.length <= 100)
  return short.length === 0 ? '' : `Example: ${short.map(code).join(', ')}.`
}

function typeText(root: Node, property: Node): string {
  const node = resolve(root, property)
  const types = Array.isArray(node.type) ? node.type : [node.type]
  const link = isNode(node.properties) ? `[${text(node.title)}](#${kebab(String(node.title))})` : undefined
  if (link !== undefined && types.length === 1) return link
  if ('const' in node) return code(JSON.stringify(node.const))
  if (Array.isArray(node.enum)) return node.enum.map((value) => code(String(value))).join(', ')
  return types
    .map((type) => (type === 'object' && link !== undefined ? link : kindText(root, node, String(type))))
    .join(' or ')
}

function kindText(root: Node, node: Node, type: string): string {
  if (type === 'string') return `string${most(node.maxLength, 'character')}`
  if (type === 'integer') return `integer from ${String(node.minimum)} to ${String(node.maximum)}`
  if (type === 'array') {
    const items = isNode(node.items) ? typeText(root, node.items) : 'values'
    return `list${range(node.minItems, node.maxItems)} of ${items}`
  }
  if (type === 'object') {
    const values = isNode(node.additionalProperties) ? typeText(root, node.additionalProperties) : 'values'
    return `map${range(node.minProperties, node.maxProperties)} to ${values}`
  }
  return type
}

function most(max: unknown, unit: string): string {
  return typeof max === 'number' ? ` of at most ${max} ${unit}${max === 1 ? '' : 's'}` : ''
}

function range(min: unknown, max: unknown): string {
  const low = typeof min === 'number' ? min : 0
  return typeof max === 'number' ? ` (${low} to ${max})` : ''
}

function properties(node: Node): [string, Node][] {
  if (!isNode(node.properties)) return []
  return Object.entries(node.properties).filter((entry): entry is [string, Node] => isNode(entry[1]))
}

function resolve(root: Node, node: Node): Node {
  if (typeof node.$ref !== 'string') return node
  const name = node.$ref.slice('#/definitions/'.length)
  const definition = isNode(root.definitions) ? root.definitions[name] : undefined
  if (!isNode(definition)) throw new TypeError(`the schema has no definition ${name}`)
  return definition
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Prose: Markdown code spans stay as they are, what could be HTML outside them does not. */
function text(value: unknown): string {
  return String(value ?? '')
    .split('`')
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll('&', '&amp;').replaceAll('<', '&lt;')))
    .join('`')
}

/** A code span, with a longer fence where the value itself holds a backtick. */
function code(value: string): string {
  return value.includes('`') ? `\`\` ${value} \`\`` : `\`${value}\``
}

function cell(value: string): string {
  return value.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function kebab(value: string): string {
  return value
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
}

function ascii(value: string): string {
  return value.replaceAll(/[^\n -~]/gu, (char) => `&#x${(char.codePointAt(0) ?? 0).toString(16)};`)
}
