import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { printEnvironment } from '../../../lib/files/environment.ts'
import { type MachineFile, printFiles } from '../../../lib/files/machine-files.ts'
import { printMachineData } from '../../../lib/files/mesh-machine-data.ts'
import { literalNotation } from '../../../lib/plan/value.ts'
import { readAssignments, readUnit } from '../../property/readers.ts'
import { type EditableDocument, firstMachine, firstPlan, minimalWith, planOf } from '../plan/document.ts'

const test = suite('files of a machine')

const units = '/etc/systemd/system'

function filesOf(change?: (document: EditableDocument) => void): MachineFile[] {
  return printFiles(firstPlan(minimalWith(change)))
}

function contentOf(files: readonly MachineFile[], path: string): string {
  const file = files.find((other) => other.path === path)
  if (file === undefined) throw new Error(`there is no ${path}`)
  return file.content
}

test('minimal has these, sorted, each in its layer', () => {
  const listed = filesOf().map(({ path, mode, layer }) => `${mode.toString(8)} ${layer} ${path}`)
  for (const expected of [
    '600 machine /etc/linkerd/machine.env',
    '600 mesh /etc/linkerd/mesh.env',
    '644 machine /etc/linkerd/redirect.v4',
    '644 mesh /etc/linkerd/mesh-machine.conf',
    '644 mesh /etc/linkerd/trust-anchors.pem',
    '644 mesh /etc/spire/agent.json',
    '644 mesh /etc/spire/bundle.pem',
    '644 mesh /etc/linkerd/resolved.conf',
    '644 mesh /etc/systemd/network/00-linkerd-dns.network',
    `644 mesh ${units}/linkerd-dns-link.service`,
    `644 mesh ${units}/linkerd-dns.service`,
    `644 mesh ${units}/linkerd-mesh.target`,
    `644 mesh ${units}/linkerd-proxy.service`,
    `644 mesh ${units}/linkerd-redirect-early.service`,
    `644 mesh ${units}/linkerd-redirect.service`,
    `644 mesh ${units}/mesh-machine-join.timer`,
    `644 mesh ${units}/spire-agent.service`,
    '644 mesh /etc/sysusers.d/linkerd-mesh.conf',
    '755 mesh /usr/local/sbin/mesh-machine',
    '755 mesh /usr/local/sbin/mesh-machine-certificate',
    '755 mesh /usr/local/sbin/mesh-machine-check',
    '755 mesh /usr/local/sbin/mesh-machine-doctor',
    '755 mesh /usr/local/sbin/mesh-machine-drain',
    '755 mesh /usr/local/sbin/mesh-machine-upgrade',
  ])
    assert.ok(listed.includes(expected), expected)
  const paths = filesOf().map(({ path }) => path)
  assert.equal(paths, [...new Set(paths)].sort())
})

test('the machine layer is all that differs between two machines of a document', () => {
  const plans = planOf(
    minimalWith((document) => {
      const machine = firstMachine(document)
      const ports = [{ name: 'grpc', port: 9000 }]
      document.machines = [machine, { ...machine, name: 'other', addresses: ['203.0.113.99'], ports }]
    }),
  )
  const [one, two] = plans.map(printFiles)
  const differ = one?.filter(
    ({ path, content }) => two?.find((file) => file.path === path)?.content !== content,
  )
  assert.equal(
    differ?.map(({ path, layer }) => `${layer} ${path}`),
    [
      'machine /etc/linkerd/machine.env',
      'machine /etc/linkerd/redirect.probes',
      'machine /etc/linkerd/redirect.v4',
    ],
  )
})

