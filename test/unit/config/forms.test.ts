import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { forms, repairValue } from '../../../lib/config/forms.ts'
import { schema } from '../../../lib/generated/schema.ts'

const test = suite('forms of values')

function collectPatterns(node: unknown, found = new Set<string>()): Set<string> {
  if (typeof node !== 'object' || node === null) return found
  if ('pattern' in node && typeof node.pattern === 'string') found.add(node.pattern)
  for (const child of Object.values(node)) collectPatterns(child, found)
  return found
}

test('each pattern of the schema has a rule in words, and each rule its pattern', () => {
  assert.equal([...collectPatterns(schema)].sort(), Object.keys(forms).sort())
  for (const [pattern, rule] of Object.entries(forms)) assert.match(rule, /^[^.].*[^.]$/, pattern)
})

/** The pattern of a field, by its path in the schema. */
function patternOf(definition: string, key: string): string {
  const { definitions } = schema as unknown as {
    definitions: Record<
      string,
      { properties: Record<string, { pattern?: string; items?: { pattern: string } }> }
    >
  }
  const property = definitions[definition]?.properties[key]
  const pattern = property?.pattern ?? property?.items?.pattern
  if (pattern === undefined) throw new Error(`${definition}.${key} has no pattern`)
  return pattern
}

const repaired = [
  ['Machine', 'name', 'DB_01', 'db-01'],
  ['Machine', 'name', 'db01.Prod.example.com.', 'db01.prod.example.com'],
  ['Machine', 'name', ' web 1 ', 'web-1'],
  ['MachineDefaults', 'namespace', 'Shop', 'shop'],
  ['Mesh', 'clusterDomain', 'cluster.local.', 'cluster.local'],
  ['Mesh', 'linkerdVersion', '25.10.7', 'edge-25.10.7'],
  ['Proxy', 'version', '2.359.0', 'v2.359.0'],
  ['Proxy', 'version', 'release/v2.359.0', undefined],
  ['Proxy', 'shutdownGracePeriod', '30 seconds', '30s'],
  ['Proxy', 'shutdownGracePeriod', '30', '30s'],
  ['Proxy', 'adminAddress', '::1:4191', '[::1]:4191'],
  ['SpireAgent', 'version', 'v1.15.3', '1.15.3'],
  ['Spire', 'trustDomain', 'spiffe://fleet.example.com/', 'fleet.example.com'],
  ['SpireServer', 'address', 'https://spire.example.com', 'spire.example.com'],
  ['SpireServer', 'address', 'spire.example.com:8081', 'spire.example.com'],
  ['ControlPlane', 'destination', 'linkerd-dst.linkerd.svc:8086', 'linkerd-dst.linkerd.svc.:8086'],
  ['Install', 'url', 'http://mirror.example/p.tgz', 'https://mirror.example/p.tgz'],
  ['Install', 'path', 'opt/linkerd2-proxy', '/opt/linkerd2-proxy'],
  ['Sha256', 'amd64', `SHA256:${'AB'.repeat(32)}`, 'ab'.repeat(32)],
  ['Identity', 'spiffeId', 'fleet.example.com/shop/app', 'spiffe://fleet.example.com/shop/app'],
  ['RedirectInbound', 'exemptPorts', '4567:4568', '4567-4568'],
  ['MachinePort', 'name', 'HTTP_Main', 'http-main'],
  ['Mesh', 'clusterNetworks', '10.42.0.0', undefined],
  ['Machine', 'name', '!', undefined],
  ['Machine', 'name', 'x'.repeat(300), undefined],
] as const

for (const [definition, key, value, expected] of repaired) {
  test(`${definition}.${key}: ${value.slice(0, 40)} was meant as ${expected?.slice(0, 40) ?? 'nothing known'}`, () => {
    assert.is(repairValue(value, patternOf(definition, key)), expected)
  })
}

test('what is offered fits, whatever was typed', () => {
  const typed = [
    '',
    ' ',
    '.',
    '-',
    '/',
    ':',
    'Ä',
    '1',
    'a b',
    'A_B.c:80',
    'http://x/',
    '::',
    '10.0.0.1:80',
    '\u0000',
  ]
  for (const pattern of Object.keys(forms)) {
    for (const value of typed) {
      const found = repairValue(value, pattern)
      if (found !== undefined) assert.ok(new RegExp(pattern).test(found), `${value} ${pattern}`)
    }
  }
})

test.run()
