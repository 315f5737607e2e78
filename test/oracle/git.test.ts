/** Git with the settings of another system checks our files out as they were written. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const test = suite('git leaves the line ends of the output alone')

const folder = mkdtempSync(join(tmpdir(), 'meshjoin-git-'))
const run = (cwd: string, file: string, ...args: string[]) =>
  execFileSync(file, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })

/** What a checkout gives back, with Git for Windows' default and a folder above that asks for CRLF as well. */
function checkOut(name: string, remove: boolean): { readonly file: (path: string) => Buffer } {
  const repository = join(folder, name)
  run(folder, 'git', 'init', '--quiet', name)
  writeFileSync(join(repository, '.gitattributes'), '* text=auto eol=crlf\n')
  const meshjoin = ['--import', 'tsx', 'bin/meshjoin.ts', 'generate', 'examples/minimal.yaml']
  run('.', process.execPath, ...meshjoin, '--out', join(repository, 'out'))
  if (remove) rmSync(join(repository, 'out/.gitattributes'))
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'core.autocrlf=true']
  run(repository, 'git', ...identity, 'add', '.')
  run(repository, 'git', ...identity, 'commit', '--quiet', '--message', 'out')
  run(folder, 'git', '-c', 'core.autocrlf=true', 'clone', '--quiet', name, `${name}-clone`)
  return { file: (path) => readFileSync(join(folder, `${name}-clone`, 'out', path)) }
}

const files = [
  '.meshjoin.json',
  'systemd/legacy-app/usr/local/sbin/mesh-machine',
  'cloud-init/legacy-app/user-data',
]

test('with .gitattributes every byte is there; without it git changes them', () => {
  const kept = checkOut('kept', false)
  for (const path of files)
    assert.ok(kept.file(path).equals(readFileSync(join(folder, 'kept/out', path))), path)
  const lost = checkOut('lost', true)
  for (const path of files) assert.ok(lost.file(path).includes('\r\n'), path)
})

test.after(() => rmSync(folder, { recursive: true }))

test.run()
