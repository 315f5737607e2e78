/** The template of examples/packer: a reader of HCL takes it, and it runs what the target `image` writes, in the right order. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate } from '../../lib/index.ts'
import { cache, runCommand } from './support/root.ts'

const test = suite('the example of Packer')
const text = readFileSync('examples/packer/image.pkr.hcl', 'utf8')

type Block = Readonly<Record<string, unknown>>

interface Template {
  readonly variable: readonly Readonly<Record<string, Block>>[]
  readonly source: readonly Readonly<Record<string, Readonly<Record<string, Block>>>>[]
  readonly build: readonly {
    readonly sources: readonly string[]
    readonly provisioner: readonly Record<string, Block>[]
  }[]
}

function readHcl(source: string): ReturnType<typeof runCommand> {
  return runCommand(join(cache, 'hcl/bin/python'), ['test/oracle/support/read-hcl.py'], source)
}

let template: Template
test.before(async () => {
  const { status, stdout, stderr } = await readHcl(text)
  assert.is(status, 0, stderr)
  template = JSON.parse(stdout) as Template
})

const artifacts = generate(readFileSync('examples/packer/mesh.yaml', 'utf8')).value ?? []
const layer =
  artifacts.flatMap(({ path }) => /^image\/([0-9a-f]{12})\/prepare$/.exec(path)?.[1] ?? [])[0] ?? ''

/** As Packer fills it in. */
const fill = (value: unknown) =>
  String(value)
    .replace(/\$\{path\.root\}/g, '.')
    .replace(/\$\{var\.layer\}/g, layer)

test('the reader refuses a planted mistake', async () => {
  for (const wrong of [text.replace('build {', 'build'), `${text}\nx = {`])
    assert.is.not((await readHcl(wrong)).status, 0)
})

test('each source and variable that is used is declared', () => {
  const sources = template.source.flatMap((block) =>
    Object.entries(block).flatMap(([type, named]) =>
      Object.keys(named).map((name) => `source.${type}.${name}`),
    ),
  )
  assert.equal(template.build.flatMap(({ sources: used }) => used).sort(), sources.sort())
  const declared = template.variable.flatMap((block) => Object.keys(block))
  const used = [...text.matchAll(/\bvar\.([a-z_]+)/g)].map(([, name]) => String(name))
  assert.equal([...new Set(used)].sort(), [...declared].sort())
})

test('it uploads the folder of the layer, prepares, and seals as the last of what leaves anything behind', () => {
  const steps = (template.build[0]?.provisioner ?? []).flatMap((block) =>
    Object.entries(block).flatMap(([type, { source, destination, inline }]) =>
      type === 'file' ? [`upload ${fill(source)} ${fill(destination)}`] : (inline as string[]).map(fill),
    ),
  )
  assert.equal(steps, [
    'cloud-init status --wait || true',
    `upload ./out/image/${layer} /tmp`,
    `sudo sh /tmp/${layer}/prepare`,
    `sudo sh /tmp/${layer}/seal`,
    `sudo rm -rf /tmp/${layer}`,
    'rm -f ~/.ssh/authorized_keys',
  ])
  for (const name of ['manifest', 'prepare', 'root/usr/local/sbin/mesh-machine', 'seal'])
    assert.ok(
      artifacts.some(({ path }) => path === `image/${layer}/${name}`),
      name,
    )
})

test('the steps in the README of the output are those of the example, and HCL as well', async () => {
  const readme = String(artifacts.find(({ path }) => path === 'image/README.md')?.content)
  const [, shown = ''] = /```hcl\n([\s\S]*?)```/.exec(readme) ?? []
  const { status, stdout, stderr } = await readHcl(`build {\n${shown}}\n`)
  assert.is(status, 0, stderr)
  const { build } = JSON.parse(stdout) as Template
  const lines = (build[0]?.provisioner ?? []).flatMap(({ shell }) => (shell?.inline as string[]) ?? [])
  assert.equal(lines, [
    'cloud-init status --wait || true',
    `sudo sh /tmp/${layer}/prepare`,
    `sudo sh /tmp/${layer}/seal`,
    `sudo rm -rf /tmp/${layer}`,
  ])
})

test('its machine boots with user-data that has the machine layer alone', () => {
  const userData = artifacts.find(({ path }) => path === 'cloud-init/legacy-app/user-data')
  assert.ok(String(userData?.content).length < 8192)
})

test.run()
