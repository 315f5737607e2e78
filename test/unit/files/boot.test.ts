/** One source for three notations: what a machine fills in is what would have been written of it, byte for byte. */
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultServerName, defaultSpiffeId, instanceName } from '../../../lib/config/identity.ts'
import { resolveDocument } from '../../../lib/config/resolve.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../../lib/config/resolved.ts'
import { type MachineFile, printFiles } from '../../../lib/files/machine-files.ts'
import { type MeshjoinDocument, resolve, validate } from '../../../lib/index.ts'
import { createPlanner } from '../../../lib/plan/plan.ts'
import { firstMachine, minimalWith, planOf } from '../plan/document.ts'
import { fillIn } from './filling.ts'

const test = suite('files that a machine fills in')
const seed = Number(process.env.MESHJOIN_SEED ?? Date.now() % 2 ** 31)

/** The same machine as one that finds its name and its address; whatever network it is in, it has the same shape. */
function asFound(config: ResolvedConfig, machine: ResolvedMachine): ResolvedMachine {
  const { name, namespace, identity } = machine
  const { trustDomain } = config.spire
  const { clusterDomain } = config.mesh
  const known = {
    spiffeId: defaultSpiffeId(trustDomain, namespace, name),
    serverName: defaultServerName(clusterDomain, namespace, name),
  }
  const open = {
    spiffeId: defaultSpiffeId(trustDomain, namespace, instanceName),
    serverName: defaultServerName(clusterDomain, namespace, instanceName),
  }
  const of = (key: keyof typeof known) => (identity[key] === known[key] ? open[key] : identity[key])
  return {
    ...machine,
    boot: { name: 'hostname', interface: undefined },
    identity: { spiffeId: of('spiffeId'), serverName: of('serverName') },
  }
}

/** In the order in which a machine writes what it finds. */
function withIpv4First(machine: ResolvedMachine): ResolvedMachine {
  const sort = (list: ResolvedMachine['addresses']) =>
    [...list].sort((a, b) => a.family.localeCompare(b.family))
  return { ...machine, addresses: sort(machine.addresses), localAddresses: sort(machine.localAddresses) }
}

/** Compares all files of the machine layer; returns how many there were. */
function compare(given: ResolvedConfig, typed: ResolvedMachine): number {
  const machine = withIpv4First(typed)
  const config = { ...given, mesh: { ...given.mesh, machineNetworks: [] } }
  const print = (one: ResolvedMachine) =>
    printFiles(createPlanner(config)(one)).filter(
      ({ layer, sensitive }) => layer === 'machine' && sensitive !== true, // a machine finds no secret
    )
  const literal = print(machine)
  const unfilled = print(asFound(config, machine))
  const address = (family: 'ipv4' | 'ipv6') =>
    machine.localAddresses.find((one) => one.family === family)?.text ?? ''
  const found = { name: machine.name, ipv4: address('ipv4'), ipv6: address('ipv6') }
  const filled = fillIn(['sh'], unfilled, found)
  assert.equal([...filled.keys()].sort(), pathsOf(literal))
  for (const { path, content } of literal) assert.is(filled.get(path), content, `${machine.name} ${path}`)
  const modes = (files: readonly MachineFile[]) =>
    files.map(({ path, mode }) => `${path.replace(/\.in$/, '')} ${mode}`)
  assert.equal(
    modes(unfilled).filter((line) => !line.includes('boot.env')),
    modes(literal),
  )
  return literal.length
}

function pathsOf(files: readonly MachineFile[]): string[] {
  return files.map(({ path }) => path).sort()
}

/** What a machine can find: an address, and no second one of its family. */
function canBeFound({ localAddresses: own }: ResolvedMachine): boolean {
  return own.length > 0 && new Set(own.map(({ family }) => family)).size === own.length
}

test('of every machine of the golden documents', () => {
  const cases = readdirSync('test/golden', { withFileTypes: true }).filter((entry) => entry.isDirectory())
  let files = 0
  for (const { name } of cases) {
    const checked = validate(readFileSync(`test/golden/${name}/input.yaml`, 'utf8'))
    if (!checked.ok) throw new Error(JSON.stringify(checked.diagnostics))
    const config = resolveDocument(checked.value.document)
    for (const machine of config.machines)
      if (machine.boot === undefined && canBeFound(machine)) files += compare(config, machine)
  }
  assert.ok(files > 20, `${files} files`)
})

