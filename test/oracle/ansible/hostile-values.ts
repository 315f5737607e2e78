import { DUMP_SCHEMA, defineScalarTag, dump } from 'js-yaml'
import { machineFields } from '../../../lib/generated/machine-variables.ts'

/** Text that Ansible takes as it is: without the tag `{{` in an inventory is a template of the operator's own. */
class Literal {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const unsafe = defineScalarTag('!unsafe', {
  identify: (value: unknown) => value instanceof Literal,
  represent: (value: unknown) => (value as Literal).text,
  resolve: (text: string) => new Literal(text),
})

/** An inventory as YAML, each text in it taken as it is. */
export function printLiteral(value: unknown): string {
  return dump(wrap(value), { schema: DUMP_SCHEMA.withTags(unsafe), lineWidth: -1, noRefs: true })
}

function wrap(value: unknown): unknown {
  // Only where it matters: what follows the tag is read as if it had no quotes, so "!" or "=" would be no text any more.
  if (typeof value === 'string') return value.includes('{') ? new Literal(value) : value
  if (Array.isArray(value)) return value.map(wrap)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, wrap(inner)]))
}

/** A variable of a host with a value that the role has to refuse. */
export interface Hostile {
  readonly variable: string
  readonly value: unknown
}

/** What breaks out of one of the places that values land in, or looks like nothing. */
const fragments = [
  '{{ 7 * 7 }}',
  "{{ lookup('pipe', 'id') }}",
  '{% raw %}',
  '{# x #}',
  '{{',
  '}}',
  "'",
  '"',
  '`id`',
  '$(id)',
  '$'.concat('{HOME}'),
  '$HOME',
  '\n',
  '\r\n',
  '\t',
  '\u0007',
  '\u001b[31m',
  '\u007f',
  ' ',
  '%n',
  '%%',
  '\\',
  '\\n',
  'é',
  '\u0430',
  '\u202e',
  '\u{1f600}',
  ';',
  '&&',
  '|',
  '<',
  '>',
  '*',
  '?',
  '#',
  '!',
  '~',
  '=',
  ',',
  '[',
  '(',
  '^',
  '@',
  '+',
  ' -j ACCEPT',
  '\n-A OUTPUT -j DROP',
  "'\nLINKERD2_PROXY_IDENTITY_DISABLED='1",
]

const good = {
  name: 'billing-1',
  namespace: 'mixed-env',
  spiffe_id: 'spiffe://root.linkerd.cluster.local/mixed-env/billing-1',
  server_name: 'billing-1.mixed-env.cluster.local',
} as const

const fields = {
  name: machineFields.name,
  namespace: machineFields.namespace,
  spiffe_id: machineFields.spiffeId,
  server_name: machineFields.serverName,
} as const

/** A fragment alone, before, inside, and behind a good text. */
function around(text: string, fragment: string): string[] {
  const middle = Math.floor(text.length / 2)
  return [fragment, fragment + text, text.slice(0, middle) + fragment + text.slice(middle), text + fragment]
}

function texts(): Hostile[] {
  return Object.entries(good).flatMap(([name, text]) => {
    const { pattern, maxLength } = fields[name as keyof typeof fields]
    const fits = new RegExp(pattern)
    const bad = [
      ...fragments.flatMap((fragment) => around(text, fragment)),
      text.toUpperCase(),
      `${text}${'a'.repeat(maxLength)}`,
      `-${text}`,
      `${text}-\n`,
      '',
      'spiffe://other.example.com/mixed-env/billing-1',
      'spiffe://root.linkerd.cluster.local/../x',
      'spiffe://root.linkerd.cluster.local',
    ].filter(
      (candidate) => !fits.test(candidate) || candidate.length > maxLength || candidate.includes('other.'),
    )
    const types = [true, 1.5, [], [text], { text }, null].filter((value) => !fits.test(String(value)))
    return [...bad, ...types].map((value) => ({ variable: name, value }))
  })
}