test('IPv6 rules, the resolver and the early redirect are there where they are needed', () => {
  const has = (path: string, change?: (document: EditableDocument) => void) =>
    filesOf(change).some((file) => file.path === path)
  const sixth = (document: EditableDocument) => {
    document.mesh.clusterNetworks.push('fd00:10:42::/56')
  }
  assert.not.ok(has('/etc/linkerd/redirect.v6'))
  assert.ok(has('/etc/linkerd/redirect.v6', sixth))
  const open = (document: EditableDocument) => {
    document.redirect = { onProxyFailure: 'open' }
  }
  assert.ok(has(`${units}/linkerd-redirect-early.service`))
  assert.not.ok(has(`${units}/linkerd-redirect-early.service`, open))
  const none = (document: EditableDocument) => {
    document.mesh.dns = { provider: 'none' }
    document.mesh.controlPlane = { destination: '10.43.7.1:8086', policy: '10.43.7.2:8090' }
  }
  for (const path of [
    '/etc/linkerd/resolved.conf',
    '/etc/systemd/network/00-linkerd-dns.network',
    `${units}/linkerd-dns.service`,
    `${units}/linkerd-dns-link.service`,
  ]) {
    assert.ok(has(path), path)
    assert.not.ok(has(path, none), path)
  }
})

test('users and binaries in the units are those of the document', () => {
  const files = filesOf((document) => {
    document.proxy.user = { name: 'px', uid: 3000 }
    document.proxy.install = { from: 'preinstalled', path: '/usr/lib/proxy' }
    document.spire.agent.user = { name: 'ag', uid: 3001 }
    document.spire.agent.install = { from: 'preinstalled', path: '/usr/lib/agent' }
  })
  const proxy = readUnit(contentOf(files, `${units}/linkerd-proxy.service`))
  const agent = readUnit(contentOf(files, `${units}/spire-agent.service`))
  assert.equal(proxy.get('Service.User'), ['px'])
  assert.equal(agent.get('Service.User'), ['ag'])
  assert.match(proxy.get('Service.ExecStart')?.join() ?? '', '/usr/lib/proxy')
  assert.match(agent.get('Service.ExecStart')?.join() ?? '', '/usr/lib/agent')
  const sysusers = contentOf(files, '/etc/sysusers.d/linkerd-mesh.conf')
  assert.match(sysusers, /^u!?\s+px\s+3000\b/m)
  assert.match(sysusers, /^u!?\s+ag\s+3001\b/m)
})

/** The grace period of the document, and the seconds after which systemd may kill. */
const grace = [
  ['500ms', '11'],
  ['45s', '55'],
  ['2m', '130'],
  ['1h', '3610'],
  ['1d', '86410'],
] as const

for (const [given, seconds] of grace) {
  test(`a grace period of ${given} gives systemd ${seconds} seconds`, () => {
    const files = filesOf((document) => {
      document.proxy.shutdownGracePeriod = given
    })
    const unit = readUnit(contentOf(files, `${units}/linkerd-proxy.service`))
    assert.equal(unit.get('Service.TimeoutStopSec'), [seconds])
  })
}

/** Where the admin server listens, and where the machine asks it. */
const admin = [
  ['127.0.0.1:4191', 'http://127.0.0.1:4191'],
  ['0.0.0.0:9191', 'http://127.0.0.1:9191'],
  ['[::1]:4191', 'http://[::1]:4191'],
  ['[::]:4191', 'http://[::1]:4191'],
  ['192.0.2.7:4191', 'http://192.0.2.7:4191'],
  ['[2001:db8::7]:4191', 'http://[2001:db8::7]:4191'],
] as const

for (const [address, url] of admin) {
  test(`an admin server on ${address} is asked at ${url}`, () => {
    const plan = firstPlan(
      minimalWith((document) => {
        document.proxy.adminAddress = address
      }),
    )
    assert.is(readAssignments(printMachineData(plan.mesh)).get('ADMIN_URL'), url)
  })
}

test('a setting takes the place of a value that has no field, once', () => {
  const name = 'LINKERD2_PROXY_OUTBOUND_CONNECT_TIMEOUT'
  const { environment } = firstPlan(
    minimalWith((document) => {
      document.proxy.settings = { [name]: '5s' }
    }),
  ).mesh
  const lines = printEnvironment([], environment, literalNotation).split('\n')
  assert.equal(
    lines.filter((line) => line.startsWith(`${name}=`)),
    [`${name}='5s'`],
  )
})

test.run()
