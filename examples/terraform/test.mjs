/** Runs the very program line of main.tf, with the query that Terraform would write. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'

const configuration = readFileSync('main.tf', 'utf8')
const [command, ...args] = JSON.parse(/^ *program *= (\[.*\])$/m.exec(configuration)[1])
const ask = (query) => spawnSync(command, args, { input: JSON.stringify(query), encoding: 'utf8' })

test('the result is a flat object of strings, and fits EC2', () => {
  const { status, stdout, stderr } = ask({ machine: 'legacy-app' })
  assert.equal(status, 0, stderr)
  const result = JSON.parse(stdout)
  for (const value of Object.values(result)) assert.equal(typeof value, 'string')
  const bytes = Buffer.from(result.user_data_base64, 'base64')
  assert.ok(bytes.length <= 16_384)
  assert.equal(gunzipSync(bytes).toString(), result.user_data)
  assert.equal(createHash('sha256').update(result.user_data).digest('hex'), result.sha256)
})

test('main.tf reads what is there, and nothing else', () => {
  const { stdout } = ask({ machine: 'legacy-app' })
  const read = [...configuration.matchAll(/\.result\.(\w+)/g)].map(([, name]) => name)
  assert.ok(read.length > 0)
  for (const name of read) assert.ok(name in JSON.parse(stdout), name)
})

test('a machine that is not there is an error with its reason on stderr', () => {
  const { status, stdout, stderr } = ask({ machine: 'nobody' })
  assert.equal(status, 1)
  assert.equal(stdout, '')
  assert.match(stderr, /machine-unknown/)
})
