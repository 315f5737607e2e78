import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Attestation, AttestorType } from '../../../../lib/config/resolved.ts'
import { schema } from '../../../../lib/generated/schema.ts'
import { generate, plan } from '../../../../lib/index.ts'
import {
  attestationCredentials,
  attestors,
  availableAttestor,
  pluginData,
} from '../../../../lib/kinds/attestors/index.ts'
import { base, edit } from '../../diagnostics/base.ts'

const test = suite('attestors')
const { Attestation: options, MachineAttestation: machineOptions } = schema.definitions
const known = Object.entries(attestors)

test('every option of the language belongs to an attestor, and the other way round', () => {
  const of = (names: readonly string[]) => [...new Set(names)].sort()
  const typed = Object.keys(options.properties).filter((name) => name !== 'type')
  assert.equal(of(known.flatMap(([, attestor]) => Object.keys(attestor.options))), of(typed))
  assert.equal(
    of(known.flatMap(([, attestor]) => [...attestor.machineOptions])),
    of(Object.keys(machineOptions.properties)),
  )
})

test('descriptions in the schema name the attestors that take an option', () => {
  for (const [name, { description }] of Object.entries(options.properties)) {
    if (name === 'type') continue
    const takers = known.filter(([, attestor]) => Object.hasOwn(attestor.options, name)).map(([type]) => type)
    for (const type of takers) assert.match(description, `\`${type}\``, `${name} and ${type}`)
  }
})

test("an attestation becomes the plugin's data by the plugin's own names, whatever is available", () => {
  const attestation: Attestation = {
    type: 'x509pop',
    options: { certificateFile: '/etc/pki/a.crt', privateKeyFile: '/etc/pki/a.key' },
  }
  assert.equal(pluginData(attestation), {
    certificate_path: '/etc/pki/a.crt',
    private_key_path: '/etc/pki/a.key',
  })
  assert.equal(pluginData({ type: 'http_challenge', options: { port: 80 } }), { port: 80 })
  const planned = plan(
    edit(base, [
      ['attestation: {type: join_token, file: /etc/spire/join-token}', 'attestation: {type: aws_iid}'],
    ]),
  )
  const [machine] = planned.ok ? planned.value : []
  assert.match(JSON.stringify(machine?.mesh.agent?.configuration), '"NodeAttestor":[{"aws_iid"')
  assert.equal(machine?.mesh.agent?.credentials, [])
})

test('what is not available is refused by every target that places files', () => {
  const unavailable = known.filter(([, { available }]) => !available).map(([type]) => type as AttestorType)
  assert.ok(unavailable.includes('x509pop'))
  for (const type of unavailable) {
    assert.is(availableAttestor({ type }), undefined)
    const required = Object.entries(attestors[type].options).filter(([, option]) => option.required)
    const more = required.map(
      ([name]) => `, ${name}: ${name === 'tenantDomain' ? 'example.com' : `/etc/${name}`}`,
    )
    const document = edit(base, [
      [
        'attestation: {type: join_token, file: /etc/spire/join-token}',
        `attestation: {type: ${type}${more.join('')}}`,
      ],
    ])
    assert.equal(
      generate(document)
        .diagnostics.filter(({ severity }) => severity === 'error')
        .map(({ code, path }) => [code, path]),
      [['not-built-yet', '/spire/agent/attestation/type']],
      type,
    )
  }
})

test('a join token is a credential with a stand-in, and a file of the operator', () => {
  const joinToken = availableAttestor({ type: 'join_token' })
  const file = '/etc/spire/join-token'
  assert.equal(attestationCredentials({ type: 'join_token', options: { file } }), [
    { id: 'join-token', source: file, fallback: 'no-join-token-on-this-machine' },
  ])
  assert.is(joinToken?.secretFile?.({ file }), file)
  assert.equal(joinToken?.machineData?.({ file }), { JOIN_TOKEN_FILE: file })
  assert.is(joinToken?.lacks?.({ file }), undefined)
  assert.type(joinToken?.lacks?.({}), 'string')
  assert.equal(joinToken?.steps.data({ file: '/token' }), { tokenFile: '/token', tokenFolder: '/' })
})

test.run()
