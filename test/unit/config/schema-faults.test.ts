import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pruneFaults } from '../../../lib/config/draft.ts'
import { checkSchema } from '../../../lib/config/schema-faults.ts'
import { collectDiagnostics } from '../../../lib/diagnostics/diagnostic.ts'
import { parse, validate } from '../../../lib/index.ts'
import { backends } from '../../../lib/kinds/backends/index.ts'
import { base } from '../diagnostics/base.ts'

const test = suite('faults of the form, and what is left of the document')

type Json = Record<string, unknown>

/** The base as an object, with one entry set. */
function withEntry(path: readonly (string | number)[], value: unknown): Json {
  const root = structuredClone(parse(base).value) as Json
  let parent: Json = root
  for (const key of path.slice(0, -1)) parent = parent[key] as Json
  parent[path.at(-1) ?? ''] = value
  return root
}

/** Code, path, message and help of what the schema alone has to say. */
function faults(value: unknown): string[] {
  const { diagnostics, report } = collectDiagnostics()
  checkSchema(value, report)
  return diagnostics.map(({ code, path, message, help }) => `${code} ${path} | ${message} | ${help}`)
}

test('an unknown key is answered with the key that was meant, or with those that are known', () => {
  assert.equal(faults(withEntry(['mesh', 'trustAnchor'], 'x')), [
    'unknown-key /mesh/trustAnchor | unknown key "trustAnchor" | did you mean "trustAnchors"?',
  ])
  assert.equal(faults(withEntry(['proxy', 'user'], { shell: 'sh' })), [
    'unknown-key /proxy/user/shell | unknown key "shell" | known here: name, uid',
  ])
  assert.equal(faults(withEntry(['machines', 0, 'adresses'], [])), [
    'unknown-key /machines/0/adresses | unknown key "adresses" | did you mean "addresses"?',
  ])
  assert.equal(faults(withEntry(['groups'], { web: { zones: 'a' } })), [
    'unknown-key /groups/web/zones | unknown key "zones" | did you mean "zone"?',
  ])
})

test('a key that belongs elsewhere is answered with where', () => {
  assert.equal(faults(withEntry(['machines', 0, 'platform'], 'ec2')), [
    'unknown-key /machines/0/platform | unknown key "platform" | it belongs to cloudInit.platform',
  ])
})

test('a value that is known under another name', () => {
  for (const [typed, known] of [
    ['aws', 'ec2'],
    ['GCP', 'gce'],
    ['vmware', 'vsphere'],
  ]) {
    const [found = ''] = faults(withEntry(['cloudInit'], { platform: typed }))
    assert.ok(found.startsWith(`unknown-value /cloudInit/platform | "${typed}" is not one of: ec2,`), found)
    assert.ok(found.endsWith(`| did you mean "${known}"?`), found)
  }
})

test('a value in the wrong form: the rule, and what was meant', () => {
  const subdomain =
    'a DNS name in lower case: labels of lower-case letters, digits and "-", with a letter or digit at both ends, joined by dots, without a dot at the end'
  assert.equal(faults(withEntry(['machines', 0, 'name'], 'DB_01.prod')), [
    `bad-format /machines/0/name | "DB_01.prod" is not valid for "Name": it must be ${subdomain} | write "db-01.prod"`,
  ])
  assert.equal(faults(withEntry(['mesh', 'linkerdVersion'], '2.x')), [
    'bad-format /mesh/linkerdVersion | "2.x" is not valid for "Linkerd version": it must be edge-YY.M.N, 2.N, 2.N.P or enterprise-2.N.P | for example: edge-26.9.1',
  ])
  const [key = ''] = faults(withEntry(['groups'], { Web_1: {} }))
  assert.ok(key.endsWith('| write "web-1"'), key)
  assert.equal(faults(withEntry(['machines', 0, 'name'], 'db01.prod.example.com')), [])
})

test('a machine has no settings of the document: redirect and proxy belong to groups', () => {
  const [found = ''] = faults(withEntry(['machines', 0, 'redirect'], {}))
  assert.match(found, /^unknown-key \/machines\/0\/redirect /)
})

test('enumerations, types, ranges and sizes, each with what would fit', () => {
  const known = Object.keys(backends).join(', ')
  const rows: [path: (string | number)[], value: unknown, expected: string][] = [
    [
      ['redirect'],
      { backend: 'nftable' },
      `unknown-value /redirect/backend | "nftable" is not one of: ${known} | did you mean "nftables"?`,
    ],
    [
      ['redirect'],
      { backend: 'pf' },
      `unknown-value /redirect/backend | "pf" is not one of: ${known} | use one of: ${known}`,
    ],
    [
      ['proxy', 'cores'],
      'two',
      'wrong-type /proxy/cores | expected a whole number, found the text "two" | write a whole number',
    ],
    [
      ['proxy', 'cores'],
      1.5,
      'wrong-type /proxy/cores | expected a whole number, found the number 1.5 | write a whole number',
    ],
    [
      ['proxy', 'cores'],
      null,
      'wrong-type /proxy/cores | expected a whole number, found nothing | write a whole number',
    ],
    [
      ['proxy', 'cores'],
      [2],
      'wrong-type /proxy/cores | expected a whole number, found a list | write a whole number',
    ],
    [
      ['proxy', 'cores'],
      {},
      'wrong-type /proxy/cores | expected a whole number, found a map of keys | write a whole number',
    ],
    [
      ['proxy', 'version'],
      true,
      'wrong-type /proxy/version | expected text, found the boolean true | put it in quotes',
    ],
    [
      ['proxy', 'cores'],
      0,
      'out-of-range /proxy/cores | 0 is out of range: at least 1 | use a number at least 1',
    ],
    [
      ['machines', 0, 'addresses'],
      [],
      'size-limit /machines/0/addresses | Machine addresses must have at least 1 entry | shorten or complete it',
    ],
    [
      ['machines', 0, 'addresses'],
      'boot',
      'wrong-type /machines/0/addresses | expected a list or a map of keys, found the text "boot" | write a list or a map of keys',
    ],
  ]
  for (const [path, value, expected] of rows) assert.equal(faults(withEntry(path, value)), [expected])
})

