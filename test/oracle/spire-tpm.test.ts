/**
 * The real agent attests with a DevID in a software TPM, and gets the proxy's identity. The configurations of server and agent,
 * the entries and the script that registers them are generated; the DevID is made by the commands of docs/spire.md.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Artifact, generate } from '../../lib/index.ts'
import { type EditableDocument, minimalWith } from '../unit/plan/document.ts'
import { layOut } from './support/host.ts'
import { freePort } from './support/processes.ts'
import { runCommand } from './support/root.ts'
import {
  type AgentConfiguration,
  fetchOnce,
  runServer,
  type ServerConfiguration,
  type SpireServer,
} from './support/spire-server.ts'
import { type SoftwareTpm, startTpm } from './support/tpm.ts'

const test = suite('an agent attests with a DevID in a TPM')
const name = 'legacy-app'
let folder = ''
let tpm: SoftwareTpm | undefined
let server: SpireServer | undefined

test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshjoin-tpm-'))
  chmodSync(folder, 0o755)
})

test.after.each(async () => {
  await server?.stop()
  await tpm?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const at = (file: string) => join(folder, file)

function run(command: string, ...words: readonly string[]): string {
  return execFileSync(command, words, { cwd: folder, stdio: 'pipe', encoding: 'utf8' })
}

function makeCa(file: string): void {
  const key = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 60'.split(' ')
  run('openssl', ...key, '-subj', `/CN=${file}`, '-keyout', `${file}.key`, '-out', `${file}.crt`)
}

/** By the commands that operators are told. */
async function makeDevid({ tcti }: SoftwareTpm): Promise<string> {
  const page = readFileSync('docs/spire.md', 'utf8')
  const [, commands = ''] = /^## A DevID in a TPM\n.*?^```sh\n(.*?)^```/ms.exec(page) ?? []
  assert.match(commands, 'tpm2 create ')
  const { PATH = '' } = process.env
  const script = `cd '${folder}'; ${commands}\n tpm2 flushcontext -t`
  const said = await runCommand('sh', ['-euc', script], '', { PATH, TPM2TOOLS_TCTI: tcti })
  assert.is(said.status, 0, said.stderr)
  const print = run('openssl', 'x509', '-in', 'devid.crt', '-noout', '-fingerprint', '-sha1')
  return print.replace(/^.*=|[:\s]/g, '').toLowerCase()
}

function documentFor(port: number, own: object): object {
  return minimalWith((document: EditableDocument) => {
    document.mesh.trustAnchors = readFileSync(at('anchor.crt'), 'utf8')
    document.spire.server = {
      address: '127.0.0.1',
      port,
      generate: true,
      attestation: { caFile: '/etc/spire/devid-ca.crt', endorsementCaFile: '/etc/spire/endorsement-ca.crt' },
      upstreamAuthority: { certFile: '/etc/spire/anchor.crt', keyFile: '/etc/spire/anchor.key' },
    }
    document.spire.agent.attestation = {
      type: 'tpm_devid',
      devidCertificateFile: '/etc/spire/devid.crt',
      devidPrivateKeyFile: '/etc/spire/devid.priv',
      devidPublicKeyFile: '/etc/spire/devid.pub',
    }
    for (const machine of document.machines) machine.attestation = own
  })
}

function generated(document: object): readonly Artifact[] {
  const made = generate(document, { targets: ['spire', 'systemd'] })
  assert.ok(made.ok, JSON.stringify(made.diagnostics))
  return made.value ?? []
}

async function serve(artifacts: readonly Artifact[]): Promise<SpireServer> {
  const root = at('server')
  const host = layOut(root, artifacts, 'spire/server/root')
  host.makeFolders('/var/lib/spire-server', '/run/spire/server')
  for (const file of ['anchor.crt', 'anchor.key', 'devid-ca.crt', 'endorsement-ca.crt'])
    host.place(`/etc/spire/${file}`, at(file))
  host.handOver('/etc/systemd/system/spire-server.service')
  const configuration = host.read('/etc/spire/server.json') as ServerConfiguration
  return runServer('newest', root, {
    ...configuration,
    server: { ...configuration.server, bind_address: '127.0.0.1' },
  })
}

test('by its common name and by its fingerprint', async () => {
  tpm = await startTpm(at('tpm'))
  for (const ca of ['anchor', 'devid-ca']) makeCa(ca)
  copyFileSync(tpm.endorsementCa, at('endorsement-ca.crt'))
  const fingerprint = await makeDevid(tpm)
  const port = await freePort()
  for (const own of [{ commonName: name }, { fingerprint }]) {
    const artifacts = generated(documentFor(port, own))
    server ??= await serve(artifacts)
    const registry = mkdtempSync(at('registry-'))
    layOut(registry, artifacts, 'spire/')
    const words = [join(registry, 'register'), ...server.flags]
    const made = await runCommand('sh', words, '', { SPIRE_SERVER: server.program })
    assert.is(made.status, 0, made.stderr)

    const root = mkdtempSync(at('machine-'))
    chmodSync(root, 0o755)
    const host = layOut(root, artifacts, `systemd/${name}`)
    host.makeFolders('/var/lib/spire-agent', '/run/spire/agent/public')
    for (const file of ['devid.crt', 'devid.priv', 'devid.pub']) host.place(`/etc/spire/${file}`, at(file))
    host.place('/dev/tpmrm0', tpm.device)
    host.handOver('/etc/systemd/system/spire-agent.service')
    const configuration = host.read('/etc/spire/agent.json') as AgentConfiguration
    const identity = `spiffe://root.linkerd.cluster.local/mixed-env/${name}`
    const said = await fetchOnce('newest', root, configuration, new RegExp(`SPIFFE ID:\\s+${identity}$`, 'm'))
    assert.match(said, 'Received 1 svid')
    assert.match((await server.ask('agent', 'list')).stdout, `/spire/agent/tpm_devid/${fingerprint}\n`)
  }
})

test.run()
