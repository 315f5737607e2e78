import { join } from 'node:path'
import { loadAll } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startControlPlane } from './kubernetes/control-plane.ts'
import { serveStatus } from './kubernetes/crds.ts'
import { type Manifests, nameOf, objectsOf, placeManifests, readManifests } from './kubernetes/manifests.ts'
import { readyOf } from './kubernetes/probed.ts'
import { type ApiObject, judgeFor } from './kubernetes/schemas.ts'
import { runCommand } from './support/root.ts'

const test = suite('a real API server takes the manifests')
const all = readManifests()
const plane = await startControlPlane()

test.after(() => plane.stop())

/** What kubectl said, where it should have nothing to complain about. */
async function kubectl(words: readonly string[], input?: string): Promise<string> {
  const { status, stdout, stderr } = await plane.kubectl(words, input)
  assert.is(`${status} ${stderr}`, '0 ', words.join(' '))
  return stdout
}

/** Applies the folder, looks at what is there, and takes it away again. */
async function withApplied(
  manifests: Manifests,
  look: (folder: string, objects: readonly ApiObject[]) => Promise<void>,
): Promise<void> {
  const folder = placeManifests(manifests, plane.folder)
  const objects = loadAll(await kubectl(['kustomize', folder])) as ApiObject[]
  // The closed schemas allow it for 2.15 alone, whose custom resource has no subresource for it.
  const isInline = objects.some(({ status }) => status !== undefined)
  if (isInline) await serveStatus(plane, false)
  try {
    await kubectl(['apply', '-k', folder])
    await look(folder, objects)
  } finally {
    await remove(objects)
    if (isInline) await serveStatus(plane, true)
  }
}

/** Nobody is there who would end a namespace that is to go. */
async function remove(objects: readonly ApiObject[]): Promise<void> {
  const input = objects.map((object) => JSON.stringify(object)).join('\n---\n')
  await kubectl(['delete', '-f', '-', '--wait=false', '--ignore-not-found'], input)
  for (const { kind, apiVersion, metadata } of objects) {
    if (kind !== 'Namespace') continue
    const body = { apiVersion, kind, metadata: { name: metadata.name }, spec: { finalizers: [] } }
    await plane.ask(`/api/v1/namespaces/${metadata.name}/finalize`, { method: 'PUT', body })
    await kubectl(['wait', '--for=delete', '--timeout=30s', `namespace/${metadata.name}`])
  }
}

test('the documents have something for the cluster', () => {
  const titles = all.map(({ title }) => title)
  for (const title of ['minimal', 'walkthrough', 'fleet', 'golden/first-release'])
    assert.ok(titles.includes(title), title)
})

const seen = new Set<string>()
for (const manifests of all) {
  const { title, linkerdVersion } = manifests

  test(`${title}: its objects fit the closed schemas of Linkerd ${linkerdVersion}`, () => {
    const judge = judgeFor(linkerdVersion)
    for (const object of objectsOf(manifests)) assert.is(judge(object), undefined, nameOf(object))
  })

  // Many documents differ in what the cluster does not see.
  const text = JSON.stringify(objectsOf(manifests))
  if (seen.has(text)) continue
  seen.add(text)

  test(`${title}: kustomize builds it, and it is applied, twice, by the client and by the server`, async () => {
    await withApplied(manifests, async (folder, objects) => {
      assert.ok(objects.length >= objectsOf(manifests).length)
      const names = objects.map(nameOf)
      assert.is(new Set(names).size, names.length, names.join('\n'))
      const again = await kubectl(['apply', '-k', folder])
      assert.equal(
        again
          .trimEnd()
          .split('\n')
          .filter((line) => !line.endsWith(' unchanged')),
        [],
      )
      // Whoever applies on the server from now on has no conflict: nothing of ours is left to a default.
      const served = await kubectl(['apply', '-k', folder, '--server-side'])
      assert.is(served.trimEnd().split('\n').length, objects.length)
    })
  })
}

function find(title: string): Manifests {
  const found = all.find((one) => one.title === title)
  assert.ok(found, title)
  return found as Manifests
}

/** Runs a script of the folder as an operator does. */
async function run(folder: string, script: string, ...words: readonly string[]) {
  return runCommand('sh', [join(folder, script), ...words], '', plane.environment)
}

test('applied again, the objects keep the status that was patched meanwhile', async () => {
  await withApplied(find('minimal'), async (folder) => {
    const name = ['externalworkload/legacy-app', '-n', 'mixed-env']
    const patch = JSON.stringify({
      status: { conditions: [{ type: 'Ready', status: 'True', reason: 'Probed' }] },
    })
    await kubectl(['patch', ...name, '--subresource=status', '--type=merge', '-p', patch])
    const read = () => kubectl(['get', ...name, '-o', 'jsonpath={.status}'])
    const before = await read()
    assert.match(before, /"reason":"Probed"/)
    for (const how of [[], ['--server-side'], []]) {
      await kubectl(['apply', '-k', folder, ...how])
      assert.is(await read(), before)
    }
  })
})

test('ready-once.sh makes machines ready, all or one, and drain.sh takes them out', async () => {
  await withApplied(find('minimal'), async (folder) => {
    const ready = () => readyOf(plane, 'mixed-env', 'legacy-app')
    assert.is(await ready(), undefined)
    for (const words of [[], ['mixed-env', 'legacy-app']]) {
      assert.is((await run(folder, 'ready-once.sh', ...words)).status, 0)
      assert.is((await ready())?.status, 'True')
      assert.is((await run(folder, 'drain.sh', 'mixed-env', 'legacy-app')).status, 0)
      assert.is((await ready())?.status, 'False')
    }
    const unknown = await run(folder, 'ready-once.sh', 'mixed-env', 'nobody')
    assert.is(unknown.status, 1)
    assert.match(unknown.stderr, /"nobody" not found/)
    const back = await run(folder, 'drain.sh', '--back', 'mixed-env', 'legacy-app')
    assert.match(back.stderr, /^Still NotReady/)
    assert.is((await ready())?.status, 'False')
  })
})

test('on 2.15 a machine is ready by its manifest, drain.sh takes it out, and the manifest lets it in again', async () => {
  const earliest = find('earliest')
  await withApplied(earliest, async (folder) => {
    const [workload] = objectsOf(earliest).filter(({ kind }) => kind === 'ExternalWorkload')
    const { name, namespace = '' } = workload?.metadata ?? { name: '' }
    assert.is((await readyOf(plane, namespace, name))?.status, 'True')
    const { status, stderr } = await run(folder, 'drain.sh', namespace, name)
    assert.is(status, 0, stderr)
    assert.is((await readyOf(plane, namespace, name))?.status, 'False')
    await kubectl(['apply', '-k', folder])
    assert.is((await readyOf(plane, namespace, name))?.status, 'True')
  })
})

test.run()
