import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readGroups } from './documents.ts'
import { cores, type Environment } from './environments.ts'
import { generateAll, runTool, withScratch, writeProject } from './project.ts'

const test = suite('every ansible-core reads the playbooks and the role')
const names = ['join', 'check', 'upgrade', 'leave']

interface Option {
  readonly required?: boolean
}

/** What `ansible-doc` prints of a role. */
type Printed = Record<
  string,
  { readonly entry_points: Record<string, { readonly options: Record<string, Option> }> }
>

test('there is more than one', () => {
  assert.ok(cores.length > 1)
  assert.is(cores[0]?.version, '2.16')
})

for (const environment of cores) {
  test(`ansible-core ${environment.version}`, () => withScratch((scratch) => check(environment, scratch)))
}

async function check(environment: Environment, scratch: string): Promise<void> {
  const folder = writeProject(scratch, generateAll(readGroups(), ['ansible']))
  const run = (command: [string, ...string[]]) => runTool({ environment, folder, scratch, command })
  const playbooks = names.map((name) => `${name}.yml`)
  const said = await run(['ansible-playbook', '--syntax-check', '-i', 'inventory.yml', ...playbooks])
  assert.is(said.stderr, '')
  assert.is(said.stdout.trim(), playbooks.map((name) => `playbook: ${name}`).join('\n\n'))
  assert.is(said.status, 0)

  const doc = await run(['ansible-doc', '-t', 'role', '-r', 'roles', '--json', 'linkerd_machine'])
  // Of its own parts, which are no concern of the role's.
  assert.is(
    doc.stderr.replace(/^\[WARNING\]: Collection at '[^']*\/_protomatter' does not have .*\n/s, ''),
    '',
  )
  assert.is(doc.status, 0)
  const { main, check: checkEntry } = (JSON.parse(doc.stdout) as Printed).linkerd_machine?.entry_points ?? {}
  const defaults = load(
    readFileSync(join(folder, 'roles/linkerd_machine/defaults/main.yml'), 'utf8'),
  ) as object
  const options = Object.entries(main?.options ?? {})
  const required = options.filter(([, option]) => option.required === true).map(([name]) => name)
  assert.equal(required, ['linkerd_machine_group', 'linkerd_machine_namespace'])
  assert.equal(
    options.map(([name]) => name).sort(),
    [...new Set([...Object.keys(defaults), ...required])].sort(),
  )
  assert.equal(Object.keys(checkEntry?.options ?? {}), ['linkerd_machine_group'])

  const broken = await run(['ansible-playbook', '--syntax-check', '-i', 'inventory.yml', 'README.md'])
  assert.is.not(broken.status, 0)
}

test.run()
