import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'

import { changesNothing, forge, home, lines, out, paths, put, write, writerSuite } from './writer.ts'

const test = writerSuite('write: what is in the way')

test('symbolic links are neither followed nor replaced, not even by force', () => {
  mkdirSync(join(home, 'outside'))
  writeFileSync(join(home, 'outside/file'), 'safe')
  mkdirSync(out)
  symlinkSync(join(home, 'outside/file'), join(out, 'a'))
  symlinkSync(join(home, 'outside'), join(out, 'b'))
  symlinkSync('nowhere', join(out, 'c'))
  symlinkSync('.', join(out, 'd'))
  const files = { a: 'evil', 'b/file': 'evil', 'b/new': 'evil', c: 'evil', 'd/e/f': 'evil', g: 'x' }
  for (const force of [false, true]) {
    const result = changesNothing(() => write(files, { force }))
    assert.equal(lines(result.conflicts), [
      'a: is a symbolic link, which is not followed',
      'b/file: b is a symbolic link, which is not followed',
      'b/new: b is a symbolic link, which is not followed',
      'c: is a symbolic link, which is not followed',
      'd/e/f: d is a symbolic link, which is not followed',
    ])
  }
})

test('folders, files and pipes in the wrong place are not replaced, not even by force', () => {
  put('a/mine', 'x')
  put('b', 'x')
  execFileSync('mkfifo', [join(out, 'c')])
  for (const force of [false, true]) {
    const result = write({ a: 'x', 'b/c': 'x', c: 'x' }, { force })
    assert.equal(lines(result.conflicts), [
      'a: is a folder where a file is needed',
      'b/c: b is a file where a folder is needed',
      'c: is not a regular file',
    ])
  }
  assert.equal(readdirSync(out).sort(), ['a', 'b', 'c'])
})

test('a stale entry through a symbolic link removes nothing', () => {
  mkdirSync(join(home, 'outside'))
  writeFileSync(join(home, 'outside/file'), 'safe')
  mkdirSync(out)
  symlinkSync(join(home, 'outside'), join(out, 'link'))
  symlinkSync(join(home, 'outside/file'), join(out, 'other'))
  put('sub/mine', 'x')
  forge([
    ['link/file', 'safe'],
    ['other', 'safe'],
    ['sub', 'x'],
  ])
  const result = write({ z: 'x' })
  assert.ok(result.ok)
  assert.equal(lines(result.kept), [
    'link/file: link is a symbolic link, which is not followed',
    'other: is a symbolic link, which is not followed',
    'sub: is a folder where a file is needed',
  ])
  assert.is(readFileSync(join(home, 'outside/file'), 'utf8'), 'safe')
  assert.ok(lstatSync(join(out, 'link')).isSymbolicLink())
  assert.ok(lstatSync(join(out, 'other')).isSymbolicLink())
})

for (const path of ['../outside', '/etc/hostname', 'a/../../outside', 'nul\0', '.meshjoin.lock', '']) {
  for (const name of ['.meshjoin.json', '.meshjoin.json.next']) {
    test(`${name} must not name ${JSON.stringify(path)}`, () => {
      writeFileSync(join(home, 'outside'), 'safe')
      forge([[path, 'safe']], name)
      const result = changesNothing(() => write({ a: 'x' }, { force: true }))
      assert.not(result.ok)
      assert.equal(paths(result.failures), [name])
    })
  }
}

test.run()
