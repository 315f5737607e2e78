import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { load, loadAll } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { resolve } from '../../../../lib/index.ts'
import { makeShards } from '../../../../lib/targets/kubernetes/probed.ts'
import { readSettings, type Settings } from '../../../../templates/kubernetes/prober/settings.ts'
import { type EditableDocument, minimalWith } from '../../plan/document.ts'
import { made } from '../output.ts'

const test = suite('the prober’s objects')

interface KubernetesObject {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly rules?: unknown
  readonly spec?: unknown
}

function readinessWith(change: (document: EditableDocument) => void = () => {}): EditableDocument {
  return minimalWith((document) => {
    document.proxy.adminAddress = '0.0.0.0:4191'
    document.readiness = { image: `node@sha256:${'a'.repeat(64)}` }
    change(document)
  })
}

function files(document: object): Map<string, string> {
  const artifacts = made(document, { targets: ['kubernetes'] })
  return new Map(artifacts.map(({ path, content }) => [path.replace('kubernetes/', ''), String(content)]))
}

function objectsOf(out: ReadonlyMap<string, string>): KubernetesObject[] {
  return loadAll(out.get('readiness.yaml') ?? '') as KubernetesObject[]
}

function manyMachines(number: number, namespace = 'mixed-env'): EditableDocument {
  return readinessWith((document) => {
    document.machines = Array.from({ length: number }, (_, index) => ({
      name: `machine-${index}`,
      namespace,
      addresses: [`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`],
      ports: [{ name: 'http', port: 80 }],
    }))
  })
}

/** Which machines each prober has. */
function shardsOf(document: object): string[][] {
  const config = resolve(document)
  if (!config.ok || config.value === undefined) throw new Error(JSON.stringify(config.diagnostics))
  return makeShards(config.value, config.value.machines).map(({ text }) =>
    (JSON.parse(text) as Settings).machines.map(({ name }) => name),
  )
}

test('its token is good for the status of its machines, and for nothing else', () => {
  const out = files(
    readinessWith((document) => {
      document.machines.push({
        name: 'web',
        namespace: 'web',
        addresses: ['203.0.113.43'],
        ports: [{ name: 'http', port: 80 }],
      })
      document.machines.push({ name: 'batch', namespace: 'web', role: 'client' })
    }),
  )
  const roles = objectsOf(out).filter(({ kind }) => kind === 'Role')
  assert.equal(
    roles.map(({ metadata, rules }) => [metadata.namespace, rules]),
    [
      ['mixed-env', 'legacy-app'],
      ['web', 'web'],
    ].map(([namespace, name]) => [
      namespace,
      [
        {
          apiGroups: ['workload.linkerd.io'],
          resources: ['externalworkloads/status'],
          resourceNames: [name],
          verbs: ['patch'],
        },
      ],
    ]),
  )
  assert.not.match(out.get('readiness.yaml') ?? '', /ClusterRole|kind: Secret/)
})

test('its pod has no right that it does not need', () => {
  const deployment = objectsOf(files(readinessWith())).find(({ kind }) => kind === 'Deployment')
  const text = JSON.stringify(deployment)
  for (const part of [
    '"runAsNonRoot":true',
    '"readOnlyRootFilesystem":true',
    '"allowPrivilegeEscalation":false',
    '"drop":["ALL"]',
    '"seccompProfile":{"type":"RuntimeDefault"}',
    '"linkerd.io/inject":"disabled"',
    '"replicas":1,"strategy":{"type":"Recreate"}',
  ])
    assert.ok(text.includes(part), part)
})

test('what it mounts is what the kustomization makes, in its Namespace', () => {
  const out = files(
    readinessWith((document) => {
      if (document.readiness !== undefined) document.readiness.namespace = 'operations'
    }),
  )
  const { configMapGenerator: maps } = load(out.get('kustomization.yaml') ?? '') as {
    configMapGenerator: { name: string; namespace: string; files: string[] }[]
  }
  const text = JSON.stringify(objectsOf(out).find(({ kind }) => kind === 'Deployment'))
  assert.equal(
    maps.map(({ name }) => name),
    ['meshjoin-prober', 'meshjoin-prober-machines-0'],
  )
  for (const { name, namespace, files: keys } of maps) {
    assert.is(namespace, 'operations')
    assert.ok(text.includes(`"configMap":{"name":"${name}"}`), name)
    for (const key of keys) assert.ok(text.includes(`/${key.replace('readiness/', '')}"`), key)
    for (const key of keys) assert.ok(out.has(key), key)
  }
  assert.match(out.get('namespaces.yaml') ?? '', 'name: operations')
})

