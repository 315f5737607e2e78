import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Attestation, AttestationOptions, AttestorType } from '../../../../lib/config/resolved.ts'
import { Secret } from '../../../../lib/config/secret.ts'
import { schema } from '../../../../lib/generated/schema.ts'
import { type MachinePlan, plan } from '../../../../lib/index.ts'
import {
  attestationCredentials,
  attestationSecrets,
  attestors,
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

test("an attestation becomes the plugin's data by the plugin's own names", () => {
  assert.equal(pluginData({ type: 'http_challenge', options: { port: 80, agentName: 'mesh' } }), {
    port: 80,
    agentname: 'mesh',
  })
  assert.equal(pluginData({ type: 'gcp_iit', options: { identityTokenHost: 'own.example' } }), {
    identity_token_host: 'own.example',
  })
  assert.equal(pluginData({ type: 'azure_imds', options: { tenantDomain: 'example.com' } }), {
    tenant_domain: 'example.com',
  })
  assert.equal(pluginData({ type: 'aws_iid', options: {} }), {})
})

test('files reach the agent as credentials, for which nothing stands in', () => {
  const folder = '/run/credentials/spire-agent.service'
  const x509pop: Attestation = {
    type: 'x509pop',
    options: { certificateFile: '/etc/pki/a.crt', privateKeyFile: '/etc/pki/a.key' },
  }
  assert.equal(pluginData(x509pop), {
    certificate_path: `${folder}/x509pop-certificate`,
    private_key_path: `${folder}/x509pop-key`,
  })
  assert.equal(attestationCredentials(x509pop), [
    { id: 'x509pop-certificate', source: '/etc/pki/a.crt', fallback: '' },
    { id: 'x509pop-key', source: '/etc/pki/a.key', fallback: '' },
  ])
})

test("the agent cannot read sshd's key, so it is handed over although the document does not name it", () => {
  const sshpop: Attestation = { type: 'sshpop', options: { hostKeyFile: '/etc/ssh/ssh_host_ed25519_key' } }
  assert.equal(attestationCredentials(sshpop), [
    { id: 'sshpop-key', source: '/etc/ssh/ssh_host_ed25519_key', fallback: '' },
    { id: 'sshpop-certificate', source: '/etc/ssh/ssh_host_rsa_key-cert.pub', fallback: '' },
  ])
  assert.equal(pluginData({ type: 'sshpop', options: {} }), {
    host_key_path: '/run/credentials/spire-agent.service/sshpop-key',
    host_cert_path: '/run/credentials/spire-agent.service/sshpop-certificate',
  })
})

test('a unit allows what its attestor needs: a device, or a port below 1024', () => {
  const needs = (type: AttestorType, options: AttestationOptions) => attestors[type].unit?.(options)
  assert.equal(needs('tpm_devid', {}), { device: '/dev/tpmrm0', group: 'tss' })
  assert.equal(needs('tpm_devid', { tpmDevice: '/dev/tpm0' }), { device: '/dev/tpm0', group: 'tss' })
  assert.equal(needs('http_challenge', { port: 80 }), { capabilities: ['CAP_NET_BIND_SERVICE'] })
  assert.equal(needs('http_challenge', { port: 1024 }), {})
  assert.is(needs('x509pop', {}), undefined)
})

test('whom the agent asks, and who dials it', () => {
  const challenge = planOf('{type: http_challenge, port: 8085}')
  const [dialled] = challenge.flows.filter(({ port }) => port === 8085)
  assert.equal([dialled?.direction, dialled?.from], ['in', ['spire.example.internal']])
  assert.ok(challenge.rules.some(({ match }) => match.destinationPort === 8085))
  for (const [attestation, host] of [
    ['{type: aws_iid}', '169.254.169.254'],
    ['{type: azure_imds, tenantDomain: example.com}', '169.254.169.254'],
    ['{type: gcp_iit}', 'metadata.google.internal'],
    ['{type: gcp_iit, identityTokenHost: "192.0.2.9:8080"}', '192.0.2.9'],
  ] as const) {
    const { flows } = planOf(attestation)
    assert.ok(
      flows.some(({ direction, to }) => direction === 'out' && to.includes(host)),
      attestation,
    )
  }
})

test('a join token is a credential with a stand-in, and a file of the operator', () => {
  const joinToken = attestors.join_token
  const file = '/etc/spire/join-token'
  assert.equal(attestationCredentials({ type: 'join_token', options: { file } }), [
    { id: 'join-token', source: file, fallback: 'no-join-token-on-this-machine' },
  ])
  assert.is(joinToken.secretFile?.({ file }), file)
  assert.equal(joinToken.machineData?.({ file }), { JOIN_TOKEN_FILE: file, JOIN_TOKEN_COMMAND: '' })
  assert.is(joinToken.steps.data({ file: '/token' }).tokenFolder, '/')
})

test('a join token from a command is the file of the agent; one by name is a credential of the machine', () => {
  const joinToken = attestors.join_token
  const command = '/usr/local/sbin/print-token'
  assert.equal(attestationCredentials({ type: 'join_token', options: { command } }), [])
  assert.equal(joinToken.agentSettings?.({ command }), { join_token_file: '/run/spire/agent/join-token' })
  assert.equal(joinToken.unit?.({ command }), { before: 'mesh-machine-token' })
  assert.equal(attestationCredentials({ type: 'join_token', options: { credential: 'own.token' } }), [
    { id: 'join-token', source: 'own.token', fallback: 'no-join-token-on-this-machine' },
  ])
  assert.equal(joinToken.unit?.({ credential: 'own.token' }), {})
  assert.is(joinToken.secretFile?.({ command }), undefined)
})

test('a join token of the document is a file that the agent has as a credential', () => {
  const path = '/var/lib/linkerd/join-token'
  const options = { insecureToken: new Secret('the-token') }
  assert.equal(attestationCredentials({ type: 'join_token', options }), [
    { id: 'join-token', source: path, fallback: 'no-join-token-on-this-machine' },
  ])
  const [file, ...more] = attestationSecrets({ type: 'join_token', options })
  assert.equal([file?.path, file?.secret.reveal(), more], [path, 'the-token', []])
  assert.is(attestors.join_token.machineData?.(options).JOIN_TOKEN_FILE, path)
  assert.is(attestors.join_token.secretFile?.(options), path)
  assert.equal(attestationSecrets({ type: 'join_token', options: { file: path } }), [])
})

test.run()

function planOf(attestation: string): MachinePlan {
  const planned = plan(edit(base, [['{type: join_token, file: /etc/spire/join-token}', attestation]]))
  const [machine] = planned.ok ? planned.value : []
  assert.ok(machine, planned.diagnostics.map(({ message }) => message).join('; '))
  return machine as MachinePlan
}
