import { load, loadAll } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { validate } from '../../../../lib/index.ts'
import { base } from '../../diagnostics/base.ts'
import { minimalWith } from '../../plan/document.ts'
import { made } from '../output.ts'

const test = suite('target kubernetes')

function files(input: string | object): Map<string, string> {
  const artifacts = made(input, { targets: ['kubernetes'] })
  return new Map(artifacts.map(({ path, content }) => [path.replace('kubernetes/', ''), String(content)]))
}

test('the kustomization has every file of objects, and what is in a Namespace comes after it', () => {
  const out = files(
    `${base}    labels: {app: web}\nservices: [{name: web, namespace: shop, selector: {app: web}, ports: [{name: http, port: 80}]}]\n`.replace(
      'cloudInit: {platform: nocloud}\n',
      '',
    ),
  )
  const { resources } = load(out.get('kustomization.yaml') ?? '') as { resources: string[] }
  assert.equal(resources, ['namespaces.yaml', 'external-workloads.yaml', 'services.yaml'])
  const objects = [...out.keys()].filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml')
  assert.equal(objects.sort(), [...resources].sort())
})

test('a comment above each object says where in the text it comes from; of a plain object there are no lines', () => {
  const line = base.split('\n').findIndex((text) => text.includes('- name: legacy-app')) + 1
  assert.ok(line > 1)
  const { value, text } = { value: minimalWith(), text: files(base).get('external-workloads.yaml') ?? '' }
  assert.match(text, `---\n# machines[0], line ${line}\napiVersion: workload.linkerd.io/v1beta1\n`)
  assert.match(files(value).get('external-workloads.yaml') ?? '', '---\n# machines[0]\napiVersion')
})

test('clients have no objects, and a folder without any says so', () => {
  const document = minimalWith((minimal) => {
    for (const machine of minimal.machines) machine.role = 'client'
  })
  const out = files(document)
  assert.equal([...out.keys()], ['.gitattributes', 'README.md'])
  assert.match(out.get('README.md') ?? '', 'there is nothing to apply')
})

test('each Namespace is there once', () => {
  const document = minimalWith((minimal) => {
    const [machine] = minimal.machines
    if (machine === undefined) return
    minimal.machines.push({ ...machine, name: 'other', addresses: ['203.0.113.43'] })
    minimal.machines.push({ ...machine, name: 'third', namespace: 'a', addresses: ['203.0.113.44'] })
  })
  const namespaces = loadAll(files(document).get('namespaces.yaml') ?? '') as { metadata: { name: string } }[]
  assert.equal(
    namespaces.map(({ metadata }) => metadata.name),
    ['a', 'mixed-env'],
  )
})

interface Workload {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
  readonly status?: { readonly conditions: readonly { readonly type: string; readonly status: string }[] }
}

test('a drained machine says so where it is looked for: as an annotation, up to 2.15 in the status', () => {
  const drained = (version: string) => {
    const document = minimalWith((minimal) => {
      minimal.mesh.linkerdVersion = version
      const [machine] = minimal.machines
      if (machine !== undefined) machine.drain = true
    })
    const codes = validate(document).diagnostics.map(({ code }) => code)
    const out = files(document)
    return {
      byHand: codes.includes('drain-by-hand'),
      ...(load(out.get('external-workloads.yaml') ?? '') as Workload),
      program: out.get('drain.sh') ?? '',
    }
  }
  const now = drained('edge-26.9.1')
  assert.is(now.metadata.annotations?.['meshjoin.dev/drain'], 'true')
  assert.is(now.status, undefined)
  assert.ok(now.byHand)
  assert.match(now.program, ' --subresource=status ')
  const then = drained('2.15')
  assert.equal(then.status, { conditions: [{ type: 'Ready', status: 'False' }] })
  assert.not.ok(then.byHand)
  assert.not.match(then.program, 'subresource')
})

test.run()
