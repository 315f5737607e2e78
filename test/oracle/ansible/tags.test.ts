import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readMinimal } from './documents.ts'
import { newest, oldest } from './environments.ts'
import type { Reported } from './play.ts'
import { generateAll, runTool, withScratch, writeProject } from './project.ts'
import { type StandIn, withStandIn } from './stand-in.ts'

const test = suite('tags do what they promise, and never leave a check out')

/** The files of the tasks that a tag runs besides the checks, and what of them the playbooks list: the rest is included. */
const promised = {
  validate: { files: ['main.yml'], listed: ['Report that the checks passed'] },
  packages: { files: ['packages.yml'], listed: ['Install packages'] },
  download: { files: ['archive.yml', 'archives.yml'], listed: ['Download the programs on the controller'] },
  redirect: { files: ['redirect.yml'], listed: ['Turn on the redirect'] },
} as const
type Tag = keyof typeof promised
const tags = Object.keys(promised) as Tag[]
const everyTag = tags.join(',')

const checks = ['machine.yml', 'variables.yml'] as const
const trial = ['redirect up --confirm-within 120', 'redirect confirm']

for (const environment of [oldest, newest])
  test(`what is listed, ansible-core ${environment.version}`, () =>
    withScratch(async (scratch) => {
      const folder = writeProject(scratch, generateAll(readMinimal(), ['ansible']))
      const ask = (...options: string[]) =>
        runTool({
          environment,
          folder,
          scratch,
          command: ['ansible-playbook', '-i', 'inventory.yml', ...options],
        })
      const list = async (...options: string[]) => listTasks(await ask('--list-tasks', ...options))
      const always = checks.toReversed().flatMap((file) => namesOf(folder, file))
      assert.ok(always.length > 10)
      for (const tag of tags)
        assert.equal(await list('join.yml', '--tags', tag), [...always, ...promised[tag].listed], tag)
      const all = await list('join.yml')
      for (const tag of ['packages', 'redirect'] as const)
        assert.equal(
          await list('join.yml', '--skip-tags', tag),
          all.filter((name) => name !== promised[tag].listed[0]),
          `without ${tag}`,
        )
      const status = await list('check.yml')
      assert.is(status.length, 3)
      assert.equal(await list('check.yml', '--tags', 'nothing'), status)
      const { stdout } = await ask('--list-tags', 'join.yml')
      assert.match(stdout, `TASK TAGS: [${['always', 'never', ...tags].toSorted().join(', ')}]`)
    }))

test('a tag alone runs its tasks and every check, and calls nothing', () =>
  withStandIn(newest, async (machine) => {
    for (const tag of ['validate', 'packages', 'download'] as const) {
      const ran = await machine.play('join.yml', '--tags', tag)
      isFine(ran)
      assert.equal(filesOf(ran), [...checks, ...promised[tag].files].sort(), tag)
      assertChecked(machine, ran)
      assert.is(machine.isUnpacked(), tag === 'download', tag)
      assertUntouched(machine)
    }
  }))

test('the redirect can be left off, and turned on later; changed rules are on trial all the same', () =>
  withStandIn(oldest, async (machine) => {
    const early = await machine.play('join.yml', '--tags', 'redirect')
    assert.is(early.status, 2)
    assert.equal(failuresOf(early), ['This machine has not joined the mesh yet: run join.yml first.'])
    assertUntouched(machine)

    // A tag of the operator's own on the role is one for all of it.
    const role = [{ role: 'linkerd_machine', tags: ['mesh'] }]
    machine.write('site.yml', [{ name: 'Site', hosts: 'linkerd_machines', gather_facts: false, roles: role }])
    const joined = await machine.play('site.yml', '--tags', 'mesh', '--skip-tags', 'redirect')
    isFine(joined)
    assert.not(filesOf(joined).includes('redirect.yml'))
    assert.equal(machine.calls(), ['install'])
    assert.ok(machine.isOff())

    const on = await machine.play('join.yml', '--tags', 'redirect')
    isFine(on)
    assert.equal(filesOf(on), [...checks, ...promised.redirect.files].sort())
    assertChecked(machine, on)
    assert.equal(machine.calls(), ['install', ...trial])
    assert.not(machine.isOff())

    const ports = JSON.stringify({ linkerd_machine_ports: [{ name: 'other', port: 8080 }] })
    const upgraded = await machine.play('upgrade.yml', '--skip-tags', 'packages,redirect', '-e', ports)
    isFine(upgraded)
    assert.not(filesOf(upgraded).includes('packages.yml'))
    assert.equal(machine.calls(), ['install', ...trial, ...trial, 'upgrade'])
  }))

