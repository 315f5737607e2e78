/** `generate --format external`, as Terraform's data source `external` runs it. */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate } from '../../../../lib/index.ts'
import { base, edit, readExample } from '../../diagnostics/base.ts'
import { minimalWith } from '../../plan/document.ts'
import { fleet, made } from '../../targets/output.ts'
import { bundle, inFolder, type Outcome, start } from '../run.ts'

const test = suite('generate --format external')
const program = bundle()

/** Runs it on a document with a query on stdin, which is text where a test wants a wrong one. */
function ask(document: string, query: object | string, ...more: string[]): Promise<Outcome> {
  return inFolder((folder) => {
    writeFileSync(join(folder, 'mesh.yaml'), document)
    const stdin = typeof query === 'string' ? query : JSON.stringify(query)
    return start(program, ['generate', 'mesh.yaml', '--format', 'external', ...more], { stdin, cwd: folder })
  })
}

function answer({ code, stdout, stderr }: Outcome): Record<string, string> {
  assert.is(code, 0, stderr)
  const result = JSON.parse(stdout) as Record<string, string>
  assert.equal(Object.keys(result), ['user_data', 'user_data_base64', 'sha256'])
  for (const value of Object.values(result)) assert.type(value, 'string')
  return result
}

function userData(document: string | object, machine: string): string | Uint8Array {
  const artifacts = typeof document === 'string' ? generate(document).value : made(document)
  const found = artifacts?.find(({ path }) => path === `cloud-init/${machine}/user-data`)
  assert.ok(found)
  return found.content
}

const several = { ...fleet(['vm-1', 'vm-2']), cloudInit: { platform: 'nocloud' } }

test('the only machine needs no name, nor a query', async () => {
  const expected = userData(base, 'legacy-app')
  for (const outcome of await Promise.all([ask(base, {}), ask(base, '')])) {
    const { user_data = '', user_data_base64 = '', sha256 } = answer(outcome)
    assert.is(user_data, expected)
    assert.is(Buffer.from(user_data_base64, 'base64').toString(), expected)
    assert.is(sha256, createHash('sha256').update(expected).digest('hex'))
    assert.is(outcome.stderr, '')
  }
})

test('the query says which of several machines', async () => {
  const document = JSON.stringify(several)
  const [second, none, unknown] = await Promise.all([
    ask(document, { machine: 'vm-2' }),
    ask(document, {}),
    ask(document, { machine: 'vm-3' }),
  ])
  assert.is(answer(second).user_data, userData(several, 'vm-2'))
  assert.is(none.code, 2)
  assert.match(none.stderr, /several machines: name one/)
  assert.is(unknown.code, 1)
  assert.match(unknown.stderr, /error\[machine-unknown\]/)
  for (const { stdout } of [none, unknown]) assert.is(stdout, '')
})

test('in base64 it is compressed where the platform needs it, and never encoded twice', async () => {
  for (const cloudInit of [
    { platform: 'ec2' },
    { platform: 'gce', compress: true },
    { platform: 'digitalocean' },
  ] as const) {
    const document = minimalWith((value) => {
      value.cloudInit = cloudInit
    })
    const { user_data, user_data_base64 = '' } = answer(await ask(JSON.stringify(document), {}))
    const bytes = Buffer.from(user_data_base64, 'base64')
    const isPacked = cloudInit.platform !== 'digitalocean'
    assert.is((isPacked ? gunzipSync(bytes) : bytes).toString(), user_data, cloudInit.platform)
    const content = userData(document, 'legacy-app')
    if (typeof content !== 'string') assert.equal(bytes, Buffer.from(content))
    assert.match(user_data_base64, /^[A-Za-z0-9+/]+=*$/)
  }
})

test('with - the document is in the query, for one that Terraform makes', async () => {
  const run = (query: object) =>
    start(program, ['generate', '-', '--format', 'external'], { stdin: JSON.stringify(query) })
  const [fine, wrong, missing] = await Promise.all([
    run({ document: JSON.stringify(several), machine: 'vm-1' }),
    run({ document: edit(base, [['port: 80', 'port: 22']]) }),
    run({ machine: 'vm-1' }),
  ])
  assert.is(answer(fine).user_data, userData(several, 'vm-1'))
  assert.is(wrong.code, 1)
  assert.match(wrong.stderr, /^<document>:\d+:\d+: error\[port-ssh\]/)
  assert.is(missing.code, 2)
  assert.match(missing.stderr, /the query on stdin has the document/)
})

test('findings go to stderr; an error, or a warning with --strict, is no result', async () => {
  const minimal = readExample('minimal')
  const [lenient, strict, tooLarge] = await Promise.all([
    ask(minimal, {}),
    ask(minimal, {}, '--strict'),
    ask(`${minimal}cloudInit: {platform: ec2, compress: false}\n`, {}),
  ])
  answer(lenient)
  assert.match(lenient.stderr, /warning\[user-data-platform\]/)
  assert.match(tooLarge.stderr, /error\[user-data-too-large\]/)
  for (const { code, stdout } of [strict, tooLarge]) assert.equal([code, stdout], [1, ''])
})

test('what is no query, and options that have no meaning here, are wrong use', async () => {
  const uses: [query: object | string, args: string[], words: RegExp][] = [
    ['machine', [], /stdin has no query/],
    ['["legacy-app"]', [], /stdin has no query/],
    [{ machine: 1 }, [], /object of strings/],
    [{ name: 'legacy-app' }, [], /unknown key "name"; it takes machine and document/],
    [{ document: base }, [], /give - for FILE/],
    [{}, ['--out', 'out'], /leave --out out/],
    [{}, ['--target', 'cloud-init'], /leave --target out/],
    [{}, ['--dry-run'], /leave --dry-run out/],
    [{}, ['--machine', 'legacy-app'], /leave --machine out/],
    [{}, ['--format', 'files'], /--format is given more than once/],
  ]
  for (const [query, args, words] of uses) {
    const { code, stdout, stderr } = await ask(base, query, ...args)
    assert.equal([code, stdout], [2, ''], args.join(' '))
    assert.match(stderr, words)
  }
})

test.run()
