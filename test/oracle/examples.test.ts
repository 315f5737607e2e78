/**
 * The examples that are programs of others' tools: each in a copy of the packed package, where it stands in the tarball, with
 * nothing but what its lock file brings. They need a registry, so they are not in the fast tier.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { installPacked, type Packed } from '../packaging/packed.ts'

const test = suite('examples of other tools')
const names = readdirSync('examples').filter((name) => existsSync(`examples/${name}/package.json`))
let packed: Packed
let copy: string

test.before(() => {
  packed = installPacked()
  copy = join(packed.folder, 'copy') // not below node_modules, where compilers treat sources as a library's
  cpSync(packed.installed, copy, { recursive: true })
})

test.after(() => rmSync(packed.folder, { recursive: true, force: true }))

for (const name of names) {
  test(`${name} installs from its lock file, and its own test passes`, () => {
    const folder = join(copy, 'examples', name)
    npm(folder, 'ci', '--ignore-scripts', '--no-audit', '--no-fund')
    assert.match(npm(folder, 'test'), /^# pass [1-9]\d*\n# fail 0$/m)
  })
}

test('none is missing, and each lock file pins by sum and not by place', () => {
  assert.equal(names, ['aws-cdk', 'pulumi', 'terraform'])
  for (const name of names) {
    const { packages } = JSON.parse(readFileSync(`examples/${name}/package-lock.json`, 'utf8')) as {
      packages: Record<string, { integrity?: string; resolved?: string; inBundle?: boolean }>
    }
    for (const [path, { integrity, resolved, inBundle }] of Object.entries(packages)) {
      if (!path.startsWith('node_modules/')) continue
      if (path === 'node_modules/meshjoin') assert.is(resolved, '../..')
      else assert.equal([integrity === undefined && inBundle !== true, resolved], [false, undefined], path)
    }
  }
})

test.run()

function npm(cwd: string, ...args: string[]): string {
  // Of this process npm would take the settings of the project that runs it.
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('npm_')))
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, env, encoding: 'utf8' })
  assert.is(status, 0, `npm ${args.join(' ')}: ${stdout}${stderr}`)
  return stdout
    .replace(/^.*?(?=# pass)/ms, '')
    .replace(/^# (suites|cancelled|skipped|todo|duration).*\n/gm, '')
}
