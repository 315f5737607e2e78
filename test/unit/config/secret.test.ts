/** A join token of the document: where it goes, and where it does not. */
import { gunzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Artifact, cloudConfig, generate, plan, resolve, validate } from '../../../lib/index.ts'
import { base, edit } from '../diagnostics/base.ts'
import { type EditableDocument, minimalWith } from '../plan/document.ts'
import { made } from '../targets/output.ts'

const test = suite('a join token of the document')
const token = '5f2c9a64-0b7e-4d19-8a35-c1e6f7d20b48'
const path = '/var/lib/linkerd/join-token'

function withToken(cloudInit?: EditableDocument['cloudInit']): EditableDocument {
  return minimalWith((document) => {
    document.spire.agent.attestation = { type: 'join_token', insecureToken: token }
    if (cloudInit !== undefined) document.cloudInit = cloudInit
  })
}

/** Whether the token is in a text, in one that is compressed, or in either as base64. */
function holds({ content }: Pick<Artifact, 'content'>): boolean {
  const bytes = Buffer.from(content)
  const decoded = Buffer.from(bytes.toString('latin1'), 'base64')
  return [bytes, decoded].some((some) =>
    (some[0] === 0x1f && some[1] === 0x8b ? gunzipSync(some) : some).includes(token),
  )
}

const meshLayers: readonly EditableDocument['cloudInit'][] = [
  undefined,
  { platform: 'ec2' },
  { platform: 'nocloud', compress: true },
  { platform: 'ec2', meshLayer: { from: 'baked' } },
  { platform: 'ec2', meshLayer: { from: 'fetch', url: 'https://artifacts.example/{sha256}.tar' } },
]

for (const cloudInit of meshLayers) {
  test(`it is in two artifacts, both sensitive: ${JSON.stringify(cloudInit)}`, () => {
    const found = made(withToken(cloudInit)).filter(holds)
    assert.equal(
      found.map(({ path: name, mode, sensitive }) => [name, mode, sensitive]),
      [
        ['cloud-init/legacy-app/user-data', 0o600, true],
        [`systemd/legacy-app${path}`, 0o600, true],
      ],
    )
    const others = made(withToken(cloudInit)).filter(
      (artifact) => !found.some((one) => one.path === artifact.path),
    )
    assert.equal(
      others.filter(({ sensitive }) => sensitive),
      [],
    )
  })
}

test('on the machine it is a file of root alone, and the agent has it as a credential', () => {
  const planned = plan(withToken())
  const [machine] = planned.ok ? planned.value : []
  assert.ok(machine)
  const files = cloudConfig(machine).write_files
  assert.equal(
    files.filter(({ content }) => content.includes(token)),
    [{ path, permissions: '0600', content: `${token}\n` }],
  )
  const unit = files.find((file) => file.path.endsWith('/spire-agent.service'))?.content ?? ''
  assert.ok(unit.includes(`\nLoadCredential=join-token:${path}\n`))
})

test('what is printed of a plan or of a resolved document is without it', () => {
  for (const made of [plan(withToken()), resolve(withToken())]) {
    assert.ok(made.ok)
    const printed = JSON.stringify(made)
    assert.not.ok(printed.includes(token), 'JSON')
    assert.ok(printed.includes('"insecureToken":"(secret)"'))
  }
})

test('instances cannot share it', () => {
  const text = edit(base, [
    ['{type: join_token, file: /etc/spire/join-token}', `{type: join_token, insecureToken: ${token}}`],
    [
      'machines:\n',
      'groups: {web: {instances: {name: hostname}, namespace: n, ports: [{name: http, port: 80}]}}\nmachines:\n',
    ],
  ])
  const { ok, diagnostics } = validate(text)
  assert.is(ok, false)
  assert.ok(diagnostics.some(({ code }) => code === 'token-shared'))
  assert.not.ok(JSON.stringify([diagnostics, generate(text).diagnostics]).includes(token))
})

test('without one, nothing is sensitive', () => {
  assert.equal(
    made(minimalWith()).filter(({ sensitive }) => sensitive),
    [],
  )
})

test.run()