const octet = fc.integer({ min: 1, max: 254 })
const addresses = fc.record({
  // Those of the probes are among them: what a machine has itself is not tried.
  ipv4: fc.oneof(
    fc.constantFrom('10.42.0.1', '10.43.0.1', '10.42.255.255', '192.0.2.1'),
    fc.tuple(octet, octet).map(([a, b]) => `10.42.${a}.${b}`),
    fc.tuple(octet, octet).map(([a, b]) => `203.0.${a}.${b}`),
  ),
  ipv6: fc.oneof(
    fc.constantFrom('fd00:42::1', 'fd00:42::ffff', '2001:db8::1'),
    octet.map((a) => `fd00:42::${a.toString(16)}`),
    octet.map((a) => `2001:db8:${a.toString(16)}::1`),
  ),
  families: fc.constantFrom('both', 'ipv4', 'ipv6'),
})
const settings = fc.record({
  name: fc.constantFrom('web', 'web-1.example.com', 'i-0123456789abcdef0'),
  backend: fc.constantFrom('iptables', 'nftables'),
  inbound: fc.record({
    scope: fc.constantFrom('declared', 'all'),
    exemptPorts: fc.constantFrom([], [9100, '4567-4568']),
    exemptNetworks: fc.constantFrom([], ['192.0.2.0/24', '2001:db8:1::/64']),
  }),
  outbound: fc.record({
    scope: fc.constantFrom('cluster', 'all'),
    exemptUsers: fc.constantFrom([], ['www-data', 1000]),
    onlyUsers: fc.constantFrom([], ['app', 999]),
  }),
  ports: fc.constantFrom(
    [],
    [{ name: 'http', port: 80 }],
    [
      { name: 'http', port: 80 },
      { name: 'mysql', port: 3306, opaque: true },
    ],
  ),
})

test('of any machine', () => {
  const property = fc.property(addresses, settings, ({ ipv4, ipv6, families }, choice) => {
    const { name, backend, inbound, outbound, ports } = choice
    const document = minimalWith((one) => {
      one.mesh.clusterNetworks = ['10.42.0.0/16', '10.43.0.0/16', 'fd00:42::/112']
      Object.assign(one, { redirect: { backend, ipv6: true, inbound, outbound } })
      const own = [families === 'ipv6' ? [] : [ipv4], families === 'ipv4' ? [] : [ipv6]].flat()
      Object.assign(firstMachine(one), { name, ports, addresses: own })
    }) as MeshjoinDocument
    const resolved = resolve(document)
    const [machine] = resolved.value?.machines ?? []
    if (!resolved.ok || machine === undefined) throw new Error(JSON.stringify(resolved.diagnostics))
    compare(resolved.value, machine)
  })
  fc.assert(property, { seed, numRuns: 30 })
})

test('what is to be found, and the form that it must have', () => {
  const instances = (change: object) =>
    planOf(
      minimalWith((document) => {
        document.mesh.machineNetworks = ['10.20.0.0/16']
        document.groups = {
          web: { instances: { name: 'instance-id' }, namespace: 'shop', ports: [{ name: 'http', port: 80 }] },
        }
        Object.assign(document.groups.web ?? {}, change)
      }),
    ).find(({ name }) => name === 'web')
  const plan = instances({})
  assert.equal(plan?.boot, {
    name: 'instance-id',
    interface: undefined,
    nameLength: 253 - 'spiffe://root.linkerd.cluster.local/shop/'.length,
    routesTo: ['10.42.0.1'],
  })
  assert.is(plan?.spiffeId, 'spiffe://root.linkerd.cluster.local/shop/{name}')
  assert.is(plan?.parentId, 'spiffe://root.linkerd.cluster.local/meshjoin/node/{name}')
  assert.equal(plan?.addresses, [])
  const shared = instances({
    identity: {
      spiffeId: 'spiffe://root.linkerd.cluster.local/shop/web',
      serverName: 'web.shop.cluster.local',
    },
  })
  assert.is(shared?.boot?.nameLength, 253)
  assert.is(shared?.spiffeId, 'spiffe://root.linkerd.cluster.local/shop/web')
})

test('the way to a gateway of the document counts, and IPv6 only where the machine has rules for it', () => {
  const routesTo = (change: (document: Parameters<Parameters<typeof minimalWith>[0] & object>[0]) => void) =>
    planOf(
      minimalWith((document) => {
        document.mesh.clusterNetworks = ['fd00:42::/56', '10.42.0.0/16']
        document.mesh.machineNetworks = ['10.20.0.0/16']
        firstMachine(document).addresses = { from: 'boot' }
        change(document)
      }),
    )[0]?.boot?.routesTo
  assert.equal(
    routesTo(() => {}),
    ['10.42.0.1', 'fd00:42::1'],
  )
  assert.equal(
    routesTo((document) => {
      document.mesh.routes = [{ to: '10.42.0.0/16', via: '10.20.0.1' }]
    }),
    ['10.20.0.1', 'fd00:42::1'],
  )
  assert.equal(
    routesTo((document) => {
      document.redirect = { ipv6: false }
    }),
    ['10.42.0.1'],
  )
})

test.run()
