import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { loadAll } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { minimalWith } from '../../plan/document.ts'
import { made } from '../output.ts'

const folder = mkdtempSync(join(tmpdir(), 'meshjoin-at-boot-'))
const test = suite('objects of machines that are known at boot')

test.after(() => rmSync(folder, { recursive: true, force: true }))

/** A machine and a group of instances that find addresses. An annotation has braces of its own. */
const document = minimalWith((minimal) => {
  minimal.mesh.machineNetworks = ['10.20.0.0/16']
  const ports = [{ name: 'http', port: 80 }]
  minimal.machines = [{ name: 'gateway', namespace: 'shop', addresses: { from: 'boot' }, ports }]
  const annotations = { identity: '{name} {address}' }
  minimal.groups = { web: { instances: { name: 'hostname' }, namespace: 'shop', ports, annotations } }
})

for (const { path, content } of made(document, { targets: ['kubernetes'] })) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), content)
}

interface Workload {
  readonly metadata: { readonly name: string; readonly annotations?: object }
  readonly spec: { readonly meshTLS: object; readonly workloadIPs: object }
}

function register(...args: string[]) {
  const { status, stdout } = spawnSync('sh', [join(folder, 'kubernetes/register.sh'), ...args], {
    encoding: 'utf8',
  })
  const [workload] = loadAll(stdout) as Workload[]
  return { status, workload }
}

test('what an instance has found is filled in, and what looks like it is left alone', () => {
  const { status, workload } = register('web', 'i-0abc', '10.20.0.7', 'fd00::7')
  assert.is(status, 0)
  assert.is(workload?.metadata.name, 'i-0abc')
  assert.equal(workload?.metadata.annotations, { identity: '{name} {address}' })
  assert.equal(workload?.spec.meshTLS, {
    identity: 'spiffe://root.linkerd.cluster.local/shop/i-0abc',
    serverName: 'i-0abc.shop.cluster.local',
  })
  assert.equal(workload?.spec.workloadIPs, [{ ip: '10.20.0.7' }, { ip: 'fd00::7' }])
})

test('a machine that the document names wants its address alone', () => {
  const { workload } = register('gateway', '10.20.0.8')
  assert.is(workload?.metadata.name, 'gateway')
  assert.equal(workload?.spec.workloadIPs, [{ ip: '10.20.0.8' }])
})

test('nothing is printed of what is no name, no address or no machine', () => {
  const wrong = [
    ['web', '10.20.0.7'],
    ['web', 'I-0ABC', '10.20.0.7'],
    ['web', 'a/b', '10.20.0.7'],
    ['web', 'a', '10.20.0.7"'],
    ['web', 'a', '1', '2', '3'],
    ['gateway', 'gateway', '10.20.0.8'],
    ['../external-workloads', '10.20.0.8'],
    ['other', '10.20.0.8'],
    ['web'],
  ]
  for (const args of wrong) {
    const { status, workload } = register(...args)
    assert.is.not(status, 0, args.join(' '))
    assert.is(workload, undefined, args.join(' '))
  }
})

test.run()
