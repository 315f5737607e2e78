import { spawnSync } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { packTar } from '../../../lib/files/tar.ts'

const test = suite('tar')

test('tar(1) lists what was packed, owned by root, without a time, and nothing else', () => {
  const archive = packTar([
    { path: '/etc/linkerd/mesh.env', mode: 0o600, content: 'A=1\n' },
    { path: '/usr/local/sbin/mesh-machine', mode: 0o755, content: 'x'.repeat(513) },
    { path: '/usr/share/empty', mode: 0o644, content: '' },
  ])
  const { stdout, stderr, status } = spawnSync(
    'tar',
    ['-tvf', '-', '--numeric-owner', '--utc', '--full-time'],
    {
      input: archive,
      encoding: 'utf8',
    },
  )
  assert.is(stderr, '')
  assert.is(status, 0)
  assert.equal(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/ +/g, ' ')),
    [
      '-rw------- 0/0 4 1970-01-01 00:00:00 etc/linkerd/mesh.env',
      '-rwxr-xr-x 0/0 513 1970-01-01 00:00:00 usr/local/sbin/mesh-machine',
      '-rw-r--r-- 0/0 0 1970-01-01 00:00:00 usr/share/empty',
    ],
  )
})

test('tar(1) gives back the bytes', () => {
  const content = `${'é'.repeat(300)}\n`
  const { stdout } = spawnSync('tar', ['-xOf', '-', 'etc/words'], {
    input: packTar([{ path: '/etc/words', mode: 0o644, content }]),
    encoding: 'utf8',
  })
  assert.is(stdout, content)
})

test('a name that the format cannot hold throws', () => {
  assert.throws(() => packTar([{ path: `/${'a'.repeat(101)}`, mode: 0o644, content: '' }]), /too long/)
})

test.run()