test('the program reads what it is given: health checks, drained machines, and IPv4 first for an IPv4 admin server', () => {
  const out = files(
    readinessWith((document) => {
      const [machine] = document.machines
      if (machine === undefined) return
      machine.addresses = ['2001:db8::42', '203.0.113.42']
      machine.drain = true
      machine.healthCheck = { path: '/live', port: 80, scheme: 'HTTPS', timeout: '2s', interval: '1m' }
    }),
  )
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-readiness-'))
  writeFileSync(join(folder, 'machines.json'), out.get('readiness/machines-0.json') ?? '')
  const { machines, ...settings } = readSettings(join(folder, 'machines.json'))
  rmSync(folder, { recursive: true })
  assert.equal(machines, [
    {
      namespace: 'mixed-env',
      name: 'legacy-app',
      addresses: ['203.0.113.42', '2001:db8::42'],
      drain: true,
      healthCheck: { scheme: 'HTTPS', port: 80, path: '/live', timeoutSeconds: 2, intervalSeconds: 60 },
    },
  ])
  assert.equal(settings, {
    adminPort: 4191,
    inboundPort: 4143,
    periodSeconds: 10,
    timeoutSeconds: 3,
    successThreshold: 1,
    failureThreshold: 3,
    concurrency: 1000,
    refreshSeconds: 300,
    drainAnnotation: 'meshjoin.dev/drain',
  })
})

test('it may dial the machines’ ports and the API server, and nothing else', () => {
  const policy = objectsOf(files(readinessWith())).find(({ kind }) => kind === 'NetworkPolicy')
  const { egress } = (policy?.spec ?? {}) as { egress: { to?: unknown; ports: { port: number }[] }[] }
  assert.equal(egress[0]?.to, [{ ipBlock: { cidr: '203.0.113.42/32' } }])
  assert.equal(
    egress.map(({ ports }) => ports.map(({ port }) => port)),
    [
      [4143, 4191],
      [443, 6443],
    ],
  )
})

test('two thousand machines have one prober; more are shared out evenly, and most stay when one is added', () => {
  assert.is(shardsOf(manyMachines(2000)).length, 1)
  const three = shardsOf(manyMachines(5000))
  const four = shardsOf(manyMachines(6000))
  for (const shards of [three, four]) {
    const sizes = shards.map((names) => names.length)
    assert.ok(Math.max(...sizes) < 2000 && Math.min(...sizes) > 1000, sizes.join())
  }
  assert.is(three.length, 3)
  assert.is(four.length, 4)
  const moved = three.flatMap((names, index) => names.filter((name) => !four[index]?.includes(name)))
  assert.ok(moved.length > 800 && moved.length < 1700, `${moved.length} of 5000 moved`)
  // Of the old machines none goes anywhere but to the new prober.
  const fourth = new Set(four[3])
  assert.ok(moved.every((name) => fourth.has(name)))
})

test('what kubectl notes of a ConfigMap stays within what annotations may have', () => {
  const out = files(manyMachines(2000, `n${'a'.repeat(62)}`))
  for (const [path, text] of out)
    if (path.startsWith('readiness/')) assert.ok(JSON.stringify(text).length < 260_000, path)
})

test('each prober may patch its own machines alone', () => {
  const out = files(manyMachines(2500))
  const roles = objectsOf(out).filter(({ kind }) => kind === 'Role')
  assert.is(roles.length, 2)
  for (const [index, { rules }] of roles.entries()) {
    const [{ resourceNames = [] } = {}] = rules as { resourceNames?: string[] }[]
    const { machines } = JSON.parse(out.get(`readiness/machines-${index}.json`) ?? '') as Settings
    assert.equal(
      resourceNames,
      machines.map(({ name }) => name),
    )
  }
})

test('without readiness a program says by hand that machines are ready, but for those that are drained', () => {
  const out = files(
    minimalWith((document) => {
      const [machine] = document.machines
      if (machine !== undefined)
        document.machines.push({ ...machine, name: 'out', addresses: ['203.0.113.43'], drain: true })
    }),
  )
  const text = out.get('ready-once.sh') ?? ''
  assert.match(text, "set_ready 'mixed-env' 'legacy-app'\n")
  assert.not.match(text, "'out'")
  assert.match(text, 'nobody has asked the machine')
  assert.not.ok(out.has('readiness.yaml'))
  assert.not.ok(files(readinessWith()).has('ready-once.sh'))
})

test('where the status is part of the object nothing sets it', () => {
  const out = files(
    minimalWith((document) => {
      document.mesh.linkerdVersion = '2.15'
    }),
  )
  assert.not.ok(out.has('ready-once.sh'))
})

test.run()
