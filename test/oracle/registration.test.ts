import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Ajv } from 'ajv'
import { load, loadAll } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate, type MeshjoinDocument } from '../../lib/index.ts'
import { type EditableDocument, minimalWith } from '../unit/plan/document.ts'
import { readCarriers } from './support/carriers.ts'
import { readDocuments } from './support/cases.ts'
import { makeCertificate, makeHostKey } from './support/machine-keys.ts'
import { freePort } from './support/processes.ts'
import { runCommand } from './support/root.ts'
import { type Release, releases } from './support/spire-releases.ts'
import { fetchAsAgent, type Plugins, type SpireServer, startServer } from './support/spire-server.ts'

const test = suite('a SPIRE server takes the registration entries')
const td = 'root.linkerd.cluster.local'
const servers: SpireServer[] = []

async function serve(...parameters: Parameters<typeof startServer>): Promise<SpireServer> {
  const server = await startServer(...parameters)
  servers.push(server)
  return server
}

/** Asked of each release that judges. */
function each(title: string, body: (release: Release) => Promise<void>): void {
  for (const release of releases) test(`${title} (${release})`, () => body(release))
}

test.after.each(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

/** Places the folder `spire` of a document beside the server. */
function place({ folder }: SpireServer, document: object | string): string {
  const made = generate(document, { targets: ['spire'] })
  assert.ok(made.ok, JSON.stringify(made.diagnostics))
  const root = join(folder, 'out')
  rmSync(root, { recursive: true, force: true })
  for (const { path, content, mode } of made.value ?? []) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content, { mode })
  }
  return join(root, 'spire')
}

async function register(server: SpireServer, document: object | string, ...words: readonly string[]) {
  const folder = place(server, document)
  const program = { SPIRE_SERVER: server.program }
  return runCommand('sh', [join(folder, 'register'), ...words, ...server.flags], '', program)
}

const untouched = /^nothing to change: [0-9]+ on the server, as in the document$/m

/** Machines whose agents have certificates, so that each has an alias too. */
function machines(names: readonly string[], change: (document: EditableDocument) => void = () => {}): object {
  return minimalWith((document) => {
    const { agent } = document.spire
    agent.attestation = { type: 'x509pop', certificateFile: '/a.crt', privateKeyFile: '/a.key' }
    document.machines = names.map((name) => ({ name, namespace: 'shop', role: 'client' }))
    change(document)
  })
}

each('of every document, and a second time there is nothing to change', async (release) => {
  const byDomain = new Map<string, [name: string, text: string][]>()
  const seen = new Set<unknown>()
  for (const [name, text] of [...readDocuments(), ...readCarriers()]) {
    const made = generate(text, { targets: ['spire'] }).value ?? []
    const entries = made.find(({ path }) => path === 'spire/entries.json')?.content
    if (entries === undefined || seen.has(entries)) continue
    seen.add(entries)
    const { trustDomain } = (load(text) as MeshjoinDocument).spire
    byDomain.set(trustDomain, [...(byDomain.get(trustDomain) ?? []), [name, text]])
  }
  assert.ok(seen.size > 12)
  for (const [domain, texts] of byDomain) {
    const server = await serve(release, domain)
    for (const [name, text] of texts) {
      const first = await register(server, text)
      assert.is(first.status, 0, `${name}: ${first.stderr}`)
      const second = await register(server, text, 'check')
      assert.is(second.status, 0, `${name}: ${second.stdout}`)
      assert.match(second.stdout, untouched, name)
    }
  }
})

