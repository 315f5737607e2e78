/** Questions to the parts that find a machine's name and address and fill them in, for one shell. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { printBootData } from '../../../lib/files/boot.ts'
import { runParts, type Said, type Shell } from './shell.ts'

const boot = { name: undefined, interface: undefined, nameLength: 221, routesTo: ['10.42.0.1', 'fd00:42::1'] }

/** The data of an instance, as machines get it. */
function dataOf(changes: object): string {
  return printBootData({ name: 'fixed', namespace: 'shop' }, { ...boot, ...changes })
}

const setting = [
  'etc=$PWD/etc state=$PWD/state workload=$PWD/state/workload cloud=$PWD',
  "NAME='' NAME_FROM='' INTERFACE=''",
  'mkdir "$etc"',
  'fail() { printf "refused: %s\\n" "$*" | tr "\\n" "~"; exit 3; }',
  'say() { printf "said: %s\\n" "$*"; }',
  'write_console() { false; }',
].join('\n')

/** What a name becomes that the host or the platform gives; or that it is refused. */
function findName(shell: Shell, from: 'hostname' | 'instance-id', given: string): Said {
  const script = [
    setting,
    dataOf({ name: from }),
    'cat >instance-id',
    'uname() { cat instance-id; }',
    'find_name',
    'printf "%s" "$name"',
  ]
  return runParts(shell, ['boot/find'], script.join('\n'), given)
}

const good: readonly ['hostname' | 'instance-id', given: string, name: string][] = [
  ['hostname', 'web-1\n', 'web-1'],
  ['hostname', 'WEB-1.Example.com\n', 'web-1'],
  ['hostname', `${'a'.repeat(63)}\n`, 'a'.repeat(63)],
  ['hostname', 'ip-10-20-0-7.eu-west-1.compute.internal\n', 'ip-10-20-0-7'],
  ['instance-id', 'i-0123456789abcdef0\n', 'i-0123456789abcdef0'],
  ['instance-id', '4312345678901234567\n', '4312345678901234567'],
  ['instance-id', '5E5C5F1B-4D3A-4B9E-8F1B-0C8A5C7E9D11', '5e5c5f1b-4d3a-4b9e-8f1b-0c8a5c7e9d11'],
  ['instance-id', `ocid1.instance.oc1.iad.${'a1'.repeat(30)}\n`, `ocid1.instance.oc1.iad.${'a1'.repeat(30)}`],
]

/** Neither a host nor a metadata service is believed. */
const hostile: readonly string[] = [
  '',
  '\n',
  'localhost',
  'localhost\n',
  'Localhost',
  '-web',
  'web-',
  'web_1',
  'web 1',
  'web\nroot',
  '\nweb',
  'web\tone',
  'web\r',
  'we\0b',
  'wéb',
  "web';touch x;'",
  'web"',
  '$(touch x)',
  '`touch x`',
  'web&',
  'web/../x',
  'web;w x',
  'web\\nx',
  '@{ipv4}',
  '../../etc/passwd',
  'a'.repeat(64),
  '<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n',
  '{"error": "not found"}',
  'x'.repeat(100_000),
]

/** Addresses as `ip` says them, by its arguments. */
interface Routes {
  readonly ipv4?: string
  readonly ipv6?: string
  /** What `ip address show` lists. */
  readonly listed?: string
  readonly temporary?: boolean
  readonly on?: string
}

function findAddresses(shell: Shell, { ipv4, ipv6, listed = '', temporary = false, on }: Routes): Said {
  const route = (family: string, text: string | undefined) =>
    text === undefined
      ? `"${family} route"*) echo "RTNETLINK answers: Network is unreachable" >&2; return 2 ;;`
      : `"${family} route"*) printf '%s\\n' '${text}' ;;`
  const script = [
    setting,
    dataOf({ name: 'hostname', interface: on }),
    'ip() {',
    '  shift',
    '  case "$*" in',
    `    ${route('-4', ipv4)}`,
    `    ${route('-6', ipv6)}`,
    `    *temporary) ${temporary ? 'echo 2: eth0' : ':'} ;;`,
    `    *) printf '%s\\n' '${listed}' ;;`,
    '  esac',
    '}',
    // The data's own "ip -o FAMILY ..." has the option first.
    'find_addresses',
    'printf "%s|%s|%s" "$ipv4" "$ipv6" "$addresses"',
  ]
  return runParts(shell, ['boot/find'], script.join('\n'))
}

const from = (address: string) => `10.42.0.1 via 10.20.0.1 dev eth0 src ${address} uid 0 \\    cache `
const from6 = (address: string) =>
  `fd00:42::1 from :: via fe80::1 dev eth0 proto ra src ${address} metric 100 pref medium`

