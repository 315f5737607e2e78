/** The page about the proxy's binary: its document is accepted as it stands, and its commands are what a shell reads. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate } from '../../lib/index.ts'
import { minimalWith } from '../unit/plan/document.ts'

const test = suite('docs/proxy-binary.md')
const page = readFileSync('docs/proxy-binary.md', 'utf8')

function blocksOf(language: string): string[] {
  return [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)].flatMap(([, name, text = '']) =>
    name === language ? [text] : [],
  )
}

test('its document is accepted, and machines get what the page says', () => {
  const [text = '', ...more] = blocksOf('yaml')
  assert.equal(more, [])
  const given = load(text) as { proxy: object }
  const made = generate(
    minimalWith((document) => {
      document.proxy = { ...document.proxy, ...given.proxy }
    }),
    { targets: ['systemd'] },
  )
  assert.ok(made.ok, JSON.stringify(made.diagnostics))
  const paths = (made.value ?? []).map(({ path }) => path)
  assert.ok(paths.includes('systemd/legacy-app/usr/local/sbin/mesh-machine-registry'))
})

test('its commands are sh', () => {
  const blocks = blocksOf('sh')
  assert.ok(blocks.length > 6)
  for (const block of blocks) {
    const { status, stderr } = spawnSync('sh', ['-n'], { input: block, encoding: 'utf8' })
    assert.is(stderr, '', block)
    assert.is(status, 0, block)
  }
})

test.run()