each(
  'what has changed is updated, what is gone is listed, what others made is left alone',
  async (release) => {
    const server = await serve(release, td)
    const node = `spiffe://${td}/foreign/node`
    const foreign = ['-spiffeID', `spiffe://${td}/foreign`, '-parentID', node, '-selector', 'unix:uid:1']
    await server.ask('entry', 'create', ...foreign, '-dns', 'foreign.example')
    const others = async () => (await server.ask('entry', 'show', '-parentID', node)).stdout
    const before = await others()

    const would = await register(server, machines(['a', 'b']), 'check')
    assert.is(would.status, 1)
    assert.match(would.stdout, 'would create meshjoin.a.node\nwould create meshjoin.a.proxy\n')
    const made = await register(server, machines(['a', 'b']))
    assert.is(made.status, 0, made.stderr)
    assert.match(made.stdout, 'created meshjoin.b.proxy\n')

    const longer = (document: EditableDocument) => {
      document.spire.server = {
        address: 'spire.example.internal',
        generate: true,
        caTtl: '48h',
        x509SvidTtl: '2h',
        attestation: { caFile: '/etc/spire/machines.crt' },
        upstreamAuthority: { certFile: '/etc/spire/ca.crt', keyFile: '/etc/spire/ca.key' },
      }
      document.spire.workload = { selectors: ['unix:uid:2102', 'unix:gid:2102'] }
    }
    const changed = await register(server, machines(['a', 'b'], longer))
    assert.is(changed.status, 0, changed.stderr)
    assert.is(changed.stdout, 'updated meshjoin.a.proxy\nupdated meshjoin.b.proxy\n')
    const shown = (await server.ask('entry', 'show', '-entryID', 'meshjoin.a.proxy')).stdout
    for (const line of [/X509-SVID TTL *: 7200/, /Selector *: unix:gid:2102/, /Selector *: unix:uid:2102/])
      assert.match(shown, line)

    const fewer = await register(server, machines(['a'], longer))
    assert.is(fewer.status, 0)
    assert.match(fewer.stdout, untouched)
    for (const id of ['meshjoin.b.node', 'meshjoin.b.proxy']) {
      assert.match(fewer.stdout, `  spire-server entry delete -entryID '${id}'\n`)
      assert.is((await server.ask('entry', 'show', '-entryID', id)).status, 0, id)
    }
    assert.is(await others(), before)
  },
)

each('a DNS name that somebody put on an entry is taken off again', async (release) => {
  const server = await serve(release, td)
  const document = machines(['a'])
  await register(server, document)
  const ids = ['-spiffeID', `spiffe://${td}/shop/a`, '-parentID', `spiffe://${td}/meshjoin/node/a`]
  const entry = ['-entryID', 'meshjoin.a.proxy', ...ids, '-selector', 'unix:uid:2102', '-hint', 'a']
  assert.is((await server.ask('entry', 'update', ...entry, '-dns', 'a.example')).status, 0)
  assert.is((await register(server, document)).stdout, 'updated meshjoin.a.proxy\n')
  assert.not.match((await server.ask('entry', 'show')).stdout, 'a.example')
})

each('an entry that was made by hand in the way is named, and the rest is registered', async (release) => {
  const server = await serve(release, td)
  const ids = ['-spiffeID', `spiffe://${td}/shop/a`, '-parentID', `spiffe://${td}/meshjoin/node/a`]
  await server.ask('entry', 'create', ...ids, '-selector', 'unix:uid:2102')
  const { status, stdout, stderr } = await register(server, machines(['a', 'b']))
  assert.is(status, 1)
  assert.match(stdout, 'created meshjoin.b.proxy\n')
  assert.match(stderr, `  spire-server entry show -spiffeID 'spiffe://${td}/shop/a'\n`)
})

each('a server that does not answer is no server without entries', async (release) => {
  const server = await serve(release, td)
  const folder = place(server, machines(['a']))
  const words = [join(folder, 'register'), '-socketPath', join(server.folder, 'none.sock')]
  const { status, stdout, stderr } = await runCommand('sh', words, '', { SPIRE_SERVER: server.program })
  assert.is(status, 1)
  assert.is(stdout, '')
  assert.match(stderr, 'register: the SPIRE server does not answer')
})

each('the commands make the same entries, and other shells register alike', async (release) => {
  const server = await serve(release, td)
  const folder = place(server, machines(['a', 'b', 'c.example']))
  const tools = join(server.folder, 'tools')
  mkdirSync(tools)
  writeFileSync(
    join(tools, 'spire-server'),
    `#!/bin/sh\nexec '${server.program}' "$@" ${server.flags.join(' ')}\n`,
  )
  chmodSync(join(tools, 'spire-server'), 0o755)
  const { PATH = '' } = process.env
  const commands = await runCommand('sh', [join(folder, 'commands.sh')], '', { PATH: `${tools}:${PATH}` })
  assert.is(commands.status, 0, commands.stderr)
  execFileSync('busybox', ['--install', '-s', tools])
  for (const name of ['comm', 'split']) symlinkSync(`/usr/bin/${name}`, join(tools, name))
  const shells: [string[], string][] = [
    [['sh'], `${tools}:${PATH}`],
    [['bash'], `${tools}:${PATH}`],
    // Its own sed, sort and so on; Debian's is without comm and split.
    [[join(tools, 'sh')], tools],
  ]
  for (const [[shell = '', ...words], path] of shells) {
    const said = await runCommand(shell, [...words, join(folder, 'register'), 'check'], '', { PATH: path })
    assert.is(said.status, 0, said.stderr)
    assert.match(said.stdout, untouched, shell)
    await server.ask('entry', 'delete', '-entryID', 'meshjoin.a.node')
    const again = await runCommand(shell, [...words, join(folder, 'register')], '', { PATH: path })
    assert.is(again.stdout, 'created meshjoin.a.node\n', `${shell}: ${again.stderr}`)
  }
})

