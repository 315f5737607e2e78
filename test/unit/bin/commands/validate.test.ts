import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { base } from '../../diagnostics/base.ts'
import { bundle, type Outcome, start } from '../run.ts'

const test = suite('validate and what platforms take')
const program = bundle()

function validate(cloudInit: string, more = ''): Promise<Outcome> {
  const text = base.replace('cloudInit: {platform: nocloud}\n', `cloudInit: ${cloudInit}\n`)
  assert.is.not(text, base)
  return start(program, ['validate', '-'], { stdin: text + more })
}

test('user-data that the named platform will not take is an error, with what to do', async () => {
  const { code, stderr } = await validate('{platform: hetzner}')
  assert.is(code, 1)
  assert.match(
    stderr,
    /error\[user-data-too-large\]: the user-data of "legacy-app" has [0-9]+ bytes; hetzner/,
  )
  assert.match(
    stderr,
    /compress to true: .*; or let the machines fetch the mesh layer \(.* [0-9]+ bytes\), or bake it/,
  )
})

test('what fits is no error, and nothing else of the output is told', async () => {
  const url = 'url: "https://artifacts.example.internal/{sha256}.tar.gz"'
  for (const cloudInit of ['{platform: ec2}', `{platform: hetzner, meshLayer: {from: fetch, ${url}}}`]) {
    const { code, stderr } = await validate(cloudInit)
    assert.is(code, 0, stderr)
    assert.not.match(stderr, /doctor-left-out/)
  }
})

test.run()
