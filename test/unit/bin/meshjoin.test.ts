import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { validate } from '../../../lib/index.ts'
import { base, edit, readExample } from '../diagnostics/base.ts'
import { bundle, inFolder, inProject, type RunOptions, start } from './run.ts'

const test = suite('the command line')

const program = bundle()
const meshjoin = (args: readonly string[], options?: RunOptions) => start(program, args, options)

const wrong = edit(base, [['apiVersion: meshjoin/v1', 'apiVersion: meshjoin/v2']])
const doubtful = edit(base, [['[10.42.0.0/16, 10.43.0.0/16]', '[10.42.0.0/16, 10.42.1.0/24]']])
const commands = ['init', 'validate', 'generate', 'plan', 'explain', 'schema']

test('help of the program and of every command is English and fits into 80 columns', async () => {
  const french = { env: { LC_ALL: 'fr_FR.UTF-8', LANG: 'fr_FR.UTF-8', LANGUAGE: 'fr', COLUMNS: '200' } }
  for (const pair of [
    ['', 'init'],
    ['validate', 'generate'],
    ['plan', 'schema'],
    ['explain', 'explain'],
  ]) {
    const pages = await Promise.all(
      pair.map((command) => meshjoin([...(command === '' ? [] : [command]), '--help'], french)),
    )
    for (const { code, stdout, stderr } of pages) {
      assert.is(code, 0)
      assert.is(stderr, '')
      assert.match(stdout, /^meshjoin/)
      assert.match(stdout, /Show help/)
      for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line)
    }
    for (const command of pair[0] === '' ? commands : [])
      assert.match(pages[0]?.stdout ?? '', new RegExp(`^  meshjoin ${command}\\b`, 'm'))
  }
})

test('--version prints the version of the package', async () => {
  const { version }: { version: string } = JSON.parse(readFileSync(inProject('package.json'), 'utf8'))
  const { code, stdout, stderr } = await meshjoin(['--version'])
  assert.equal({ code, stdout, stderr }, { code: 0, stdout: `${version}\n`, stderr: '' })
})

test('every wrong use exits with 2, says why on stderr, and prints nothing on stdout', async () => {
  const uses: [args: string[], words: RegExp][] = [
    [[], /name a command/i],
    [['frobnicate'], /frobnicate/],
    [['validat', 'x.yaml'], /validate/],
    [['validate'], /not enough|missing|need/i],
    [['validate', '-', '--frob'], /frob/],
    [['validate', '-', 'second'], /second/],
    [['validate', '-', '--format', 'xml'], /format[\s\S]*xml/],
    [['validate', '-', '--format', 'json', '--format', 'text'], /--format is given more than once/],
    [['generate', '-'], /--out is missing/],
    [['generate', '-', '--out'], /out/],
    [['generate', '-', '--out', ''], /--out is empty/],
    [['generate', '-', '--out', 'a', '--out', 'b'], /--out is given more than once/],
    [['generate', '-', '--out', 'x', '--check', '--dry-run'], /--check and --dry-run/],
    [['generate', '-', '--out', '-'], /--target cloud-init and one --machine/],
    [['init', '--example', 'huge'], /huge/],
    [['init', '--example', 'fleet', '--example', 'minimal'], /--example is given more than once/],
  ]
  for (let at = 0; at < uses.length; at += 2) {
    await Promise.all(
      uses.slice(at, at + 2).map(async ([args, words]) => {
        const { code, stdout, stderr } = await meshjoin(args, {
          stdin: base,
          cwd: inProject('test/unit/bin'),
        })
        assert.is(code, 2, `${args.join(' ')}: ${stderr}`)
        assert.is(stdout, '', args.join(' '))
        assert.match(stderr, words)
        assert.match(stderr, /^meshjoin: /)
        assert.not.match(stderr, /^\s+at /m)
      }),
    )
  }
})

test('validate: 0 for a valid document, 1 for errors, and for warnings with --strict', async () => {
  const [valid, invalid] = await Promise.all([
    meshjoin(['validate', '-'], { stdin: base }),
    meshjoin(['validate', '-'], { stdin: wrong }),
  ])
  assert.equal(valid, { code: 0, stdout: '', stderr: '<stdin>: the document is valid\n' })
  assert.is(invalid.code, 1)
  assert.is(invalid.stdout, '')
  assert.match(invalid.stderr, /^<stdin>:2:13: error\[unknown-value\]: /)
  const [lenient, strict] = await Promise.all([
    meshjoin(['validate', '-'], { stdin: doubtful }),
    meshjoin(['validate', '-', '--strict'], { stdin: doubtful }),
  ])
  assert.is(lenient.code, 0)
  assert.is(strict.code, 1)
  assert.match(strict.stderr, /warning\[network-duplicate\]/)
  assert.match(strict.stderr, /\n1 warning\n$/)
})

