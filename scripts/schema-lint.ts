// Holds the input schema to the rules that the rest of the project builds on: closed, bounded, documented,
// and with examples and defaults that are themselves valid.
import { Ajv, type AnySchemaObject, type ValidateFunction } from 'ajv'

type Node = Record<string, unknown>

const annotations = ['title', 'description', 'examples', 'default']
const allowed: Readonly<Record<string, readonly string[]>> = {
  object: [
    'additionalProperties',
    'required',
    'properties',
    'minProperties',
    'maxProperties',
    'propertyNames',
  ],
  array: ['items', 'minItems', 'maxItems', 'uniqueItems'],
  string: ['pattern', 'minLength', 'maxLength', 'enum', 'const'],
  integer: ['minimum', 'maximum', 'enum', 'const'],
  boolean: [],
}
const rootOnly = ['$schema', '$id', 'definitions']

/** Problems of the schema, each as `pointer: what is wrong`; empty when there are none. */
export function lintSchema(schema: unknown): string[] {
  if (!isNode(schema)) return ['#: the schema must be an object']
  const linter = new Linter(schema)
  return linter.run()
}

class Linter {
  readonly #root: Node
  readonly #problems: string[] = []
  readonly #ajv = new Ajv({ strict: true, allErrors: true, allowUnionTypes: true, logger: false })
  readonly #used = new Set<string>()

  constructor(root: Node) {
    this.#root = root
  }

  run(): string[] {
    if (this.#root.$schema !== 'http://json-schema.org/draft-07/schema#') this.#report('#', 'is not draft-07')
    if (typeof this.#root.$id !== 'string') this.#report('#', 'has no $id')
    if (!this.#compiles()) return this.#problems
    this.#documented('#', this.#root)
    this.#node('#', this.#root, rootOnly)
    for (const [name, definition] of entries(this.#root.definitions)) {
      const pointer = `#/definitions/${pointerStep(name)}`
      this.#documented(pointer, definition)
      this.#node(pointer, definition)
    }
    for (const [name] of entries(this.#root.definitions)) {
      if (!this.#used.has(`#/definitions/${name}`))
        this.#report(`#/definitions/${pointerStep(name)}`, 'is never used')
    }
    return this.#problems
  }

  /** The whole schema in ajv's strict mode: unknown keywords, bad patterns and dangling references end here. */
  #compiles(): boolean {
    try {
      this.#ajv.compile(this.#root as AnySchemaObject)
      return true
    } catch (error) {
      this.#report('#', `does not compile: ${error instanceof Error ? error.message : String(error)}`)
      return false
    }
  }

  #node(pointer: string, node: unknown, extra: readonly string[] = []): void {
    if (!isNode(node)) {
      this.#report(pointer, 'is not a schema object')
      return
    }
    if ('$ref' in node) {
      this.#reference(pointer, node)
      return
    }
    const types = typesOf(node)
    if (types.length === 0) this.#report(pointer, 'has no type')
    const known = new Set([...annotations, 'type', ...extra, ...types.flatMap((type) => allowed[type] ?? [])])
    for (const type of types)
      if (!(type in allowed)) this.#report(pointer, `has the type ${type}, which is not used here`)
    for (const keyword of Object.keys(node)) {
      if (!known.has(keyword)) this.#report(pointer, `has the keyword ${keyword}, which does not belong here`)
    }
    if (types.includes('string')) this.#string(pointer, node)
    if (types.includes('integer') && !isClosedSet(node)) this.#integer(pointer, node)
    if (types.includes('array')) this.#array(pointer, node)
    if (types.includes('object')) this.#object(pointer, node)
    this.#values(pointer, node)
  }

  #reference(pointer: string, node: Node): void {
    if (Object.keys(node).length > 1)
      this.#report(pointer, 'has keywords beside $ref, which draft-07 ignores')
    if (typeof node.$ref !== 'string' || this.#resolve(node) === undefined) {
      this.#report(pointer, 'refers to something other than a definition of this schema')
    } else {
      this.#used.add(node.$ref)
    }
  }

  #resolve(node: Node): Node | undefined {
    if (typeof node.$ref !== 'string' || !isNode(this.#root.definitions)) return undefined
    const prefix = '#/definitions/'
    if (!node.$ref.startsWith(prefix)) return undefined
    const definition = this.#root.definitions[node.$ref.slice(prefix.length)]
    return isNode(definition) ? definition : undefined
  }

  #string(pointer: string, node: Node): void {
    if (isClosedSet(node)) return
    if (!isBound(node.maxLength)) this.#report(pointer, 'is a string without maxLength')
    if (typeof node.pattern !== 'string') {
      this.#report(pointer, 'is a string without pattern, enum or const')
    } else if (!isAnchored(node.pattern)) {
      this.#report(pointer, 'has a pattern that is not anchored at both ends')
    }
  }

  #integer(pointer: string, node: Node): void {
    if (typeof node.minimum !== 'number') this.#report(pointer, 'is an integer without minimum')
    if (typeof node.maximum !== 'number') this.#report(pointer, 'is an integer without maximum')
  }

  #array(pointer: string, node: Node): void {
    if (!isBound(node.maxItems)) this.#report(pointer, 'is an array without maxItems')
    if (isNode(node.items)) this.#node(`${pointer}/items`, node.items)
    else this.#report(pointer, 'is an array without items')
  }

  #object(pointer: string, node: Node): void {
    const rest = node.additionalProperties
    if (isNode(rest)) {
      this.#map(pointer, node)
      this.#node(`${pointer}/additionalProperties`, rest)
    } else if (rest !== false) {
      this.#report(pointer, 'is an object that is neither closed nor a typed map')
    } else if (entries(node.properties).length === 0) {
      this.#report(pointer, 'is an object without properties')
    }
    const names = new Set<string>()
    for (const [name, property] of entries(node.properties)) {
      names.add(name)
      const at = `${pointer}/properties/${pointerStep(name)}`
      this.#documented(at, isNode(property) && '$ref' in property ? this.#resolve(property) : property)
      this.#node(at, property)
    }
    for (const name of Array.isArray(node.required) ? node.required : []) {
      if (!names.has(String(name))) this.#report(pointer, `requires ${String(name)}, which is not a property`)
    }
  }

