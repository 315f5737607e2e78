type Node = Readonly<Record<string, unknown>>

/** Fields of a machine that its own files are made of, and so variables of the Ansible role. */
const fields = {
  name: ['Machine', 'name'],
  namespace: ['Machine', 'namespace'],
  addresses: ['Machine', 'addresses'],
  localAddresses: ['Machine', 'localAddresses'],
  ports: ['Machine', 'ports'],
  portName: ['MachinePort', 'name'],
  portNumber: ['MachinePort', 'port'],
  portOpaque: ['MachinePort', 'opaque'],
  spiffeId: ['Identity', 'spiffeId'],
  serverName: ['Identity', 'serverName'],
} as const

/** What the schema says of these fields, so that the whole schema need not be in the library bundle. */
export function collectMachineVariables(schema: unknown): string {
  const entries = Object.entries(fields).map(([key, [object, name]]) => [key, wordsOf(schema, object, name)])
  return [
    "/** A field of the schema: its description, and its limits in the schema's own words. */",
    'export interface SchemaField {',
    '  readonly description: string',
    '  readonly pattern?: string',
    '  readonly maxLength?: number',
    '  readonly minimum?: number',
    '  readonly maximum?: number',
    '  readonly maxItems?: number',
    '}',
    '',
    '/** The fields of a machine that the Ansible role has variables for. Of a list, what holds for its items. */',
    `export const machineFields = ${JSON.stringify(Object.fromEntries(entries), null, 2)} as const satisfies Readonly<Record<string, SchemaField>>`,
    '',
  ].join('\n')
}

function wordsOf(schema: unknown, object: string, name: string): Node {
  const definitions = read(schema, 'definitions')
  const place = read(read(read(definitions, object), 'properties'), name)
  const refers = typeof place.$ref === 'string' ? place.$ref.replace('#/definitions/', '') : undefined
  const property = refers === undefined ? place : read(definitions, refers)
  const { description, maxItems } = property
  const limits = isNode(property.items) && property.items.type === 'string' ? property.items : property
  const { pattern, maxLength, minimum, maximum } = limits
  return { description, pattern, maxLength, minimum, maximum, maxItems }
}

function read(node: unknown, key: string): Node {
  const value = isNode(node) ? node[key] : undefined
  if (!isNode(value)) throw new TypeError(`the schema has no ${key}`)
  return value
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
