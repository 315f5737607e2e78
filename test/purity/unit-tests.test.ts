import { existsSync, readdirSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const test = suite('unit tests')

/** The file that a test is about: its own name, or that with a word more for each part of a large one. */
function findSubject(path: string): string | undefined {
  const root = path.startsWith('bin/') ? '' : 'lib/'
  const parts = path.split('-')
  const names = parts.map((_, index) => parts.slice(0, index + 1).join('-'))
  return names.find((name) => existsSync(`${root}${name}.ts`))
}

test('each lies where its subject does, so that a failure names a file', () => {
  const paths = readdirSync('test/unit', { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => path.slice(0, -'.test.ts'.length))
  assert.ok(paths.length > 40)
  // The programs on the machine are in templates/mesh-machine/.
  const astray = paths.filter((path) => !path.startsWith('mesh-machine/') && findSubject(path) === undefined)
  assert.equal(astray, [])
  assert.is(findSubject('config/nothing'), undefined)
})

test.run()