  #map(pointer: string, node: Node): void {
    if (!isBound(node.maxProperties)) this.#report(pointer, 'is a map without maxProperties')
    const names = node.propertyNames
    if (!isNode(names)) this.#report(pointer, 'is a map without propertyNames')
    else this.#string(`${pointer}/propertyNames`, names)
  }

  #documented(pointer: string, node: unknown): void {
    if (!isNode(node)) return
    if (!isText(node.title)) this.#report(pointer, 'has no title')
    else if (node.title.endsWith('.')) this.#report(pointer, 'has a title that ends in a full stop')
    if (!isText(node.description)) this.#report(pointer, 'has no description')
    else if (!node.description.endsWith('.'))
      this.#report(pointer, 'has a description that does not end in a full stop')
    if (!Array.isArray(node.examples) || node.examples.length === 0) this.#report(pointer, 'has no examples')
  }

  /** Examples and the default must be valid where they stand. */
  #values(pointer: string, node: Node): void {
    const examples = Array.isArray(node.examples) ? node.examples : []
    if (examples.length === 0 && !('default' in node)) return
    const validate = this.#validator(pointer)
    examples.forEach((example, index) => {
      if (!validate(example))
        this.#report(`${pointer}/examples/${index}`, `is not valid: ${this.#reason(validate)}`)
    })
    if ('default' in node && !validate(node.default)) {
      this.#report(`${pointer}/default`, `is not valid: ${this.#reason(validate)}`)
    }
  }

  #validator(pointer: string): ValidateFunction {
    const fragment = pointer.slice(1).split('/').map(encodeURIComponent).join('/')
    return this.#ajv.compile({ $ref: `${String(this.#root.$id)}#${fragment}` })
  }

  #reason(validate: ValidateFunction): string {
    return this.#ajv.errorsText(validate.errors, { dataVar: 'value' })
  }

  #report(pointer: string, problem: string): void {
    this.#problems.push(`${pointer}: ${problem}`)
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function entries(value: unknown): [string, unknown][] {
  return isNode(value) ? Object.entries(value) : []
}

function typesOf(node: Node): string[] {
  const { type } = node
  if (typeof type === 'string') return [type]
  return Array.isArray(type) ? type.map(String) : []
}

function isClosedSet(node: Node): boolean {
  return 'const' in node || (Array.isArray(node.enum) && node.enum.length > 0)
}

function isBound(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== ''
}

/** Whether `^` and `$` bind the whole pattern: an alternation at the top level would escape them. */
function isAnchored(pattern: string): boolean {
  if (!pattern.startsWith('^') || !pattern.endsWith('$') || pattern.endsWith('\\$')) return false
  let depth = 0
  let inClass = false
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]
    if (char === '\\') at++
    else if (inClass) inClass = char !== ']'
    else if (char === '[') inClass = true
    else if (char === '(') depth++
    else if (char === ')') depth--
    else if (char === '|' && depth === 0) return false
  }
  return true
}

/** One step of a JSON Pointer (RFC 6901). */
function pointerStep(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1')
}
