import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate } from '../../../lib/index.ts'
import { runCommand } from '../support/root.ts'
import { startControlPlane } from './control-plane.ts'
import { serveStatus } from './crds.ts'
import { readyOf } from './probed.ts'

/** The README at the top of the output, command by command, with a real API server. Pods and machines have tests of their own. */
const test = suite('the README of the output, in the cluster')
const [namespace, name] = ['mixed-env', 'external-workload']
const first = readFileSync('examples/walkthrough.yaml', 'utf8')
const newer = first
  .replace('linkerdVersion: edge-24.2.4', 'linkerdVersion: edge-26.8.3')
  .replace('version: v2.221.0', 'version: v2.366.0')

const plane = await startControlPlane()
test.after(() => plane.stop())

/** What no kubelet is there for, and what is run elsewhere than in the cluster. */
const elsewhere = /^(kubectl .*(run|wait|exec|delete pod) .*first-request|mesh-machine status|curl )/

/** Its commands, those of the way in and those of the way out. */
function readCommands(readme: string): { readonly wayIn: string[]; readonly wayOut: string[] } {
  const [wayIn = '', wayOut = ''] = readme.split('## Back out')
  const commands = (page: string) =>
    [...page.matchAll(/^ *```sh\n(.*?)^ *```$/gms)]
      .flatMap(([, block = '']) => block.replaceAll(/\\\n */g, '').split('\n'))
      .map((line) => line.trim())
      .filter((line) => line !== '' && !elsewhere.test(line))
  return { wayIn: commands(wayIn), wayOut: commands(wayOut) }
}

function placeOutput(title: string, document: string): string {
  const made = generate(document)
  assert.ok(made.ok, JSON.stringify(made.diagnostics))
  const folder = join(plane.folder, title)
  for (const { path, content, mode } of made.value ?? []) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content, { mode })
  }
  return folder
}

async function follow(folder: string, commands: readonly string[]): Promise<string> {
  let said = ''
  for (const command of commands) {
    const { status, stdout, stderr } = await runCommand(
      'sh',
      ['-c', `cd '${folder}' && ${command}`],
      '',
      plane.environment,
    )
    assert.is(status, 0, `${command}\n${stderr}`)
    said += stdout
  }
  return said
}

const statusOf = async () => (await readyOf(plane, namespace, name))?.status

test('a machine of the newest Linkerd is told of, ready, drained and gone', async () => {
  assert.is.not(newer, first)
  const folder = placeOutput('newer', newer)
  const { wayIn, wayOut } = readCommands(readFileSync(join(folder, 'README.md'), 'utf8'))
  assert.equal(
    wayIn.map((command) => command.split(' ').slice(0, 2).join(' ')),
    ['kubectl apply', 'kubectl --namespace', 'kubectl --namespace', 'sh kubernetes/ready-once.sh'],
  )
  assert.is(wayOut.length, 2)
  const said = await follow(folder, wayIn.slice(0, -1))
  assert.match(said, `externalworkload.workload.linkerd.io/${name} created`)
  assert.is(await statusOf(), undefined)
  await follow(folder, wayIn.slice(-1))
  assert.is(await statusOf(), 'True')
  assert.match(await follow(folder, wayIn.slice(0, 1)), `${name} unchanged`)
  await follow(folder, wayOut.slice(0, 1))
  assert.is(await statusOf(), 'False')
  await follow(folder, wayOut.slice(1))
  const { body } = await plane.ask(
    `/apis/workload.linkerd.io/v1beta1/namespaces/${namespace}/externalworkloads`,
  )
  assert.equal((JSON.parse(body) as { items: unknown[] }).items, [])
  assert.is((await plane.ask(`/api/v1/namespaces/${namespace}`)).status, 200)
})

test('one of the first Linkerd is ready by its object alone', async () => {
  await serveStatus(plane, false)
  const folder = placeOutput('first', first)
  const { wayIn, wayOut } = readCommands(readFileSync(join(folder, 'README.md'), 'utf8'))
  await follow(folder, wayIn)
  assert.is(await statusOf(), 'True')
  await follow(folder, wayOut.slice(0, 1))
  assert.is(await statusOf(), 'False')
  await follow(folder, wayOut.slice(1))
  assert.is((await plane.ask(`/api/v1/namespaces/${namespace}`)).status, 200)
})

test.run()