const badAddresses = [
  ...[
    '127.0.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '169.254.1.1',
    '1.2.3',
    '01.2.3.4',
  ],
  ...[
    '1.2.3.4/24',
    '256.1.1.1',
    '1.2.3.4.5',
    '1.2.3.4\n',
    '0x7f.1',
    '2130706433',
    '1.2.3.-4',
    '',
    ' 1.2.3.4',
  ],
  ...['::1', '::', 'fe80::1', 'ff02::1', '2001:DB8::1', '1::2::3', '2001:db8::1%eth0', '::ffff:1.2.3.4'],
  ...['2001:db8:1:2:3:4:5:6:7', '2001:db8:1:2:3:4:5', '2001:db8::12345', '[2001:db8::1]', 'example.com'],
]

function addresses(): Hostile[] {
  return ['addresses', 'local_addresses'].flatMap((variable) => [
    ...badAddresses.map((text) => ({ variable, value: [text] })),
    ...fragments.flatMap((fragment) =>
      around('203.0.113.9', fragment).map((text) => ({ variable, value: [text] })),
    ),
    ...[true, 5, { a: 1 }, '203.0.113.9', [5], [['203.0.113.9']], [null], ['203.0.113.9', '203.0.113.9']].map(
      (value) => ({ variable, value }),
    ),
    { variable, value: Array.from({ length: 5 }, (_, index) => `203.0.113.${index}`) },
  ])
}

const port = { name: 'http', port: 80 }

function ports(): Hostile[] {
  const entries: unknown[] = [
    ...fragments.flatMap((fragment) => around('http', fragment).map((name) => ({ ...port, name }))),
    ...fragments.map((fragment) => ({ ...port, port: `80${fragment}` })),
    ...['', 'HTTP', '80', 'a--b', 'a-', 'sixteen-letters-', 5, true, null].map((name) => ({ ...port, name })),
    ...[0, -1, 22, 4140, 4143, 4190, 4191, 65536, 1e9, 80.5, '80', true, null, 'http', '', [80]].map(
      (number) => ({
        ...port,
        port: number,
      }),
    ),
    ...['yes', 'no', 1, 0, 'true', 'maybe', null].map((opaque) => ({ ...port, opaque })),
    { ...port, protocol: 'udp' },
    { name: 'http' },
    { port: 80 },
    'http',
    80,
    null,
  ]
  return [
    ...entries.map((entry) => ({ variable: 'ports', value: [entry] })),
    { variable: 'ports', value: [port, { ...port, name: 'other' }] },
    { variable: 'ports', value: [port, { ...port, port: 81 }] },
    { variable: 'ports', value: 'http' },
    { variable: 'ports', value: port },
    {
      variable: 'ports',
      value: Array.from({ length: 65 }, (_, index) => ({ name: `p-${index}`, port: 8000 + index })),
    },
  ]
}

function others(): Hostile[] {
  return [
    ...['nope', '{{ 1 }}', 'Default', ' ', 5].map((value) => ({ variable: 'group', value })),
    ...['gone', '{{ x }}', 'Present'].map((value) => ({ variable: 'state', value })),
    ...['nobody', '', 'machine '].map((value) => ({ variable: 'download', value })),
    ...['soon', '', '1.5', [1]].map((value) => ({ variable: 'confirm_within', value })),
    ...['maybe', [true]].map((value) => ({ variable: 'redirect_up', value })),
  ]
}

/** So many of them, spread over all variables; the same ones each time. */
export function drawHostile(count: number): Hostile[] {
  const all = [...others(), ...texts(), ...addresses(), ...ports()]
  if (all.length < count) throw new Error(`there are only ${all.length} hostile values`)
  const few = others().length
  const step = (all.length - few) / (count - few)
  return [
    ...all.slice(0, few),
    ...Array.from({ length: count - few }, (_, index) => all[few + Math.floor(index * step)] as Hostile),
  ]
}
