/** What is kept for a rollback, and what leaving removes, is what the targets place: a file that is new there is known here. */
import { readdirSync, readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate } from '../../../lib/index.ts'
import { runParts } from './shell.ts'

const test = suite('the files that the program knows as its own')

/** A colocated SPIRE server is not rolled back, and mesh-machine-server takes it away: elsewhere files of these names are others'. */
const ofServer = [
  '/etc/spire/entries.json',
  '/etc/spire/server.json',
  '/etc/systemd/system/spire-server.service',
]

/** Files of each machine of the golden cases, as the target systemd places them. */
function readMachines(): Map<string, Set<string>> {
  const machines = new Map<string, Set<string>>()
  const cases = readdirSync('test/golden', { withFileTypes: true }).filter((entry) => entry.isDirectory())
  for (const { name } of cases) {
    const made = generate(readFileSync(`test/golden/${name}/input.yaml`, 'utf8'), { targets: ['systemd'] })
    for (const { path } of made.value ?? []) {
      const [, machine = '', file] = /^systemd\/([^/]+)(\/(?:etc|usr)\/.*)$/.exec(path) ?? []
      if (file === undefined || ofServer.includes(file)) continue
      const title = `${name}: ${machine}`
      machines.set(title, (machines.get(title) ?? new Set()).add(file))
    }
  }
  return machines
}

/** What the program finds below a folder that holds these files. */
function findOwn(files: readonly string[]): string[] {
  const settings = 'etc=/etc/linkerd units=/etc/systemd/system sysctl=/etc/sysctl.d/00-linkerd-mesh.conf'
  const script = `while read -r file; do mkdir -p ".\${file%/*}"; : >".\${file}"; done; ${settings}; our_files "\${PWD}" | sed "s|^\${PWD}||"`
  const { status, stdout, stderr } = runParts(['sh'], ['known-good'], script, `${files.join('\n')}\n`)
  assert.is(stderr, '')
  assert.is(status, 0)
  return stdout.trim().split('\n')
}

test('they are all files of a machine, and the program comes behind what it works with', () => {
  const machines = readMachines()
  assert.ok(machines.size > 5)
  for (const [title, files] of machines) {
    const found = findOwn([...files])
    assert.equal([...found].sort(), [...files].sort(), title)
    assert.is(found.at(-1), '/etc/linkerd/mesh-machine.conf', title)
    const last = found.slice(found.indexOf('/usr/local/sbin/mesh-machine'))
    assert.ok(last.length > 1 && last.every((path) => path.includes('/mesh-machine')), title)
  }
})

test('the off switch and the files of others are none of them', () => {
  const theirs = [
    '/etc/linkerd/redirect.disabled',
    '/etc/linkerd/notes',
    '/etc/systemd/system/other.service',
    '/etc/spire/join-token',
    ...ofServer,
  ]
  assert.equal(findOwn([...theirs, '/etc/linkerd/mesh-machine.conf']), ['/etc/linkerd/mesh-machine.conf'])
})

test.run()
