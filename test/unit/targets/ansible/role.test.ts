/** The role's static files, which people edit as YAML: what they name exists, and what they say agrees with the schema. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { machineFields } from '../../../../lib/generated/machine-variables.ts'
import { generate } from '../../../../lib/index.ts'

const test = suite("the role's static files")
const source = 'templates/ansible'
const role = 'roles/linkerd_machine'

const documents = {
  minimal: readFileSync('examples/minimal.yaml', 'utf8'),
  groups: readFileSync('test/golden/dual-stack-groups/input.yaml', 'utf8'),
  nftables: `${readFileSync('examples/minimal.yaml', 'utf8')}redirect: {backend: nftables}\n`,
}

/** The texts of Ansible's folder, by path in it. */
function filesOf(document: string): Map<string, string> {
  const made = generate(document, { targets: ['ansible'] })
  assert.ok(made.ok, JSON.stringify(made.diagnostics))
  return new Map(
    (made.value ?? []).map(({ path, content }) => [path.replace(/^ansible\//, ''), String(content)]),
  )
}

function sourceFiles(): string[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\.yml$|\.yamllint$/.test(path),
  )
}

test('each file is placed as it is, below a line that says where it comes from', () => {
  const files = filesOf(documents.minimal)
  assert.ok(sourceFiles().length >= 20)
  for (const path of sourceFiles()) {
    const text = readFileSync(join(source, path), 'utf8')
    assert.is(files.get(path), `# Made by meshjoin. Generate again rather than edit.\n${text}`, path)
  }
})

test('in a collection the playbooks call the role by its full name, and nothing else differs', () => {
  const plain = filesOf(documents.minimal)
  const collected = filesOf(
    `${documents.minimal}ansible: {collection: {namespace: acme, name: mesh, version: 1.2.3}}\n`,
  )
  for (const name of ['join.yml', 'check.yml', 'upgrade.yml', 'leave.yml']) {
    const text = plain.get(name) ?? ''
    assert.is(text.split(/^ +(?:- role|name): linkerd_machine$/m).length, 2, name)
    assert.is(
      collected.get(`playbooks/${name}`),
      text.replace(/: linkerd_machine$/m, ': acme.mesh.linkerd_machine'),
    )
  }
})

const own = /\b__linkerd_machine_\w+/g

/** Names that a file gives: variables, what a task registers, sets or loops with, and what it hands to another. */
function namesGiven(path: string, text: string): string[] {
  const names: string[] = []
  const visit = (node: unknown, inVars: boolean): void => {
    if (Array.isArray(node)) for (const item of node) visit(item, false)
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return
    for (const [key, value] of Object.entries(node)) {
      if (inVars || (path.startsWith(`${role}/vars/`) && node === whole)) names.push(key)
      if ((key === 'register' || key === 'loop_var') && typeof value === 'string') names.push(value)
      visit(value, key === 'vars' || key === 'ansible.builtin.set_fact')
    }
  }
  const whole = load(text)
  visit(whole, false)
  return names.filter((name) => name.startsWith('__'))
}

test("every variable of the role's own is defined, and used by some document", () => {
  const unused = new Map<string, boolean>()
  for (const [title, document] of Object.entries(documents)) {
    const files = [...filesOf(document)].filter(([path]) => path.startsWith(`${role}/`))
    const yaml = files.filter(([path]) => /\/(tasks|vars|defaults|meta)\//.test(path))
    const given = new Set(yaml.flatMap(([path, text]) => namesGiven(path, text)))
    const named = files.flatMap(([path, text]) =>
      path.includes('/files/') ? [] : [...text.matchAll(own)].map(([name]) => name),
    )
    assert.ok(given.size > 10, String(given.size))
    assert.equal([...new Set(named)].filter((name) => !given.has(name)).sort(), [], `${title}: never given`)
    for (const name of given) {
      const isUsed = named.filter((other) => other === name).length > 1
      unused.set(name, (unused.get(name) ?? true) && !isUsed)
    }
  }
  assert.equal(
    [...unused].filter(([, isUnused]) => isUnused).map(([name]) => name),
    [],
  )
})

/** Tags that tasks have, in order; `always` and `never` are Ansible's. */
function tagsOf(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return []
  const found = Object.entries(node).flatMap(([key, value]) => (key === 'tags' ? value : tagsOf(value)))
  return [...new Set(found)].filter((tag) => tag !== 'always' && tag !== 'never')
}

test('the tags of the tasks are those that the pages promise, and what is included has those of its task', () => {
  const files = filesOf(documents.minimal)
  const tasks = [...files].filter(([path]) => path.startsWith(`${role}/tasks/`)).map(([, text]) => load(text))
  const tags = tagsOf(tasks)
  assert.equal(tags.toSorted(), ['download', 'packages', 'redirect', 'validate'])
  for (const page of [readFileSync('docs/ansible.md', 'utf8'), files.get('README.md') ?? '']) {
    const [, table = ''] = /^\| `--tags` \|.*\n\|---.*\n((?:\|.*\n)+)/m.exec(page) ?? []
    assert.equal([...table.matchAll(/^\| `(\w+)`/gm)].map(([, tag]) => tag).sort(), tags.toSorted())
  }
  interface Task {
    readonly tags?: string[]
    readonly 'ansible.builtin.include_tasks'?: { readonly apply?: { readonly tags: string[] } }
  }
  const included = (tasks.flat() as Task[]).filter((task) => task['ansible.builtin.include_tasks'])
  assert.ok(included.length > 5)
  for (const task of included)
    assert.equal(task['ansible.builtin.include_tasks']?.apply?.tags, task.tags, JSON.stringify(task))
})

test("the numbers in the tasks are the schema's", () => {
  const text = readFileSync(join(source, role, 'tasks/variables.yml'), 'utf8').replaceAll(/\s+/g, ' ')
  const { addresses, localAddresses, ports, portNumber, portName } = machineFields
  for (const said of [
    `linkerd_machine_addresses | length <= ${addresses.maxItems} `,
    `list of at most ${addresses.maxItems} addresses`,
    `linkerd_machine_local_addresses | length <= ${localAddresses.maxItems} `,
    `list of at most ${localAddresses.maxItems} addresses`,
    `linkerd_machine_ports | length <= ${ports.maxItems} `,
    `list of at most ${ports.maxItems} ports`,
    `item.port >= ${portNumber.minimum} `,
    `item.port <= ${portNumber.maximum} `,
    `from ${portNumber.minimum} to ${portNumber.maximum} `,
    `at most ${portName.maxLength} lower-case letters`,
  ])
    assert.ok(text.includes(said), said)
})

test.run()