test('nobody gets past the checks', () =>
  withStandIn(newest, async (machine) => {
    const refused = await machine.play('join.yml', '--tags', everyTag, '-e', 'linkerd_machine_namespace=NO')
    assert.is(refused.status, 2)
    assert.match(failuresOf(refused).join(), 'linkerd_machine_namespace is invalid.')
    assert.equal(filesOf(refused), ['variables.yml'])
    for (const playbook of ['join.yml', 'leave.yml']) {
      const unchecked = await machine.play(playbook, '--skip-tags', 'always')
      assert.is(unchecked.status, 2, playbook)
      assert.match(failuresOf(unchecked).join(), "'__linkerd_machine_good' is undefined")
    }
    assertUntouched(machine)
  }))

test('leaving has no parts, and check.yml is whole with any tag', () =>
  withStandIn(newest, async (machine) => {
    const left = await machine.play('leave.yml', '--tags', everyTag)
    isFine(left)
    assert.equal(filesOf(left), [...checks, 'main.yml'].sort())
    assertUntouched(machine)
    isFine(await machine.play('check.yml', '--tags', 'nothing'))
    assert.equal(machine.calls(), ['status', 'redirect check'])
  }))

/** The names of the role's tasks that are listed, without Ansible's own check of the arguments, which has to come first. */
function listTasks({ stdout, stderr, status }: { stdout: string; stderr: string; status: number }): string[] {
  assert.is(stderr, '')
  assert.is(status, 0)
  const [first, ...names] = [...stdout.matchAll(/^ +linkerd_machine : (.+?)\tTAGS: /gm)].map(
    ([, name]) => name,
  )
  assert.match(String(first), /^Validating arguments against arg spec/)
  return names.map(String)
}

/** The names of the tasks in a file of the role. */
function namesOf(folder: string, file: string): string[] {
  const text = readFileSync(join(folder, 'roles/linkerd_machine/tasks', file), 'utf8')
  return (load(text) as { name: string }[]).map(({ name }) => name)
}

/** The files of the role of which any task ran, but for the one that only includes others. */
function filesOf({ events }: Reported): string[] {
  const ran = events.filter(({ kind, task }) => kind !== 'skipped' && !task.includes('Validating arguments'))
  return [...new Set(ran.map(({ file }) => file))]
    .filter((file) => !['facts.yml', 'present.yml'].includes(file))
    .sort()
}

function failuresOf({ events }: Reported): string[] {
  return events.filter(({ kind }) => kind.endsWith('failed')).map(({ message }) => String(message))
}

function isFine({ status, events }: Reported): void {
  assert.is(status, 0, JSON.stringify(events.filter(({ kind }) => kind.endsWith('failed'))))
}

function assertChecked({ folder }: StandIn, { events }: Reported): void {
  const ran = new Set(events.map(({ task }) => task.replace(/^linkerd_machine : /, '')))
  for (const name of checks.flatMap((file) => namesOf(folder, file))) assert.ok(ran.has(name), name)
  assert.ok([...ran].some((name) => name.startsWith('Validating arguments against arg spec')))
}

function assertUntouched(machine: StandIn): void {
  assert.equal(machine.calls(), [])
  assert.equal(machine.written(), [])
}

test.run()