/** The suite for one shell. */
export function testBoot(name: string, shell: Shell) {
  const test = suite(`what a machine finds when it boots, in ${name}`)

  test('a name is the short host name in lower case, or what the platform calls the instance', () => {
    for (const [source, given, expected] of good) {
      const { status, stdout } = findName(shell, source, given)
      assert.is(stdout, expected)
      assert.is(status, 0)
    }
  })

  test('a name that is none is refused, whoever says it, and nothing of it is run', () => {
    for (const given of hostile)
      for (const source of ['hostname', 'instance-id'] as const) {
        const { status, stdout } = findName(shell, source, given)
        const label = JSON.stringify(given.slice(0, 60))
        assert.ok(stdout.startsWith(`refused: no-name ${source} `), `${label}: ${stdout}`)
        assert.is(status, 3, label)
      }
  })

  test('a name is kept from the first boot on, and one of the document is taken as it is', () => {
    const workload = `{"name": "first", "namespace": "shop", "addresses": ["10.20.0.7"], "spiffeId": "spiffe://x/y"}`
    const kept = [setting, dataOf({ name: 'hostname' }), 'uname() { echo second; }', 'mkdir "$state"']
    const asked = [...kept, 'cat >"$workload"', 'find_name', 'echo "$name"'].join('\n')
    assert.is(runParts(shell, ['boot/find'], asked, workload).stdout, 'first\n')
    // What stands there was checked, and is again.
    assert.match(
      runParts(shell, ['boot/find'], asked, workload.replace('first', "fi';rst")).stdout,
      /^refused: no-name/,
    )
    // A copy of a disk: what joined there is another instance.
    const copied = [setting, dataOf({ name: 'instance-id' }), 'echo i-2 >instance-id', 'mkdir "$state"']
    const asked2 = [...copied, 'cat >"$workload"', 'find_name', 'echo "$name"'].join('\n')
    assert.is(runParts(shell, ['boot/find'], asked2, workload).stdout, 'refused: copied i-2 first~')
    assert.is(runParts(shell, ['boot/find'], asked2, workload.replace('first', 'i-2')).stdout, 'i-2\n')
    const fixed = [setting, dataOf({}), 'find_name', 'echo "$name"'].join('\n')
    assert.is(runParts(shell, ['boot/find'], fixed).stdout, 'fixed\n')
  })

  test('an address is the one that the route to the cluster starts from, of each family that there is', () => {
    const rows: readonly [Routes, expected: string][] = [
      [{ ipv4: from('10.20.0.7') }, '10.20.0.7||10.20.0.7'],
      [
        { ipv4: from('10.20.0.7'), ipv6: from6('2001:db8::7') },
        '10.20.0.7|2001:db8::7|10.20.0.7,2001:db8::7',
      ],
      [{ ipv6: from6('fd00:20::7') }, '|fd00:20::7|fd00:20::7'],
      // One that nobody could dial is none.
      [{ ipv4: from('10.20.0.7'), ipv6: from6('fe80::1') }, '10.20.0.7||10.20.0.7'],
      [{ ipv4: from('127.0.0.1'), ipv6: from6('fd00:20::7') }, '|fd00:20::7|fd00:20::7'],
      // Made anew every day: the lasting one of the same device.
      [
        {
          ipv6: from6('2001:db8::aaaa'),
          temporary: true,
          listed: '2: eth0    inet6 2001:db8::7/64 scope global dynamic \\       valid_lft 1sec',
        },
        '|2001:db8::7|2001:db8::7',
      ],
      [
        {
          ipv4: from('10.20.0.7'),
          on: 'ens6',
          listed: '3: ens6    inet 172.16.0.9/24 brd 172.16.0.255 scope global ens6',
        },
        '172.16.0.9||172.16.0.9',
      ],
    ]
    for (const [routes, expected] of rows) {
      const said = findAddresses(shell, routes)
      assert.is(said.stdout, expected, JSON.stringify(routes))
      assert.is(said.status, 0)
    }
  })

  test('no address, or none that others can dial, is refused', () => {
    for (const routes of [
      {},
      { ipv4: from('169.254.7.7') },
      { ipv4: from('127.0.0.1'), ipv6: from6('::1') },
      { ipv6: from6('FE80::1') },
      { ipv4: 'local 10.42.0.1 dev lo table local' },
      { ipv4: from('10.20.0.7'), on: 'ens6', listed: '' },
      { ipv4: from('10.20.0.7;id') },
      { ipv4: from("$(id)'").replace("'", '') },
    ]) {
      const said = findAddresses(shell, routes)
      assert.match(said.stdout, /^refused: no-address /, JSON.stringify(routes))
      assert.is(said.status, 3)
    }
  })

  test('what was found is told once, and again when it is something else', () => {
    const script = [
      setting,
      dataOf({ name: 'hostname' }),
      'name=web-1 ipv4=10.20.0.7 ipv6=fd00:20::7 addresses=10.20.0.7,fd00:20::7',
      'keep_workload spiffe://x/shop/web-1; keep_workload spiffe://x/shop/web-1',
      'cat "$workload"',
      'addresses=10.20.0.8',
      'keep_workload spiffe://x/shop/web-1',
      'cat "$workload"',
    ]
    const { stdout } = runParts(shell, ['boot/find', 'boot/fill'], script.join('\n'))
    const told = (addresses: string) =>
      `said: tell the cluster: ExternalWorkload shop/web-1, addresses ${addresses}, SPIFFE ID spiffe://x/shop/web-1`
    const [first, one = '', second, two = ''] = stdout.trim().split('\n')
    assert.is(first, told('10.20.0.7,fd00:20::7'))
    assert.is(second, told('10.20.0.8'))
    const workload = { name: 'web-1', namespace: 'shop', spiffeId: 'spiffe://x/shop/web-1' }
    assert.equal(JSON.parse(one), { ...workload, addresses: ['10.20.0.7', 'fd00:20::7'] })
    assert.equal(JSON.parse(two), { ...workload, addresses: ['10.20.0.8'] })
  })

  return test
}
