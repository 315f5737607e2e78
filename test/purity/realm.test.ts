/**
 * The library as one file in an empty realm: no Node, no clock, no chance, no network, no console, and no way to make code
 * of text. What it makes there must be what it makes in Node.
 */
import vm from 'node:vm'
import { build } from 'esbuild'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Artifact, generate } from '../../lib/index.ts'
import { exampleText } from '../unit/plan/document.ts'

/** What the realm may not touch. Reaching for one of these throws. */
const poison = `
  const refuse = (name) => () => { throw new Error('impure: ' + name) };
  // "instanceof Date" is a fair question of a serialiser; asking for the time is not.
  Date = new Proxy(Date, { construct: refuse('new Date'), apply: refuse('Date') });
  for (const name of ['now', 'parse', 'UTC']) Date[name] = refuse('Date.' + name);
  Math.random = refuse('Math.random');
  for (const name of ['process', 'console', 'fetch', 'setTimeout', 'performance', 'crypto', 'navigator', 'require', 'Intl'])
    Object.defineProperty(globalThis, name, { get: refuse(name) });
`

const gzipped = exampleText('minimal').concat('cloudInit: {platform: ec2, compress: true}\n')
const encoded = exampleText('minimal').concat(
  'cloudInit: {platform: hetzner, compress: true, multipart: true}\n',
)

const test = suite('empty realm')

let bundle = ''

test.before(async () => {
  const { outputFiles } = await build({
    entryPoints: ['lib/index.ts'],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'meshjoin',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    logLevel: 'silent',
  })
  bundle = outputFiles[0]?.text ?? ''
})

test('code cannot be made of text there, and what is poisoned throws', () => {
  const realm = newRealm()
  assert.throws(() => run(realm, 'new Function("return 1")()'), /code generation/i)
  assert.throws(() => run(realm, 'eval("1")'), /code generation/i)
  assert.throws(() => run(realm, 'new Date()'), /impure/)
  assert.throws(() => run(realm, 'Date.now()'), /impure/)
  assert.throws(() => run(realm, 'Math.random()'), /impure/)
  assert.throws(() => run(realm, 'process.env'), /impure/)
  assert.is(run(realm, 'typeof TextEncoder + typeof Buffer'), 'undefinedundefined')
})

test('the library makes there what it makes in Node, twice', () => {
  const realm = newRealm()
  run(realm, bundle)
  for (const text of [exampleText('minimal'), gzipped, encoded]) {
    const expected = inNode(text)
    assert.is(inRealm(realm, text), expected)
    assert.is(inRealm(realm, text), expected)
  }
})

test('mistakes are reported there as in Node', () => {
  const realm = newRealm()
  run(realm, bundle)
  for (const text of [
    '',
    '{',
    'apiVersion: meshjoin/v2',
    exampleText('minimal').replace('10.43.0.10', '10.43.0.1000'),
  ]) {
    realm.text = text
    const found = run(realm, 'JSON.stringify(meshjoin.validate(text).diagnostics)')
    const { diagnostics } = generate(text)
    assert.is(found, JSON.stringify(diagnostics))
    assert.ok(diagnostics.length > 0)
    const [first] = diagnostics
    assert.ok(first)
    realm.first = JSON.stringify(first)
    assert.match(
      String(run(realm, 'meshjoin.formatDiagnostic(JSON.parse(first), {source: text})')),
      first.code,
    )
  }
})

test('the smaller functions work there too', () => {
  const realm = newRealm()
  run(realm, bundle)
  realm.text = exampleText('minimal')
  const script = `
    const [machine] = meshjoin.plan(meshjoin.parse(text)).value;
    const userData = meshjoin.printCloudConfig(meshjoin.cloudConfig(machine));
    JSON.stringify([meshjoin.flows(machine).length > 0, meshjoin.measureUserData(userData).length, userData.length > 1000])
  `
  assert.is(run(realm, script), '[true,9,true]')
})

test.run()

function newRealm(): vm.Context {
  const realm = vm.createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } })
  run(realm, poison)
  return realm
}

function run(realm: vm.Context, script: string): unknown {
  return vm.runInContext(script, realm)
}

/** Artifacts as one text; bytes as a list of numbers, which both realms write alike. */
function describe(artifacts: readonly Artifact[]): string {
  return artifacts
    .map(({ path, mode, sensitive, content }) => {
      const body = typeof content === 'string' ? content : Array.from(content).join()
      return `${path} ${mode} ${sensitive}\n${body}`
    })
    .join('\n')
}

function inNode(text: string): string {
  const result = generate(text)
  assert.ok(result.ok, JSON.stringify(result.diagnostics))
  return describe(result.value ?? [])
}

function inRealm(realm: vm.Context, text: string): unknown {
  realm.text = text
  return run(realm, `(${describe.toString()})(meshjoin.generate(text).value)`)
}