test('one place is told once, though it may break several rules', () => {
  assert.is(faults(withEntry(['machines', 0, 'name'], 'A'.repeat(100))).length, 1)
  assert.is(faults(withEntry(['machines', 0, 'labels'], { [`${'x'.repeat(400)} `]: 'a' })).length, 1)
})

test('two missing keys of one place are two findings', () => {
  assert.equal(
    faults(withEntry(['spire'], {})).map((line) => line.split(' |')[1]),
    [' "trustDomain" is missing', ' "agent" is missing'],
  )
})

test('control characters and half surrogate pairs are named by their code', () => {
  const rows = [
    ['a\nb', 'U+000A'],
    ['a\u0085', 'U+0085'],
    ['\u2028', 'U+2028'],
    ['\ud800', 'U+D800'],
    ['\udc00x', 'U+DC00'],
    ['\u0000', 'U+0000'],
  ]
  for (const [name, codepoint] of rows)
    assert.equal(faults(withEntry(['machines', 0, 'name'], name)), [
      `control-character /machines/0/name | the text contains the control character ${codepoint} | retype the value; an editor that shows invisible characters helps`,
    ])
})

test('long values are shortened', () => {
  const [found = ''] = faults(withEntry(['machines', 0, 'group'], 'a b '.repeat(15)))
  assert.ok(found.length < 320, found)
})

test('what is no map at all is told so, and nothing else', () => {
  for (const value of [null, 'text', 7, [1], true]) {
    const codes = validate(value as object).diagnostics.map(({ code }) => code)
    assert.equal(codes, ['wrong-type'])
  }
})

function prune(value: unknown): Json {
  const { report } = collectDiagnostics()
  return pruneFaults(value, checkSchema(value, report)) as Json
}

test('pruning takes out exactly what does not fit; lists keep their places, names stay', () => {
  const value = withEntry(['machines', 0, 'addresses'], ['x y', '203.0.113.42', 7])
  const before = JSON.stringify(value)
  const draft = prune(value)
  const expected = structuredClone(value) as { machines: Json[] }
  if (expected.machines[0] !== undefined)
    expected.machines[0].addresses = [undefined, '203.0.113.42', undefined]
  assert.equal(draft, expected)
  assert.is(JSON.stringify(value), before, 'the original is untouched')
  const cores = prune(withEntry(['proxy', 'cores'], 'two')).proxy as Json
  assert.is('cores' in cores, true)
  assert.is(cores.cores, undefined)
  assert.is('colour' in (prune(withEntry(['proxy', 'colour'], 1)).proxy as Json), false)
})

test('a list that is too long, too short or repeats itself still has its entries', () => {
  const many = Array.from({ length: 100 }, (_, index) => `10.${index}.0.0/16`)
  assert.equal((prune(withEntry(['mesh', 'clusterNetworks'], many)).mesh as Json).clusterNetworks, many)
})

test('hostile keys are taken out and change nothing', () => {
  const hostile: unknown = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2, "a/b~c": 3}')
  const draft = prune(withEntry(['mesh', 'routes'], hostile)).mesh as Json
  assert.is(draft.routes, undefined)
  const root = prune(Object.assign(JSON.parse('{"__proto__": {"mesh": 1}}') as Json, parse(base).value))
  assert.equal(root, parse(base).value)
  assert.is(({} as Json).polluted, undefined)
  const codes = validate(JSON.parse('{"__proto__": 1, "constructor": 2}') as object).diagnostics
  for (const path of ['/__proto__', '/constructor'])
    assert.ok(
      codes.some((found) => found.code === 'unknown-key' && found.path === path),
      path,
    )
})

test('a value that does not fit is not called missing as well', () => {
  const rows: [path: (string | number)[], value: unknown][] = [
    [['spire', 'agent', 'version'], 1.15],
    [['spire', 'agent', 'install'], 'download'],
    [['spire', 'agent', 'attestation'], []],
    [['spire', 'agent', 'attestation'], { type: 'join_token', file: 'relative' }],
    [['spire', 'server'], 'spire.example'],
    [['spire', 'server', 'address'], 'a b'],
    [['proxy', 'install', 'sha256'], 'abc'],
    [['proxy', 'install'], { from: 'preinstalled', path: 'bin/proxy' }],
    [['proxy', 'defaultInboundPolicy'], 'denied'],
    [['mesh', 'dns'], '10.43.0.10'],
    [['mesh', 'dns', 'servers'], '10.43.0.10'],
    [['machines', 0, 'namespace'], 'Mixed'],
    [['machines', 0, 'addresses'], '203.0.113.42'],
    [['machines', 0], { name: 'a', namespace: 'b', role: 'clinet' }],
    [['groups'], { web: { identity: { spiffeId: 7, serverName: 'a.b' } } }],
  ]
  for (const [path, value] of rows) {
    const { diagnostics } = validate(withEntry(path, value))
    assert.is(diagnostics.length, 1, diagnostics.map(({ code, path }) => `${code} ${path}`).join())
  }
})

test.run()
