import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Flow, flows } from '../../../lib/index.ts'
import { firstMachine, firstPlan, minimalWith, planOf } from './document.ts'

const test = suite('flows')

const clusters = '10.42.0.0/16,10.43.0.0/16'
const networks = `${clusters},203.0.113.42/32`

test('minimal: what goes out and what comes in, in order', () => {
  assert.equal(flows(firstPlan(minimalWith())).map(short), [
    `in ${clusters} > 203.0.113.42 4143/tcp`,
    `in ${clusters} > 203.0.113.42 80/tcp`,
    'out 203.0.113.42 > linkerd-dst-headless.linkerd.svc.cluster.local 8086/tcp',
    'out 203.0.113.42 > linkerd-policy.linkerd.svc.cluster.local 8090/tcp',
    `out 203.0.113.42 > ${networks} 4143/tcp`,
    `out 203.0.113.42 > ${networks} any/tcp`,
    'out 203.0.113.42 > spire.example.internal 8081/tcp',
    'out 203.0.113.42 > 10.43.0.10 53/udp',
    'out 203.0.113.42 > 10.43.0.10 53/tcp',
    'out 203.0.113.42 > github.com 443/tcp',
  ])
})

test('what else is proxied comes in too, at both ports', () => {
  const document = minimalWith((changed) => {
    changed.redirect = { inbound: { fromNetworks: ['198.51.100.0/24', '10.42.0.0/16'] } }
  })
  const incoming = flows(firstPlan(document)).filter(({ direction }) => direction === 'in')
  assert.equal(incoming.map(short), [
    `in ${clusters},198.51.100.0/24 > 203.0.113.42 4143/tcp`,
    `in ${clusters},198.51.100.0/24 > 203.0.113.42 80/tcp`,
  ])
})

test('what is exempt is let in as well, and bypassed', () => {
  const document = minimalWith((changed) => {
    changed.redirect = { inbound: { exemptNetworks: ['192.0.2.0/24'] } }
  })
  const exempt = flows(firstPlan(document)).filter(({ why }) => why.includes('exempt'))
  assert.equal(exempt.map(short), ['in 192.0.2.0/24 > 203.0.113.42 80/tcp'])
})

test('before 2.18 pods dial the port of the application, and machines that of pods', () => {
  const old = flows(
    firstPlan(
      minimalWith((document) => {
        document.mesh.linkerdVersion = '2.17'
        document.proxy.version = 'v2.268.0'
      }),
    ),
  )
  assert.ok(
    old.some(({ direction, port, why }) => direction === 'in' && port === 80 && !why.includes('outside')),
  )
  assert.not.ok(old.some(({ direction, port }) => direction === 'out' && port === 4143))
  const now = flows(firstPlan(minimalWith()))
  assert.ok(
    now.some(({ direction, port, why }) => direction === 'in' && port === 80 && why.includes('outside')),
  )
})

test('a client accepts nothing, and is called by its name where it has no address', () => {
  const client = flows(
    firstPlan(
      minimalWith((document) => {
        const machine = firstMachine(document)
        machine.role = 'client'
        delete machine.addresses
        delete machine.ports
      }),
    ),
  )
  assert.not.ok(client.some(({ direction }) => direction === 'in'))
  for (const { from } of client) assert.equal(from, ['legacy-app'])
})

test('an admin port that others reach is listed for monitoring', () => {
  const open = flows(
    firstPlan(
      minimalWith((document) => {
        document.proxy.adminAddress = '0.0.0.0:4191'
      }),
    ),
  )
  assert.equal(open.filter(({ port }) => port === 4191).map(short), ['in monitoring > 203.0.113.42 4191/tcp'])
  assert.not.ok(flows(firstPlan(minimalWith())).some(({ port }) => port === 4191))
})

test('the port of node_exporter is listed where machines tell it how they are', () => {
  const told = flows(
    firstPlan(
      minimalWith((document) => {
        document.monitoring = { textfileDirectory: '/srv/textfile', nodeExporterPort: 9101 }
      }),
    ),
  )
  assert.equal(told.filter(({ port }) => port === 9101).map(short), ['in monitoring > 203.0.113.42 9101/tcp'])
})