test('shellcheck finds nothing in what is run', async () => {
  const server = await serve('newest', td)
  const folder = place(server, machines(['a']))
  for (const name of ['register', 'commands.sh']) {
    const { status, stdout } = await runCommand('shellcheck', ['-s', 'sh', join(folder, name)])
    assert.is(stdout, '')
    assert.is(status, 0)
  }
})

test('the objects are what the CRD of the controller manager takes', () => {
  const folder = process.env.MESHJOIN_SCHEMAS ?? ''
  const name = 'crds/strict/clusterstaticentry.v1alpha1.spire.spiffe.io.json'
  const takes = new Ajv({ strict: false }).compile(JSON.parse(readFileSync(join(folder, name), 'utf8')))
  let count = 0
  for (const [title, text] of [...readDocuments(), ...readCarriers()]) {
    const made = generate(text, { targets: ['spire'] })
    const file = made.value?.find(({ path }) => path === 'spire/entries.yaml')
    for (const object of loadAll(String(file?.content ?? ''))) {
      assert.ok(takes(object), `${title}: ${JSON.stringify(takes.errors)}`)
      count++
    }
  }
  assert.ok(count > 30)
  assert.not.ok(takes({ apiVersion: 'spire.spiffe.io/v1alpha1', kind: 'ClusterStaticEntry', spec: {} }))
})

each('agents get the identity below these entries, by each way to know them', async (release) => {
  const keys = mkdtempSync(join(tmpdir(), 'meshjoin-keys-'))
  try {
    await attest(release, keys)
  } finally {
    rmSync(keys, { recursive: true, force: true })
  }
})

async function attest(release: Release, keys: string): Promise<void> {
  const { leaf, sha1 } = makeCertificate(keys)
  const { ssh, fingerprint } = makeHostKey(keys)
  const port = await freePort()
  const server = await serve(release, td, {
    x509pop: { ca_bundle_path: join(keys, 'ca.crt') },
    sshpop: { cert_authorities_path: join(keys, 'ssh-ca.pub') },
    http_challenge: { allow_non_root_ports: true },
  })
  const certificate = { certificate_path: `${leaf}.crt`, private_key_path: `${leaf}.key` }
  const kinds: [name: string, attestation: Attestation, own: object, plugin: Plugins][] = [
    [
      'by-name',
      { type: 'x509pop', certificateFile: '/a.crt', privateKeyFile: '/a.key' },
      { commonName: 'machine 1' },
      { x509pop: certificate },
    ],
    [
      'by-print',
      { type: 'x509pop', certificateFile: '/a.crt', privateKeyFile: '/a.key' },
      { fingerprint: sha1 },
      { x509pop: certificate },
    ],
    [
      'by-host-key',
      { type: 'sshpop' },
      { fingerprint },
      { sshpop: { host_key_path: ssh, host_cert_path: `${ssh}-cert.pub` } },
    ],
    [
      'by-host',
      { type: 'http_challenge', port: 80 },
      { hostname: hostname() },
      { http_challenge: { hostname: hostname(), port } },
    ],
  ]
  for (const [name, { type, ...options }, own, plugins] of kinds) {
    const document = machines([name], (one) => {
      one.spire.agent.attestation = { type, ...options }
      for (const machine of one.machines) machine.attestation = own
    })
    const made = await register(server, document)
    assert.is(made.status, 0, `${name}: ${made.stderr}`)
    const identity = `spiffe://${td}/shop/${name}`
    const said = await fetchAsAgent(server, td, plugins, new RegExp(`SPIFFE ID:\\s+${identity}$`, 'm'))
    assert.match(said, 'Received 1 svid', name)
    // The next one attests with the same certificate, and must not get this one's.
    for (const id of [`meshjoin.${name}.node`, `meshjoin.${name}.proxy`])
      await server.ask('entry', 'delete', '-entryID', id)
  }
}

type Attestation = NonNullable<MeshjoinDocument['spire']['agent']['attestation']>

test.run()
