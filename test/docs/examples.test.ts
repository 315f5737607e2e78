/** Runs every program of examples/, and sees to it that docs/library.md shows what is run. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate, plan } from '../../lib/index.ts'
import { readBlocks, replaceBlock } from './markdown.ts'

const page = 'docs/library.md'
const document = 'examples/minimal.yaml'
const programs = readdirSync('examples').filter((name) => name.endsWith('.ts'))
const ran = new Set<string>()
const test = suite('examples')

test('the page shows each program as it is', () => {
  const blocks = readBlocks(page).filter(({ info }) => info === 'ts')
  assert.equal(blocks.map(({ label }) => label).sort(), programs.map((name) => `examples/${name}`).sort())
  for (const block of blocks.toReversed()) {
    const code = readFileSync(block.label, 'utf8')
    if (process.env.UPDATE_GOLDEN === '1') replaceBlock(page, block, code)
    else assert.is(block.body, code, `${block.label} and ${page} differ; UPDATE_GOLDEN=1 renews the page`)
  }
})

test('merge-cloud-config keeps both lists', () => {
  const text = run('merge-cloud-config.ts', document, 'legacy-app')
  assert.is(text.split('\n')[0], '#cloud-config')
  const merged = load(text) as { packages: string[]; write_files: { path: string }[]; runcmd: string[][] }
  assert.ok(merged.packages.includes('postgresql-client') && merged.packages.includes('iptables'))
  const paths = merged.write_files.map(({ path }) => path)
  assert.ok(paths.includes('/etc/motd') && paths.includes('/etc/linkerd/machine.env'))
  assert.equal(merged.runcmd, [
    ['/usr/local/sbin/mesh-machine', 'install'],
    ['systemctl', 'enable', '--now', 'billing.service'],
  ])
})

test('write-artifacts writes what generate returns', () => {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-example-'))
  try {
    run('write-artifacts.ts', document, folder)
    const { value } = generate(readFileSync(document, 'utf8'))
    assert.ok(value !== undefined && value.length > 10)
    for (const { path, content, mode, sensitive } of value) {
      assert.is(readFileSync(join(folder, path), 'utf8'), content, path)
      if (mode === 0o600 || sensitive) assert.is(statSync(join(folder, path)).mode & 0o077, 0, path)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('security-groups has a rule for every flow', () => {
  type Rule = { type: string; from_port: number; networks: string[]; others: string[] }
  const groups = JSON.parse(run('security-groups.ts', document)) as Record<string, Rule[]>
  const { value = [] } = plan(readFileSync(document, 'utf8'))
  assert.is(groups['legacy-app']?.length, value[0]?.flows.length)
  const inbound = groups['legacy-app']?.filter(({ type }) => type === 'ingress') ?? []
  assert.ok(
    inbound.some(({ from_port, networks }) => from_port === 4143 && networks.includes('10.42.0.0/16')),
  )
  const names = groups['legacy-app']?.flatMap(({ others }) => others) ?? []
  assert.ok(names.includes('spire.example.internal'))
})

test('explain-connection says by which line', () => {
  const ask = (...question: string[]) => run('explain-connection.ts', document, 'legacy-app', ...question)
  assert.match(ask('10.43.0.7', '80', '1000'), /^proxied: cluster network \(.*minimal\.yaml:5\)$/m)
  assert.match(ask('10.43.0.7', '80'), /^while the proxy is down: refused$/m)
  assert.match(ask('10.43.0.7', '80', '2102'), /^bypassed: the proxy's own connections /)
  assert.match(ask('10.43.0.7', '22'), /^bypassed: SSH \(always\)$/m)
  assert.match(ask('192.0.2.1', '443'), /^bypassed: no rule/)
})

test('show-diagnostics makes markers, also of half a document', async () => {
  assert.match(run('show-diagnostics.ts', 'examples/fleet.yaml'), /^\d+:\d+ warning: the admin port/m)
  const { check } = await import('../../examples/show-diagnostics.ts')
  const [marker] = check('machines: [{name: a')
  assert.is(marker?.kind, 'error')
  assert.is(marker?.page, 'docs/diagnostics.md#yaml-syntax')
  const wrong = readFileSync(document, 'utf8').replace('port: 80', 'port: 22')
  const ssh = check(wrong).find(({ page }) => page.endsWith('#port-ssh'))
  assert.match(wrong.split('\n')[(ssh?.line ?? 1) - 1] ?? '', 'port: 22')
})

test('edge-worker answers with user-data, 422 or 404', async () => {
  const { default: worker } = await import('../../examples/edge-worker.ts')
  ran.add('edge-worker.ts')
  const ask = (body: string, machine: string) =>
    worker.fetch(new Request(`https://edge.example/?machine=${machine}`, { method: 'POST', body }))
  const text = readFileSync(document, 'utf8')
  const fine = await ask(text, 'legacy-app')
  assert.is(fine.status, 200)
  const userData = generate(text).value?.find(({ path }) => path.endsWith('/user-data'))
  assert.is(await fine.text(), userData?.content)
  assert.is((await ask(text, 'nobody')).status, 404)
  const refused = await ask('machines: [', 'legacy-app')
  assert.is(refused.status, 422)
  assert.is(((await refused.json()) as { code: string }[])[0]?.code, 'yaml-syntax')
})

test('large-fleet hands on every machine', () => {
  const lines = run('large-fleet.ts', '300').trim().split('\n')
  assert.is(lines.length, 300)
  assert.is(new Set(lines).size, 300)
  assert.ok(lines.every((line) => /^vm-[0-9]+ uploaded$/.test(line)))
})

test('the documents of examples for other tools are the minimal one, on EC2', () => {
  const copies = readdirSync('examples').filter((name) => existsSync(`examples/${name}/mesh.yaml`))
  assert.equal(copies, ['aws-cdk', 'packer', 'pulumi', 'terraform'])
  for (const name of copies) {
    const path = `examples/${name}/mesh.yaml`
    const more = name === 'packer' ? ', meshLayer: {from: baked}' : ''
    const expected = `${readFileSync(document, 'utf8')}cloudInit: {platform: ec2${more}}\n`
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, expected)
    else assert.is(readFileSync(path, 'utf8'), expected, `UPDATE_GOLDEN=1 renews ${path}`)
  }
})

test('no program was forgotten', () => {
  assert.equal([...ran].sort(), programs.sort())
})

test.run()

function run(name: string, ...args: string[]): string {
  ran.add(name)
  return execFileSync(process.execPath, ['--import', 'tsx', `examples/${name}`, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}
