import { join } from 'node:path'
import { load } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Artifact } from '../../../lib/index.ts'
import { type Document, readGroups, readMinimal, readNftables } from './documents.ts'
import { type Environment, newest, oldest } from './environments.ts'
import { assertSameFiles, describePlaced, type Files, filesOfMachines, type Placed } from './files.ts'
import { type Kind, withMachines } from './machines.ts'
import { generateAll, runTool, withScratch, writeProject } from './project.ts'

const test = suite('the role makes of variables what the document makes of machines')
const seed = Number(process.env.MESHJOIN_SEED ?? 20_262)

interface ShapeVars {
  readonly group: string
  readonly inside: string
  readonly files: readonly Placed[]
}

const openScope = { ...readMinimal(), redirect: { inbound: { scope: 'all' }, outbound: { scope: 'all' } } }
const shared = {
  ...readGroups(),
  mesh: {
    ...readGroups().mesh,
    clusterNetworks: ['10.42.0.0/15', '192.0.0.0/9', '2001:0:0:8000::/49', '10.7.128.0/17'],
  },
}
const documents: Readonly<Record<string, readonly [document: Document, kind: Kind]>> = {
  'a machine by itself': [readMinimal(), {}],
  'groups, both families, nftables': [readNftables(), { groups: ['web', 'batch'], ipv6: true }],
  'machines in networks of the cluster': [shared, { ipv6: true, inside: ['10.42', '10.43', '192.12'] }],
  'every port and every connection': [openScope, {}],
}

for (const [title, [document, kind]] of Object.entries(documents)) {
  for (const [environment, count] of [
    [newest, 250],
    [oldest, 25],
  ] as const)
    test(`${title}: ${count} machines, ansible-core ${environment.version}`, () =>
      withScratch((scratch) => compare(scratch, environment, withMachines(document, kind, count, seed))))
}

async function compare(scratch: string, environment: Environment, document: Document): Promise<void> {
  const artifacts = generateAll(document, ['ansible', 'systemd'])
  const folder = writeProject(scratch, artifacts)
  const program = join(import.meta.dirname, 'evaluate.py')
  const said = await runTool({ environment, folder, scratch, command: ['python', program, folder] })
  assert.is(said.stderr, '')
  assert.is(said.status, 0)
  const layers = readMeshLayers(artifacts)
  const made = new Map(
    said.stdout
      .trim()
      .split('\n')
      .map((line) => readLine(line, layers)),
  )
  const wanted = filesOfMachines(artifacts)
  assert.is(wanted.size, document.machines.length)
  assert.equal([...made.keys()].sort(), [...wanted.keys()].sort())
  for (const [name, files] of wanted)
    assertSameFiles(made.get(name) ?? new Map(), files, `${name} (seed ${seed})`)
}

/** A line of evaluate.py. */
interface Evaluated {
  readonly host: string
  readonly group: string
  readonly inside: string
  readonly files: readonly (Omit<Placed, 'src'> & { content: string })[]
}

/** What evaluate.py printed for a host, with what is copied for its shape. */
function readLine(line: string, layers: Map<string, Files>): [host: string, files: Files] {
  const { host, group, inside, files } = JSON.parse(line) as Evaluated
  const layer = layers.get(`${group}: ${inside}`)
  assert.ok(layer, `${host}: there is no shape ${group}: ${inside}`)
  const rendered = files.map((file) => describePlaced(file, file.content))
  return [host, new Map([...layer, ...rendered])]
}

/** What vars/main.yml says that is copied, by shape. */
function readMeshLayers(artifacts: readonly Artifact[]): Map<string, Files> {
  const role = new Map(
    artifacts.map(({ path, content }) => [path.replace('ansible/roles/linkerd_machine/', ''), content]),
  )
  const { __linkerd_machine_shapes: shapes } = load(String(role.get('vars/main.yml'))) as {
    __linkerd_machine_shapes: ShapeVars[]
  }
  return new Map(
    shapes.map(({ group, inside, files }) => [
      `${group}: ${inside}`,
      new Map(files.map((file) => describePlaced(file, String(role.get(`files/${file.src}`))))),
    ]),
  )
}

test.run()
