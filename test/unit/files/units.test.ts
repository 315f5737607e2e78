import { readdirSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { units } from '../../../lib/files/units.ts'
import { generate } from '../../../lib/index.ts'
import { backends } from '../../../lib/kinds/backends/index.ts'
import { readExample } from '../diagnostics/base.ts'

const test = suite('units')

test('every unit of the table has a template, and every template is in the table', () => {
  assert.equal(readdirSync('templates/systemd').sort(), units.map(({ name }) => `${name}.hbs`).sort())
})

test("names begin with what mesh-machine knows its units by, and rules' files with what it knows them by", () => {
  for (const { name } of units) assert.match(name, /^(linkerd-|mesh-machine-|spire-(agent|server)\.service$)/)
  for (const { paths } of Object.values(backends))
    for (const path of paths) assert.match(path, /^\/etc\/linkerd\/redirect\.[^d]/)
})

test('every unit is started by something', () => {
  const generated = generate(readExample('minimal'), { targets: ['systemd'] })
  const texts = (generated.ok ? generated.value : [])
    .filter(({ path }) => path.includes('/etc/systemd/system/'))
    .map(({ path, content }) => ({ name: path.replace(/.*\//, ''), text: String(content) }))
  assert.ok(texts.length > 10)
  for (const { name, text } of texts) {
    const started =
      /^WantedBy=/m.test(text) ||
      texts.some((other) => new RegExp(`^(Wants|Requires)=.*\\b${name}\\b`, 'm').test(other.text)) ||
      texts.some((other) => other.name !== name && other.name === name.replace('.service', '.timer')) ||
      texts.some((other) => other.name !== name && other.name === name.replace('.service', '.path'))
    assert.ok(started, `nothing starts ${name}`)
  }
})

test.run()