test('validate --format json: the findings on stdout, nothing on stderr', async () => {
  const [invalid, strict] = await Promise.all([
    meshjoin(['validate', '-', '--format', 'json'], { stdin: wrong }),
    meshjoin(['validate', '-', '--format=json', '--strict'], { stdin: doubtful }),
  ])
  assert.is(invalid.code, 1)
  assert.is(invalid.stderr, '')
  const report: unknown = JSON.parse(invalid.stdout)
  assert.equal(report, { file: '<stdin>', ok: false, diagnostics: validate(wrong).diagnostics })
  assert.is(strict.code, 1)
  assert.is((JSON.parse(strict.stdout) as { ok: boolean }).ok, false)
})

test('3 where a file cannot be read or a folder cannot be written', () =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, 'binary.yaml'), Buffer.from([0x61, 0xff, 0xfe]))
    writeFileSync(join(folder, 'mesh.yaml'), base)
    const runs = [
      ['validate', 'missing.yaml'],
      ['validate', '.'],
      ['validate', 'binary.yaml'],
      ['generate', 'missing.yaml', '--out', 'out'],
      ['generate', 'mesh.yaml', '--out', 'mesh.yaml/out'],
      ['plan', 'missing.yaml'],
    ]
    for (let at = 0; at < runs.length; at += 2) {
      await Promise.all(
        runs.slice(at, at + 2).map(async (args) => {
          const { code, stdout, stderr } = await meshjoin(args, { cwd: folder })
          assert.is(code, 3, `${args.join(' ')}: ${stderr}`)
          assert.is(stdout, '')
          assert.ok(stderr.includes(args[1] ?? ''), stderr)
          assert.not.match(stderr, /^\s+at /m)
        }),
      )
    }
    assert.equal(readdirSync(folder).sort(), ['binary.yaml', 'mesh.yaml'])
  }))

test('init prints each example with the line that gives editors completion, and it is valid', async () => {
  const names = ['minimal', 'walkthrough', 'fleet', 'autoscaling'] as const
  const [minimal, ...runs] = await Promise.all([
    meshjoin(['init']),
    ...names.map((name) => meshjoin(['init', '--example', name])),
  ])
  for (const [index, name] of names.entries()) {
    const { code, stdout, stderr } = runs[index] ?? { code: null, stdout: '', stderr: '' }
    assert.is(code, 0)
    assert.is(stderr, '')
    const [first = '', ...rest] = stdout.split('\n')
    const schema = /^# yaml-language-server: \$schema=node_modules\/meshjoin\/(schemas\/\S+\.json)$/.exec(
      first,
    )
    assert.ok(schema !== null, first)
    assert.ok(readFileSync(inProject(schema[1] ?? ''), 'utf8').startsWith('{'))
    assert.is(rest.join('\n'), readExample(name))
    assert.is(validate(stdout).ok, true)
  }
  assert.is(minimal?.stdout, runs[0]?.stdout)
})

test('schema prints the schema file as JSON', async () => {
  const { code, stdout, stderr } = await meshjoin(['schema'])
  assert.is(code, 0)
  assert.is(stderr, '')
  assert.equal(
    JSON.parse(stdout),
    JSON.parse(readFileSync(inProject('schemas/meshjoin.v1.schema.json'), 'utf8')),
  )
})

test('explain says for people and in JSON what happens to a connection, and refuses what it cannot answer', async () => {
  const ask = (...args: string[]) => meshjoin(['explain', '-', ...args], { stdin: base })
  const [people, json, unclear, unknown, neither, both, wrongSide, half] = await Promise.all([
    ask('--outbound', '10.43.0.7:80', '--uid', '1000'),
    ask('--inbound', '22', '--machine', 'legacy-app', '--format', 'json'),
    ask('--outbound', 'web:80'),
    ask('--inbound', '22', '--machine', 'legacy-ap'),
    ask(),
    ask('--inbound', '22', '--outbound', '10.43.0.7:80'),
    ask('--inbound', '22', '--uid', '1000'),
    ask('--outbound', '80'),
  ])
  assert.is(people.code, 0)
  assert.match(people.stdout, /proxied: it goes to port 4140 of the proxy/)
  assert.match(people.stdout, /because of: <stdin>:[0-9]+:[0-9]+: .*10\.43\.0\.0\/16/)
  assert.match(people.stdout, /while the proxy is down: refused, until it is back/)
  const { fate, rule } = JSON.parse(json.stdout) as { fate: string; rule: { reason: string } }
  assert.equal([fate, rule.reason], ['bypassed', 'SSH'])
  for (const { code, stdout, stderr } of [unclear, unknown]) {
    assert.is(code, 1)
    assert.is(stdout, '')
    assert.match(stderr, /error\[(question-unclear|machine-unknown)\]/)
  }
  for (const { code, stdout, stderr } of [neither, both, wrongSide, half]) {
    assert.is(code, 2)
    assert.is(stdout, '')
    assert.match(stderr, /--(inbound|outbound|uid)/)
  }
})

