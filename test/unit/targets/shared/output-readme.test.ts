import { readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { targetNames } from '../../../../lib/targets/shared/target.ts'
import { minimalWith } from '../../plan/document.ts'
import { made } from '../output.ts'

const test = suite('the README of the output')
const golden = new URL('../../../golden/', import.meta.url)
const cases = readdirSync(golden, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
)

function readInput(name: string): string {
  return readFileSync(new URL(`${name}/input.yaml`, golden), 'utf8')
}

interface Output {
  readonly readme: string
  readonly paths: ReadonlySet<string>
}

/** The README, and every file and folder of the output. */
function look(document: string | object, targets?: readonly string[]): Output {
  const artifacts = made(document, targets && { targets })
  const paths = new Set(artifacts.map(({ path }) => path))
  for (const path of [...paths])
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) paths.add(folder)
  const found = artifacts.find(({ path }) => path === 'README.md')
  if (found === undefined) throw new Error('no README')
  return { readme: String(found.content), paths }
}

/** What the page names in the output: links, files of its folders in code, and what it runs there. */
function namedPaths(readme: string): string[] {
  const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path ?? '')
  const inFolders = [...readme.matchAll(/(?:^|[\s`])((?:[a-z-]+\/)[a-zA-Z0-9_./-]+)/gm)].map(
    ([, path]) => path ?? '',
  )
  return [
    ...links,
    ...inFolders.filter((path) => targetNames.some((target) => path.startsWith(`${target}/`))),
  ].map((path) => path.replace(/[./]$/, ''))
}

test('names nothing that is not in the output, whatever the document has', () => {
  let count = 0
  for (const name of cases) {
    const { readme, paths } = look(readInput(name))
    for (const path of namedPaths(readme)) {
      assert.ok(paths.has(path), `${name}: ${path}`)
      count += 1
    }
  }
  assert.ok(count > 10 * cases.length, String(count))
})

test('names nothing of a folder that was not asked for, and says which were not', () => {
  for (const target of targetNames) {
    const { readme, paths } = look(readInput('dual-stack-groups'), [target])
    for (const path of namedPaths(readme)) assert.ok(paths.has(path), `${target}: ${path}`)
    assert.match(readme, /Not made this time: /)
    for (const other of targetNames)
      if (other !== target) assert.not.match(readme, new RegExp(`\\]\\(${other}/`), `${target}: ${other}`)
  }
})

const withService = (edit: (document: Record<string, unknown>) => void = () => {}) =>
  minimalWith((document) => {
    const [machine] = document.machines
    Object.assign(machine ?? {}, { labels: { app: 'legacy' } })
    Object.assign(document, {
      services: [
        {
          name: 'legacy',
          namespace: 'mixed-env',
          selector: { app: 'legacy' },
          ports: [{ name: 'http', port: 8080, targetPort: 'http' }],
        },
      ],
    })
    edit(document as unknown as Record<string, unknown>)
  })

const policy = (allow: object, routes: object[] = [], protocol = 'HTTP/1') => ({
  policies: [
    {
      name: 'legacy-http',
      namespace: 'mixed-env',
      target: { machines: { app: 'legacy' }, port: 'http', protocol },
      allow,
      routes,
    },
  ],
})

test('asks the Service on its port, from a pod of the mesh', () => {
  const { readme } = look(withService())
  assert.match(
    readme,
    "curl --silent --show-error --include 'http://legacy.mixed-env.svc.cluster.local:8080/'",
  )
  assert.match(readme, "kubectl --namespace 'mixed-env' run first-request")
  assert.not.match(readme, '--overrides')
})

test('asks as whom the policy lets in, for what it lets in', () => {
  const routes = [{ path: '/.*', match: 'regex' }, { path: '/orders' }]
  const { readme } = look(
    withService((document) => {
      Object.assign(document, policy({ serviceAccounts: [{ name: 'web', namespace: 'frontend' }] }, routes))
    }),
  )
  assert.match(readme, "kubectl --namespace 'frontend' run first-request")
  assert.match(readme, `--overrides='{"spec":{"serviceAccountName":"web"}}'`)
  assert.match(readme, "cluster.local:8080/orders'")
})

test('asks from a machine where the policy lets in machines alone', () => {
  const { readme } = look(
    withService((document) => {
      Object.assign(document, policy({ machines: ['legacy-app'] }))
    }),
  )
  assert.match(readme, 'On `legacy-app`, which the policy `legacy-http` lets in')
  assert.not.match(readme, 'run first-request')
})

test('leaves the request to the reader where curl could not tell', () => {
  for (const document of [
    withService((document) => Object.assign(document, policy({ unauthenticated: true }, [], 'gRPC'))),
    withService((document) => Object.assign(document, policy({}))),
  ]) {
    const { readme } = look(document)
    assert.match(readme, 'with a client of your own that the policies let in')
    assert.not.match(readme, 'curl --silent')
  }
})

test('says that a Service is missing where none leads to the machine', () => {
  const { readme } = look(minimalWith(() => {}))
  assert.match(readme, 'No Service of the document selects the machine.')
})

test('takes the traffic away before anything else on the way out, and deletes no Namespace', () => {
  const { readme } = look(withService())
  const back = readme.slice(readme.indexOf('## Back out'))
  const order = ['kubernetes/drain.sh', 'mesh-machine leave', 'delete externalworkload', 'sh register'].map(
    (words) => back.indexOf(words),
  )
  assert.ok(
    order.every((at, index) => at > (order[index - 1] ?? 0)),
    String(order),
  )
  assert.match(back, /never use\s+`kubectl delete -k`/)
})

test('tells 2.15, whose objects are ready from the start, to apply them last', () => {
  const { readme } = look(readInput('first-release'))
  assert.match(readme, 'do\nthis step after the third')
  assert.not.match(readme, 'ready-once.sh')
})

test.run()
