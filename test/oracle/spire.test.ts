/** Real SPIRE agents, newest and oldest, judge every configuration that documents of ours ask for. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeCertificate, makeHostKey } from './support/machine-keys.ts'
import { type RootFile, runScript } from './support/root.ts'
import { distinct, generateAll, programsOf, type Release, releases } from './support/spire-releases.ts'

const test = suite('spire-agent reads its configuration')
const credentials = '/run/credentials/spire-agent.service'

/** What the operator places, as systemd hands it over. */
function makeCredentials(): RootFile[] {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-agent-'))
  try {
    const { leaf } = makeCertificate(folder)
    const { ssh } = makeHostKey(folder)
    const file = (name: string, from: string) => ({ path: `/srv/${name}`, content: readFileSync(from) })
    return [
      file('trust-bundle', join(folder, 'ca.crt')),
      file('x509pop-certificate', `${leaf}.crt`),
      file('x509pop-intermediates', join(folder, 'ca.crt')),
      file('x509pop-key', `${leaf}.key`),
      file('sshpop-key', ssh),
      file('sshpop-certificate', `${ssh}-cert.pub`),
      ...['certificate', 'key', 'public'].map((name) => file(`tpm-devid-${name}`, `${leaf}.crt`)),
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const placed = makeCredentials()

/** Runs a script over each configuration, with `$1` its file; gives back what was said about each. */
async function ask(release: Release, contents: readonly string[], script: string): Promise<string[]> {
  const files = [
    ...placed,
    ...contents.map((content, index) => ({ path: `/cases/${index}`, content })),
    {
      path: '/opt/spire/current/bin/spire-agent',
      content: readFileSync(join(programsOf(release), 'spire-agent')),
      mode: 0o755,
    },
  ]
  const { status, stdout, stderr } = await runScript(
    'bookworm',
    `mkdir -p ${credentials} /run/spire/agent /etc/spire
     cp /srv/* ${credentials}; cp /srv/trust-bundle /etc/spire/bundle.pem
     echo token | tee ${credentials}/join-token >/run/spire/agent/join-token
     ip link set lo up
     PATH=$PATH:/opt/spire/current/bin
     judge() { ${script}
     }
     for case in $(seq 0 ${contents.length - 1}); do judge /cases/$case 2>&1 || true; echo "== end"; done`,
    { files },
  )
  assert.is(status, 0, stderr)
  return stdout.split('== end\n').slice(0, -1)
}

const validate = 'spire-agent validate -config "$1"'

/** Until it asks for an identity: by then all plugins have taken their configuration. Or until it ends. */
const run = `rm -rf /var/lib/spire-agent; mkdir /var/lib/spire-agent; : >/log
  spire-agent run -config "$1" >/log 2>&1 &
  until grep -q 'attestation result' /log || ! kill -0 $! 2>/dev/null; do sleep 0.1; done
  kill $! 2>/dev/null || true
  wait $! || true
  cat /log`

for (const release of releases) {
  test(`the ${release} takes the configuration of every machine`, async () => {
    const cases = distinct(generateAll(release, ['systemd']), '/etc/spire/agent.json')
    assert.ok(cases.size > 20)
    const said = await ask(release, [...cases.keys()], validate)
    assert.is(said.length, cases.size)
    for (const [index, name] of [...cases.values()].entries())
      assert.is(said[index]?.trim(), 'SPIRE agent configuration file is valid.', name)
  })
}

test('the oldest, which does not validate plugins, starts with them', async () => {
  const cases = distinct(generateAll('oldest', ['systemd']), '/etc/spire/agent.json')
  const said = await ask('oldest', [...cases.keys()], run)
  assert.is(said.length, cases.size)
  for (const [index, name] of [...cases.values()].entries())
    assert.match(said[index] ?? '', 'Failed to retrieve attestation result', `${name}: ${said[index]}`)
})

test('the oldest refuses what the table of versions says that it lacks', async () => {
  const all = generateAll('newest', ['systemd'])
  const pick = (name: string) => {
    const [content = ''] = distinct(new Map([[name, all.get(name) ?? []]]), '/etc/spire/agent.json').keys()
    return JSON.parse(content)
  }
  const { agent, ...others } = pick('golden/azure-imds')
  assert.is(agent.disable_sds_api, true)
  const { disable_sds_api: _, ...known } = agent
  const cases = [pick('minimal'), { agent: known, ...others }].map((one) => JSON.stringify(one))
  const [setting = '', attestor = ''] = await ask('oldest', cases, run)
  assert.match(setting, /Unknown configuration detected.*disable_sds_api/)
  assert.match(attestor, /no built-in plugin .*azure_imds/, attestor)
})

test('it refuses an unknown key, and a missing one', async () => {
  for (const release of releases) {
    const [agent = ''] = distinct(generateAll(release, ['systemd']), '/etc/spire/agent.json').keys()
    const changed = [
      ['"data_dir"', '"data_dirs"'],
      ['"trust_domain"', '"trust_domains"'],
    ].map(([from = '', to = '']) => agent.replace(from, to))
    for (const said of await ask(release, changed, validate)) {
      assert.not.match(said, 'file is valid')
      assert.match(said, /data_dirs|trust_domain/)
    }
  }
})

test.run()