test('plan prints JSON for all or the named machines; a machine that is not there is refused', async () => {
  const [all, unknown] = await Promise.all([
    meshjoin(['plan', '-', '--format', 'json'], { stdin: base }),
    meshjoin(['plan', '-', '--machine', 'legacy-ap'], { stdin: base }),
  ])
  assert.is(all.code, 0)
  assert.is(all.stderr, '')
  const machines: { name: string }[] = JSON.parse(all.stdout)
  assert.equal(
    machines.map(({ name }) => name),
    ['legacy-app'],
  )
  assert.is(unknown.code, 1)
  assert.is(unknown.stdout, '')
  assert.match(unknown.stderr, /machine-unknown[\s\S]*legacy-app/)
  const broken = await meshjoin(['plan', '-'], { stdin: wrong })
  assert.is(broken.code, 1)
  assert.is(broken.stdout, '')
})

test('generate: 0 and files; --check 0, then 1 when stale; --dry-run writes nothing', () =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, 'mesh.yaml'), base)
    const run = (...args: string[]) => meshjoin(['generate', 'mesh.yaml', ...args], { cwd: folder })
    const [dry, written] = await Promise.all([run('--out', 'dry', '--dry-run'), run('--out', 'out')])
    assert.is(dry.code, 0, dry.stderr)
    assert.is(dry.stdout, '')
    assert.is(written.code, 0, written.stderr)
    assert.is(written.stdout, '')
    assert.match(written.stderr, /^out: [0-9]+ files written, 0 unchanged, 0 removed$/m)
    assert.equal(readdirSync(folder).sort(), ['mesh.yaml', 'out'])
    const [fresh, missing] = await Promise.all([
      run('--out', 'out', '--check'),
      run('--out', 'nowhere', '--check'),
    ])
    assert.is(fresh.code, 0, fresh.stderr)
    assert.is(missing.code, 1, missing.stderr)
    writeFileSync(join(folder, 'mesh.yaml'), edit(base, [['port: 80', 'port: 81']]))
    const stale = await run('--out', 'out', '--check')
    assert.is(stale.code, 1, stale.stderr)
    assert.match(stale.stderr, /out is not up to date/)
  }))

test('generate refuses what it does not know, and warnings with --strict, before it writes', () =>
  inFolder(async (folder) => {
    const runs: [args: string[], stdin: string, words: RegExp][] = [
      [['--target', 'cloudinit'], base, /error\[target-unknown\][\s\S]*"cloud-init"/],
      [['--machine', 'nobody'], base, /error\[machine-unknown\]/],
      [['--strict'], doubtful, /warning\[network-duplicate\]/],
    ]
    for (const [args, stdin, words] of runs) {
      const { code, stdout, stderr } = await meshjoin(['generate', '-', '--out', 'out', ...args], {
        stdin,
        cwd: folder,
      })
      assert.is(code, 1, stderr)
      assert.is(stdout, '')
      assert.match(stderr, words)
    }
    assert.equal(readdirSync(folder), [])
  }))

test('generate --out - prints one user-data on stdout and nothing else', async () => {
  const args = ['generate', '-', '--target', 'cloud-init', '--machine', 'legacy-app', '--out', '-']
  const [fine, doubled] = await Promise.all([
    meshjoin(args, { stdin: readExample('minimal') }),
    meshjoin([...args, '--check'], { stdin: base }),
  ])
  assert.is(fine.code, 0)
  assert.match(fine.stdout, /^#cloud-config\nmerge_how: /)
  assert.ok(fine.stdout.endsWith('\n'))
  assert.match(fine.stderr, /^<stdin>:[0-9]+:1: info\[inbound-policy-fails-open\]/m)
  assert.is(doubled.code, 2)
  assert.is(doubled.stdout, '')
})

test('a reader that goes away early is no fault', async () => {
  const [schema, plan] = await Promise.all([
    meshjoin(['schema'], { closeStdout: true }),
    meshjoin(['plan', '-'], { stdin: base, closeStdout: true }),
  ])
  for (const { code, stderr } of [schema, plan]) {
    assert.is(code, 0)
    assert.is(stderr, '')
  }
})

test('colours only where they are asked for, since a pipe is not a terminal', async () => {
  const [plain, forced] = await Promise.all([
    meshjoin(['validate', '-'], { stdin: wrong }),
    meshjoin(['validate', '-'], { stdin: wrong, env: { FORCE_COLOR: '1' } }),
  ])
  assert.not.ok(plain.stderr.includes('\u001b'))
  assert.ok(forced.stderr.includes('\u001b[31m'))
})

test.run()
