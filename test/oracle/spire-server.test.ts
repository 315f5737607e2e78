/** Real SPIRE servers, newest and oldest, judge every configuration that documents of ours ask for. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate } from '../../lib/index.ts'
import { readDocuments } from './support/cases.ts'
import { type RootFile, runCommand, runScript } from './support/root.ts'
import { distinct, generateAll, programsOf, type Release, releases } from './support/spire-releases.ts'

const test = suite('spire-server reads its configuration')
const credentials = '/run/credentials/spire-server.service'

/** Every server of a document that is accepted, with the document that has it first. */
function readServers(release: Release): Map<string, string> {
  return distinct(generateAll(release, ['spire', 'systemd']), '/etc/spire/server.json')
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

/** Runs a script with the configuration in its place. */
async function ask(
  release: Release,
  content: string,
  script: string,
): Promise<{ status: number; said: string }> {
  const program = readFileSync(join(programsOf(release), 'spire-server'))
  const files = [
    ...placed,
    { path: '/etc/spire/server.json', content },
    { path: '/opt/spire-server/current/bin/spire-server', content: program, mode: 0o755 },
  ]
  const { status, stdout, stderr } = await runScript(
    'bookworm',
    `mkdir -p ${credentials}; cp /srv/* ${credentials}
     if grep -q sshpop /etc/spire/server.json; then cp /srv/ssh ${credentials}/machines-ca; fi
     ip link set lo up
     PATH=$PATH:/opt/spire-server/current/bin
     ${script}`,
    { files },
  )
  return { status, said: (stdout + stderr).trim() }
}

const validate = 'spire-server validate -config /etc/spire/server.json'

/** Until it answers, or ends. */
const run = `mkdir -p /var/lib/spire-server
  spire-server run -config /etc/spire/server.json >/log 2>&1 &
  until spire-server healthcheck -socketPath /run/spire/server/api.sock >/answer 2>/dev/null; do
    if ! kill -0 $! 2>/dev/null; then cat /log; exit 1; fi
    sleep 0.2
  done
  kill $!
  cat /answer`

for (const release of releases) {
  test(`the ${release} takes the configuration of every server, with each node attestor`, async () => {
    const servers = readServers(release)
    const types = [...servers.keys()].map((text) => Object.keys(JSON.parse(text).plugins.NodeAttestor[0])[0])
    assert.equal([...new Set(types)].sort(), [
      ...['gcp_iit', 'http_challenge', 'join_token', 'sshpop', 'tpm_devid', 'x509pop'],
    ])
    for (const [content, name] of servers) {
      const { status, said } = await ask(release, content, validate)
      assert.is(said, 'SPIRE server configuration file is valid.', name)
      assert.is(status, 0, name)
    }
  })
}

test('the oldest, which does not validate plugins, starts with them and is well', async () => {
  for (const [content, name] of readServers('oldest')) {
    const { status, said } = await ask('oldest', content, run)
    assert.is(said, 'Server is healthy.', name)
    assert.is(status, 0, name)
  }
})

test('it refuses an unknown key, a key of another certificate and an attestor that was told nothing', async () => {
  for (const [release, script] of [
    ['newest', validate],
    ['oldest', run],
  ] as const) {
    const [content = ''] = [...readServers(release)].find(([, name]) => name === 'golden/own-server') ?? []
    for (const [from, to, reason] of [
      ['"ca_ttl"', '"ca_ttls"', /unknown configuration/i],
      ['"cert_file_path"', '"cert_file_paths"', /cert_file|upstream CA cert/],
      ['"join_token": {', '"x509pop": {', /ca_bundle_path/],
    ] as const) {
      const changed = content.replace(from, to)
      assert.is.not(changed, content, from)
      const { status, said } = await ask(release, changed, script)
      assert.is.not(status, 0, to)
      assert.match(said, reason, said)
    }
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
