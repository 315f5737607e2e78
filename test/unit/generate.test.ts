import { load } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type CloudConfig, generate, generateLazily } from '../../lib/index.ts'
import { minimalWith } from './plan/document.ts'
import { fleet, made, userData } from './targets/output.ts'

const test = suite('generate')

test('both targets place the same files with the same modes', () => {
  const artifacts = made(minimalWith())
  const config = load(String(userData(undefined))) as CloudConfig
  const placed = [...config.write_files]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, permissions, content }) => `${permissions} ${path}\n${content}`)
  const overlay = artifacts
    .filter(({ path }) => path.startsWith('systemd/legacy-app/'))
    .map(
      ({ path, mode, content }) =>
        `${mode.toString(8).padStart(4, '0')} ${path.slice('systemd/legacy-app'.length)}\n${String(content)}`,
    )
  assert.equal(placed, overlay)
})

test('artifacts come strictly sorted by path, whatever the names', () => {
  const paths = made(
    fleet(['web-1', 'web', 'web0', 'a', 'web-10', 'firewall-1', 'fire', 'network', 'readme', 'z']),
  ).map(({ path }) => path)
  assert.equal(paths, [...new Set(paths)].sort())
})

test('machines that were asked for get the same artifacts as in a run for all', () => {
  const document = fleet(['a', 'b', 'c'])
  const all = made(document)
  const some = made(document, { machines: ['c', 'a'], targets: ['systemd'] })
  const own = some.filter(({ path }) => /^systemd\/(?!firewall\/)[^/]+\//.test(path))
  assert.equal([...new Set(own.map(({ path }) => path.split('/')[1]))], ['a', 'c'])
  for (const artifact of own)
    assert.equal(
      artifact,
      all.find(({ path }) => path === artifact.path),
    )
  assert.is(own.length, all.filter(({ path }) => /^systemd\/[ac]\//.test(path)).length)
})

test('the lazy form makes the same, again and again', () => {
  const document = fleet(['a', 'b', 'c'])
  const lazy = generateLazily(document)
  assert.ok(lazy.ok)
  const eager = made(document)
  assert.equal([...(lazy.value?.artifacts() ?? [])], eager)
  assert.equal([...(lazy.value?.artifacts() ?? [])], eager)
})

test('what only the output shows is known once the lazy form has been through', () => {
  const lazy = generateLazily({ ...fleet(['a', 'b']), cloudInit: { platform: 'ec2', compress: false } })
  assert.ok(lazy.ok)
  const errors = () => lazy.value?.diagnostics().filter(({ severity }) => severity === 'error') ?? []
  assert.is(errors().length, 0)
  for (const _ of lazy.value?.artifacts() ?? []) {
    // only to come to the end
  }
  assert.equal(
    errors().map(({ code }) => code),
    ['user-data-too-large', 'user-data-too-large'],
  )
})

test('a target or a machine that there is not is an error with a suggestion', () => {
  const wrong = generate(minimalWith(), { targets: ['cloudinit'], machines: ['legacy-ap'] })
  assert.not.ok(wrong.ok)
  const found = wrong.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ code, help }) => `${code}: ${help}`)
  assert.is(found.length, 2)
  assert.match(found.join('\n'), /target-unknown: .*cloud-init/)
  assert.match(found.join('\n'), /machine-unknown: .*legacy-app/)
})

test('environments are for root alone, and no artifact holds a secret', () => {
  for (const { path, mode, sensitive } of made(minimalWith())) {
    const isProgram =
      /\/sbin\/mesh-machine(-[a-z]+)?$|\/firewall\/[a-z]+\.sh$|^image\/\w+\/(prepare|seal)$|^spire\/(register|commands\.sh)$|^kubernetes\/[-a-z]+\.sh$/.test(
        path,
      )
    const expected = path.endsWith('.env') ? 0o600 : isProgram ? 0o755 : 0o644
    assert.is(mode, expected, path)
    assert.is(sensitive, false, path)
  }
})

test.run()
