import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startControlPlane } from './control-plane.ts'

/** Of objects written by hand; how those that we make fare is asked in other files. */
const test = suite('a real API server with the custom resources of Linkerd')
const plane = await startControlPlane()

const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'mixed-env' } }
const workload = {
  apiVersion: 'workload.linkerd.io/v1beta1',
  kind: 'ExternalWorkload',
  metadata: { name: 'legacy-app', namespace: 'mixed-env' },
  spec: {
    meshTLS: {
      identity: 'spiffe://example.org/legacy-app',
      serverName: 'legacy-app.mixed-env.cluster.local',
    },
    workloadIPs: [{ ip: '192.0.2.10' }],
    ports: [{ name: 'http', port: 80 }],
  },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
}
const path = '/apis/workload.linkerd.io/v1beta1/namespaces/mixed-env/externalworkloads/legacy-app'

test.after(() => plane.stop())

async function apply(...objects: readonly object[]) {
  const input = objects.map((object) => `${JSON.stringify(object)}\n`).join('---\n')
  return plane.kubectl(['apply', '-f', '-'], input)
}

async function readyOf(): Promise<unknown> {
  const { status } = JSON.parse((await plane.ask(path)).body) as {
    status?: { conditions: readonly { status: string }[] }
  }
  return status?.conditions[0]?.status
}

test('an applied status is dropped, a patched one stays when the manifest is applied again', async () => {
  const first = await apply(namespace, workload)
  assert.is(first.status, 0, first.stderr)
  assert.is(await readyOf(), undefined)
  const body = { status: workload.status }
  const patch = { method: 'PATCH', type: 'application/merge-patch+json', body }
  assert.is((await plane.ask(`${path}/status`, patch)).status, 200)
  assert.is(await readyOf(), 'True')
  const { status: _, ...withoutStatus } = workload
  for (const manifest of [workload, withoutStatus, withoutStatus]) {
    const again = await apply(namespace, manifest)
    assert.is(again.status, 0, again.stderr)
    assert.is(await readyOf(), 'True')
  }
})

test('an unknown field and a value out of place are refused', async () => {
  const unknown = await apply({ ...workload, spec: { ...workload.spec, hostname: 'app' } })
  assert.match(unknown.stderr, /unknown field "spec.hostname"/)
  const wrong = await apply({ ...workload, spec: { ...workload.spec, ports: [{ port: 70000 }] } })
  assert.match(wrong.stderr, /spec.ports\[0\].port/)
})

test('a token that nobody has is refused, and one of a service account is allowed nothing', async () => {
  assert.is((await plane.ask(path, {}, 'nobody')).status, 401)
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'some', namespace: 'mixed-env' },
  }
  await apply(account)
  assert.is((await plane.ask(path, {}, await plane.tokenOf('mixed-env', 'some'))).status, 403)
})

test.run()