test('what the prober dials is listed, from where it dials', () => {
  const asked = flows(
    firstPlan(
      minimalWith((document) => {
        document.proxy.adminAddress = '0.0.0.0:4191'
        document.readiness = { image: 'node:22', fromNetworks: ['192.0.2.7', '198.51.100.0/24'] }
        firstMachine(document).healthCheck = { path: '/healthz', port: 80 }
      }),
    ),
  )
  assert.equal(
    asked.filter(({ why }) => why.startsWith('readiness')).map(short),
    [4191, 4143, 80].map((port) => `in 192.0.2.7/32,198.51.100.0/24 > 203.0.113.42 ${port}/tcp`),
  )
})

test('downloads go to the HTTP proxy or the mirror, each once; preinstalled programs need none', () => {
  const hosts = (change: Parameters<typeof minimalWith>[0]) =>
    flows(firstPlan(minimalWith(change)))
      .filter(({ why }) => why.startsWith('download'))
      .map(({ to, port }) => `${to.join()}:${port}`)
  assert.equal(
    hosts((document) => {
      document.proxy.install.url = 'https://mirror.example.com:8443/p-{arch}'
      if (document.spire.agent.install !== undefined)
        document.spire.agent.install.url = 'https://[2001:db8::5]/s-{arch}'
    }),
    ['mirror.example.com:8443', '2001:db8::5:443'],
  )
  assert.equal(
    hosts((document) => {
      document.proxy.install.httpProxy = 'http://proxy.example.com:3128'
      if (document.spire.agent.install !== undefined)
        document.spire.agent.install.httpProxy = 'http://proxy.example.com:3128'
    }),
    ['proxy.example.com:3128'],
  )
  assert.equal(
    hosts((document) => {
      document.proxy.install = { from: 'preinstalled', path: '/usr/bin/linkerd2-proxy' }
      document.spire.agent.install = { from: 'preinstalled', path: '/usr/bin/spire-agent' }
    }),
    [],
  )
})

test('the registry of an image, who it may send to, and the HTTP proxy that stands before both', () => {
  const dialled = (install: object) =>
    flows(
      firstPlan(
        minimalWith((document) => {
          document.proxy.install = {
            from: 'image',
            layer: { amd64: `sha256:${'ab'.repeat(32)}` },
            ...install,
          }
        }),
      ),
    )
      .filter(({ why }) => why.startsWith('layer'))
      .map(({ to, port, why }) => [`${to.join()}:${port}`, why.replace(/^[^;]*; /, '')])
  const others = 'a registry may send machines on to other hosts for tokens and blobs, port 443'
  assert.equal(dialled({}), [['cr.l5d.io:443', `${others}: today ghcr.io and where that has its blobs`]])
  assert.equal(dialled({ image: 'r.example:5000/a/b' }), [['r.example:5000', others]])
  assert.equal(dialled({ image: 'docker.io/a/b' }), [['registry-1.docker.io:443', others]])
  assert.equal(dialled({ httpProxy: 'http://p.example:3128' }), [
    ['p.example:3128', 'the forward proxy must reach what the registry sends to'],
  ])
})

test('an HTTP proxy without a port is dialled on the port of its scheme', () => {
  const found = flows(
    firstPlan(
      minimalWith((document) => {
        document.proxy.install.httpProxy = 'http://proxy.example.com'
      }),
    ),
  ).filter(({ to }) => to.includes('proxy.example.com'))
  assert.equal(
    found.map(({ port }) => port),
    [80],
  )
})

test('all machines of a fleet are peers', () => {
  const plans = planOf(
    minimalWith((document) => {
      const machine = firstMachine(document)
      document.machines = [machine, { ...machine, name: 'other', addresses: ['203.0.113.99'] }]
    }),
  )
  for (const plan of plans) {
    const peers = flows(plan).find(({ direction, port }) => direction === 'in' && port === 4143)?.from
    const others = ['203.0.113.42', '203.0.113.99'].filter(
      (address) => !flows(plan).some(({ direction, to }) => direction === 'in' && to.includes(address)),
    )
    assert.equal(
      peers?.filter((network) => network.startsWith('203.')),
      others.map((address) => `${address}/32`),
    )
  }
})

test.run()

function short({ direction, from, to, port, protocol }: Flow): string {
  return `${direction} ${from.join()} > ${to.join()} ${port}/${protocol}`
}
