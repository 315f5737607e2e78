/** The real SPIRE server judges every configuration that documents of ours ask for. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate } from '../../lib/index.ts'
import { readCarriers } from './support/carriers.ts'
import { readDocuments } from './support/cases.ts'
import { cache, type RootFile, runCommand, runScript } from './support/root.ts'

const test = suite('spire-server reads its configuration')
const program = readFileSync(join(cache, 'spire/spire-server'))
const credentials = '/run/credentials/spire-server.service'

/** Every server of a document that is accepted, by the document. */
function readServers(): Map<string, string> {
  const servers = new Map<string, string>()
  for (const [name, text] of [...readDocuments(), ...readCarriers()]) {
    const { value = [] } = generate(text, { targets: ['spire', 'systemd'] })
    const alone = generate(text, { targets: ['spire'] }).value ?? []
    const file = [...value, ...alone].find(({ path }) => path.endsWith('/etc/spire/server.json'))
    if (file !== undefined) servers.set(name, String(file.content))
  }
  return servers
}

/** What the operator places, as systemd hands it over. */
function makeCredentials(): RootFile[] {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-ca-'))
  try {
    const make = (command: string, ...args: readonly string[]) =>
      execFileSync(command, args, { cwd: folder, stdio: 'ignore' })
    make(
      'openssl',
      ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30'.split(' '),
      ...['-subj', '/CN=root', '-keyout', 'key', '-out', 'crt'],
    )
    make('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', 'ssh')
    const read = (name: string) => readFileSync(join(folder, name), 'utf8')
    const file = (name: string, content: string) => ({ path: `/srv/${name}`, content })
    return [
      ...['ca.crt', 'bundle.crt', 'machines-ca', 'endorsement-ca'].map((name) => file(name, read('crt'))),
      file('ca.key', read('key')),
      file('ssh', read('ssh.pub')),
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const placed = makeCredentials()

async function validate(content: string): Promise<{ status: number; said: string }> {
  const files = [
    ...placed,
    { path: '/etc/spire/server.json', content },
    { path: '/opt/spire-server/current/bin/spire-server', content: program, mode: 0o755 },
  ]
  const { status, stdout, stderr } = await runScript(
    'bookworm',
    `mkdir -p ${credentials}; cp /srv/* ${credentials}
     if grep -q sshpop /etc/spire/server.json; then cp /srv/ssh ${credentials}/machines-ca; fi
     /opt/spire-server/current/bin/spire-server validate -config /etc/spire/server.json`,
    { files },
  )
  return { status, said: (stdout + stderr).trim() }
}

const servers = readServers()

test('it takes the configuration of every server, with each node attestor', async () => {
  const types = [...servers.values()].map((text) => Object.keys(JSON.parse(text).plugins.NodeAttestor[0])[0])
  assert.equal([...new Set(types)].sort(), [
    ...['gcp_iit', 'http_challenge', 'join_token', 'sshpop', 'tpm_devid', 'x509pop'],
  ])
  for (const [name, content] of servers) {
    const { status, said } = await validate(content)
    assert.is(said, 'SPIRE server configuration file is valid.', name)
    assert.is(status, 0, name)
  }
})

test('it refuses an unknown key, a key of another certificate and an attestor that was told nothing', async () => {
  const content = servers.get('golden/own-server') ?? ''
  for (const [from, to, reason] of [
    ['"ca_ttl"', '"ca_ttls"', /unknown configuration/],
    ['"cert_file_path"', '"cert_file_paths"', /cert_file/],
    ['"join_token": {', '"x509pop": {', /ca_bundle_path/],
  ] as const) {
    const changed = content.replace(from, to)
    assert.is.not(changed, content, from)
    const { status, said } = await validate(changed)
    assert.is.not(status, 0, to)
    assert.match(said, reason)
  }
})

test('shellcheck finds nothing in what installs a server', async () => {
  const text = readDocuments().get('golden/own-server') ?? ''
  const { value = [] } = generate(text, { targets: ['spire'] })
  const script = String(value.find(({ path }) => path === 'spire/server/install')?.content)
  const { stdout } = await runCommand('shellcheck', ['-s', 'sh', '-'], script)
  assert.is(stdout, '')
})

test.run()
