/** What a machine finds when it boots: in the shells that it may have as `sh`, and with the routes of a real kernel. */
import { spawnSync } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { printFiles } from '../../lib/files/machine-files.ts'
import { plan } from '../../lib/index.ts'
import { fillIn } from '../unit/files/filling.ts'
import { testBoot } from '../unit/mesh-machine/boot.ts'
import { partsFolder, type Shell } from '../unit/mesh-machine/shell.ts'
import { readDocuments } from './support/cases.ts'

const shells: readonly (readonly [name: string, shell: Shell])[] = [
  ['dash', ['dash']],
  ['busybox', ['busybox', 'sh']],
  ['bash --posix', ['bash', '--norc', '--posix']],
]
for (const [name, shell] of shells) testBoot(name, shell).run()

const test = suite('what a machine finds when it boots')

test('every shell fills in the same', () => {
  const [machine, ...others] = plan(readDocuments().get('golden/boot-instances') ?? '').value ?? []
  const web = [machine, ...others].find((one) => one?.boot?.name === 'instance-id')
  if (web === undefined) throw new Error('the golden document has instances')
  const files = printFiles(web)
  for (const found of [
    { name: 'i-1', ipv4: '10.20.0.7', ipv6: '' },
    { name: 'web-1', ipv4: '', ipv6: 'fd00:10:20::7' },
    { name: 'a.b.c', ipv4: '10.42.0.1', ipv6: 'fd00:10:42::1' },
  ]) {
    const [first = '', ...more] = shells.map(([, shell]) => JSON.stringify([...fillIn(shell, files, found)]))
    assert.ok(first.includes(found.name) && first.includes(found.ipv4) && first.includes(found.ipv6))
    assert.not.match(first, /@\{|@not|@ipv/)
    for (const other of more) assert.is(other, first)
  }
})

/** Asks in a network namespace of its own, made as the commands say. */
function askKernel(commands: readonly string[], routesTo: string, on = ''): string {
  const script = [
    'set -eu',
    'ip link set lo up',
    ...commands,
    `. ${partsFolder}/boot/find.sh`,
    'fail() { echo "refused: $*"; exit 3; }',
    `ROUTES_TO='${routesTo}' INTERFACE='${on}' ADDRESS_PATTERN='^[0-9A-Fa-f:.]+$' ADDRESS_LENGTH=45`,
    'find_addresses',
    'echo "$addresses"',
  ]
  const { stdout, stderr, error } = spawnSync('unshare', ['-n', 'sh', '-c', script.join('\n')], {
    encoding: 'utf8',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
  })
  if (error !== undefined) throw error
  if (stderr !== '') throw new Error(stderr)
  return stdout.trim()
}

/** Up, since its other end is. */
const link = (name: string) => [
  `ip link add ${name} type veth peer name ${name}.far`,
  `ip link set ${name} up`,
  `ip link set ${name}.far up`,
]
const address = (text: string, name: string, ...more: string[]) =>
  `ip address add ${[text, 'dev', name, ...(text.includes(':') ? ['nodad'] : []), ...more].join(' ')}`

test('the kernel says by which address the cluster is dialled', () => {
  const one = [...link('eth0'), address('10.20.0.7/24', 'eth0'), 'ip route add default via 10.20.0.1']
  assert.is(askKernel(one, '10.42.0.1'), '10.20.0.7')
  const both = [...one, address('fd00:20::7/64', 'eth0'), 'ip -6 route add default via fd00:20::1']
  assert.is(askKernel(both, '10.42.0.1 fd00:42::1'), '10.20.0.7,fd00:20::7')
  // A family without a way there is none of this machine.
  assert.is(askKernel(one, '10.42.0.1 fd00:42::1'), '10.20.0.7')
  const two = [...one, ...link('eth1'), address('172.16.0.9/24', 'eth1')]
  assert.is(askKernel([...two, 'ip route add 10.42.0.0/16 via 172.16.0.1'], '10.42.0.1'), '172.16.0.9')
  assert.is(askKernel(two, '10.42.0.1', 'eth1'), '172.16.0.9')
  // The route names one that is not the first of its interface.
  const second = [
    ...link('eth0'),
    address('10.20.0.7/24', 'eth0'),
    address('10.20.0.8/24', 'eth0'),
    'ip route add default via 10.20.0.1 src 10.20.0.8',
  ]
  assert.is(askKernel(second, '10.42.0.1'), '10.20.0.8')
  // An address that is gone before long is passed over where an interface is named.
  const old = [
    ...link('eth0'),
    address('fd00:20::8/64', 'eth0', 'preferred_lft', '0'),
    address('fd00:20::7/64', 'eth0'),
  ]
  assert.is(askKernel(old, 'fd00:42::1', 'eth0'), 'fd00:20::7')
})

test('where nobody could dial the machine, it refuses', () => {
  const refused = /^refused: no-address asked /
  assert.match(askKernel([], '10.42.0.1'), refused)
  assert.match(
    askKernel(
      [...link('eth0'), address('169.254.7.7/16', 'eth0'), 'ip route add default dev eth0'],
      '10.42.0.1',
    ),
    refused,
  )
  assert.match(askKernel(link('eth0'), '10.42.0.1', 'eth0'), refused)
  assert.match(askKernel([], '10.42.0.1', 'eth9'), refused)
  // The cluster's address on the machine itself is no way to it.
  assert.match(askKernel(['ip address add 10.42.0.1/32 dev lo'], '127.0.0.1'), refused)
})

test.run()
