/**
 * The proxy from the layer of an image: the machine's own program asks registries on loopback, of which most are hostile. What
 * counts is where passwords and tokens went, and that nothing was installed.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate } from '../../lib/index.ts'
import { type EditableDocument, minimalWith } from '../unit/plan/document.ts'
import { type Answer, endlessly, type Servers, startServers } from './support/registry.ts'
import { runCommand } from './support/root.ts'

const test = suite('the proxy from its image')

const hosts = {
  registry: 'registry.mesh.example',
  tokens: 'auth.mesh.example',
  blobs: 'blobs.example.net',
  elsewhere: 'auth.mesh.example.net',
} as const
const password = 'pass"word\\ with %s $HOME {}'
const user = 'robot$mesh+machines'
const token = 'eyJ0eXAi.abc-_~+/=='
const basic = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
const path = '/usr/lib/linkerd/linkerd2-proxy'

let servers: Servers
let work: string

test.before(async () => {
  servers = await startServers(Object.values(hosts))
  work = mkdtempSync(join(tmpdir(), 'meshjoin-registry-'))
})
test.after(() => {
  servers?.close()
  if (work !== undefined) rmSync(work, { recursive: true, force: true })
})

/** A layer as image builders make it, with more in it than is wanted. */
function makeLayer(text: string, prefix = ''): Buffer {
  const folder = mkdtempSync(join(work, 'layer-'))
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  writeFileSync(`${file}-identity`, 'another program\n')
  const options = prefix === '' ? [] : ['-P', `--transform=s|^usr|${prefix}usr|`]
  return execFileSync('tar', ['-C', folder, ...options, '-czf', '-', 'usr'])
}

const digestOf = (content: Buffer) => `sha256:${createHash('sha256').update(content).digest('hex')}`

interface Wanted {
  readonly layer: Buffer
  readonly version?: string
  readonly login?: boolean
  readonly mode?: number
  readonly password?: string
}

interface Outcome {
  readonly code: number
  readonly said: string
  readonly failure: { readonly id: string; readonly what: string } | undefined
  /** What any user could read of it while it ran. */
  readonly public: string
  readonly tree: string
  readonly binary: string
}

/** Runs the program on a machine that has version v2.300.0 in use. */
async function install(wanted: Wanted): Promise<Outcome> {
  const folder = mkdtempSync(join(work, 'run-'))
  const root = join(folder, 'root')
  const place = (name: string, content: string, mode = 0o644) => {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), content)
    chmodSync(join(root, name), mode)
  }
  for (const { path: name, content, mode } of machineFiles(wanted))
    place(name, typeof content === 'string' ? content : new TextDecoder().decode(content), mode)
  const program = join(root, 'usr/local/sbin/mesh-machine-registry')
  const text = readFileSync(program, 'utf8')
  // Half a gigabyte would take long: a megabyte is as good.
  assert.ok(text.includes(' 1048576 900 '))
  writeFileSync(program, text.replace(' 1048576 900 ', ' 2048 900 '))
  place(
    '/etc/hosts',
    Object.values(hosts)
      .map((name) => `127.0.0.1 ${name}\n`)
      .join(''),
  )
  place('/etc/registry-ca.pem', servers.certificate)
  place('/etc/registry-password', `${wanted.password ?? password}\n`, wanted.mode ?? 0o600)
  place('/opt/linkerd/v2.300.0/linkerd2-proxy', 'old\n', 0o755)
  place('/opt/linkerd/v2.300.0/.meshjoin', 'of an earlier version\n')
  execFileSync('ln', ['-s', 'v2.300.0', join(root, 'opt/linkerd/current')])
  const script = join(import.meta.dirname, 'support/registry.sh')
  const { status, stderr } = await runCommand(script, [folder])
  assert.is(status, 0, stderr)
  const left = (name: string) => readFileSync(join(folder, name), 'utf8')
  const failed = Number(left('code')) !== 0
  return {
    code: Number(left('code')),
    said: left('said'),
    failure: failed ? JSON.parse(left('failure')) : undefined,
    public: left('public'),
    tree: left('tree'),
    binary: left('binary'),
  }
}

function machineFiles({ layer, version = 'v2.368.0', login = false }: Wanted) {
  const document: EditableDocument = minimalWith((minimal) => {
    minimal.proxy.version = version
    minimal.proxy.install = {
      from: 'image',
      image: `${hosts.registry}:${servers.port}/mirror/linkerd/proxy`,
      layer: { [architecture]: digestOf(layer) },
      caFile: '/etc/registry-ca.pem',
      ...(login ? { username: user, passwordFile: '/etc/registry-password' } : {}),
    }
    minimal.spire.agent.install = { from: 'preinstalled', path: '/usr/bin/true' }
  })
  const generated = generate(document, { targets: ['systemd'] })
  if (!generated.ok) throw new Error(JSON.stringify(generated.diagnostics))
  const folder = 'systemd/legacy-app'
  return generated.value
    .filter((file) => file.path.startsWith(`${folder}/`))
    .map((file) => ({ ...file, path: file.path.slice(folder.length) }))
}

const at = (host: string, rest = '') => `https://${host}:${servers.port}${rest}`
const blobPath = (layer: Buffer) => `/v2/mirror/linkerd/proxy/blobs/${digestOf(layer)}`
const send =
  (layer: Buffer): Answer =>
  (_, response) =>
    response.end(layer)
const redirectTo = (response: ServerResponse, location: string, code = 307) =>
  response.writeHead(code, { location }).end()
const challenge =
  (words: string): Answer =>
  (_, response) =>
    response.writeHead(401, { 'www-authenticate': words }).end('{"errors":[]}')
const bearer = (realm: string, more = '') =>
  `Bearer realm="${realm}",service="the registry",scope="repository:mirror/linkerd/proxy:pull"${more}`
/** Asks for a login first, then goes on as `next`. */
const locked =
  (words: string, key: string, next: Answer): Answer =>
  (request, response) =>
    request.headers.authorization === key ? next(request, response) : challenge(words)(request, response)
const sayToken =
  (text: string): Answer =>
  (_, response) =>
    response.end(text)

/** The old version is in use, nothing else is there, and no secret showed anywhere. */
function isRefused(outcome: Outcome, id: string, ...words: readonly RegExp[]): void {
  assert.is(outcome.failure?.id, id, outcome.said)
  assert.is(outcome.code, id === 'registry' || id === 'unpack' ? 4 : 3, outcome.said)
  for (const word of words) assert.match(outcome.failure?.what ?? '', word)
  assert.is(outcome.binary, 'old\n')
  const names = outcome.tree
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[0])
  assert.equal(names, [
    'linkerd',
    'linkerd/current',
    'linkerd/v2.300.0',
    'linkerd/v2.300.0/.meshjoin',
    'linkerd/v2.300.0/linkerd2-proxy',
  ])
  keepsSecrets(outcome)
}

function isInstalled(outcome: Outcome, text: string): void {
  assert.is(outcome.code, 0, outcome.said)
  assert.is(outcome.binary, text)
  assert.match(outcome.tree, /linkerd\/current l 777 v2\.368\.0\n/)
  assert.match(outcome.tree, /linkerd\/v2\.368\.0\/linkerd2-proxy f 755 \n/)
  assert.not.match(outcome.tree, /identity|archive|headers|\.new/)
  keepsSecrets(outcome)
}

function keepsSecrets(outcome: Outcome): void {
  for (const secret of [password, token, 'SIGNATURE', basic.slice(6)])
    for (const text of [outcome.said, outcome.public, JSON.stringify(outcome.failure ?? '')])
      assert.not.ok(text.includes(secret), text)
  for (const { host, authorization } of servers.seen) {
    if (authorization.startsWith('Basic')) assert.ok(host === hosts.registry || host === hosts.tokens, host)
    if (host === hosts.blobs || host === hosts.elsewhere) assert.is(authorization, '', host)
  }
}

test('without a login: one request, one file of the layer, and nothing the next time', async () => {
  const layer = makeLayer('new\n')
  servers.answer({ [hosts.registry]: send(layer) })
  const outcome = await install({ layer })
  isInstalled(outcome, 'new\n')
  assert.equal(servers.seen, [{ host: hosts.registry, path: blobPath(layer), authorization: '' }])
  // A server that says nothing, or next to nothing, is not waited for.
  assert.match(outcome.public, /--connect-timeout\n10\n-Y\n1000\n-y\n30\n-m\n900\n/)
})

test('names in the layer may begin as image builders like', async () => {
  for (const prefix of ['./', '/']) {
    const layer = makeLayer(`new ${prefix}\n`, prefix)
    servers.answer({ [hosts.registry]: send(layer) })
    isInstalled(await install({ layer }), `new ${prefix}\n`)
  }
})

test('a token without a password; a name that no registry of ours has for its scope is not asked for', async () => {
  const layer = makeLayer('new\n')
  for (const [words, scope] of [
    [bearer(at(hosts.tokens, '/token?a=b')), 'repository:mirror/linkerd/proxy:pull'],
    [
      `Bearer realm="${at(hosts.tokens, '/token?a=b')}",scope="repository:x:pull,push"`,
      'repository:mirror/linkerd/proxy:pull',
    ],
    [
      `bearer realm="${at(hosts.tokens, '/token?a=b')}", scope="repository:remote/proxy:pull"`,
      'repository:remote/proxy:pull',
    ],
  ] as const) {
    servers.answer({
      [hosts.registry]: locked(words, `Bearer ${token}`, send(layer)),
      [hosts.tokens]: sayToken(`{ "expires_in": 300,\n "token" : "${token.replace('/', '\\/')}" }\n`),
    })
    isInstalled(await install({ layer }), 'new\n')
    const asked = servers.seen.find(({ host }) => host === hosts.tokens)
    assert.is(asked?.authorization, '')
    const query = new URL(asked?.path ?? '', 'https://a').searchParams
    assert.is(query.get('scope'), scope)
    assert.is(query.get('a'), 'b')
    assert.is(query.get('service'), words.includes('service') ? 'the registry' : null)
  }
})

test('a token for a password, by both names that its field may have', async () => {
  const layer = makeLayer('new\n')
  for (const field of ['token', 'access_token']) {
    servers.answer({
      [hosts.registry]: locked(bearer(at(hosts.tokens, '/token')), `Bearer ${token}`, send(layer)),
      [hosts.tokens]: locked(
        'Basic realm="t"',
        basic,
        sayToken(`{"refresh_token":"other","${field}":"${token}"}`),
      ),
    })
    isInstalled(await install({ layer, login: true }), 'new\n')
    assert.equal(
      servers.seen.map(({ host, authorization }) => [host, authorization]),
      [
        [hosts.registry, ''],
        [hosts.tokens, basic],
        [hosts.registry, `Bearer ${token}`],
      ],
    )
  }
})

test('a password for the registry itself, with a blob on another host that gets none', async () => {
  const layer = makeLayer('new\n')
  servers.answer({
    [hosts.registry]: locked('Basic realm="r"', basic, (_, response) =>
      redirectTo(response, at(hosts.blobs, '/b[0]/{x}?X-SIGNATURE=1')),
    ),
    [hosts.blobs]: send(layer),
  })
  isInstalled(await install({ layer, login: true }), 'new\n')
  assert.equal(
    servers.seen.map(({ host, authorization }) => [host, authorization]),
    [
      [hosts.registry, ''],
      [hosts.registry, basic],
      [hosts.blobs, ''],
    ],
  )
})

test('a name that leads to another registry: its token is for it alone, and the password is not for it', async () => {
  const layer = makeLayer('new\n')
  const leads: Answer = (request, response) => redirectTo(response, at(hosts.tokens, request.url), 301)
  const own: Answer = (request, response) =>
    request.url?.startsWith('/token') === true
      ? response.end(`{"token":"${token}"}`)
      : locked(bearer(at(hosts.tokens, '/token')), `Bearer ${token}`, send(layer))(request, response)
  servers.answer({ [hosts.registry]: leads, [hosts.tokens]: own })
  isInstalled(await install({ layer, login: true }), 'new\n')
  assert.not.ok(servers.seen.some(({ authorization }) => authorization === basic))
  servers.answer({ [hosts.registry]: leads, [hosts.tokens]: challenge('Basic realm="x"') })
  isRefused(
    await install({ layer, login: true }),
    'registry-login',
    /wants a password, which is for registry\.mesh\.example:\d+ alone/,
  )
  assert.not.ok(servers.seen.some(({ authorization }) => authorization !== ''))
})

test('a token server that is not akin to the registry gets no password', async () => {
  const layer = makeLayer('new\n')
  for (const realm of [hosts.elsewhere, hosts.blobs]) {
    servers.answer({
      [hosts.registry]: challenge(bearer(at(realm, '/token'))),
      [realm]: sayToken(`{"token":"${token}"}`),
    })
    const outcome = await install({ layer, login: true })
    isRefused(outcome, 'registry-login', /wants the password sent to .*, which is not akin to it/)
    assert.equal(
      servers.seen.map(({ host }) => host),
      [hosts.registry],
    )
  }
})

test('challenges that say nothing, or something hostile', async () => {
  const layer = makeLayer('new\n')
  const realms = [
    'http://auth.mesh.example/token',
    `https://user:word@${hosts.tokens}/`,
    'https://auth.mesh.example/"; output = "/etc/passwd',
    'file:///etc/shadow',
    `${at(hosts.tokens)}/\\"\\n`,
    '',
  ]
  for (const realm of realms) {
    servers.answer({
      [hosts.registry]: challenge(`Bearer realm="${realm}",service="s"`),
      [hosts.tokens]: sayToken('{}'),
    })
    const outcome = await install({ layer, login: true })
    isRefused(outcome, 'registry', /no https address of a token server|its answer has no token|curl: \(7\)/)
  }
  servers.answer({ [hosts.registry]: challenge(`Bearer realm="${at(hosts.tokens)}",service="a\\b;c"`) })
  isRefused(await install({ layer, login: true }), 'registry', /strange letters/)
  for (const words of ['', 'Negotiate', 'Digest realm="r"']) {
    servers.answer({
      [hosts.registry]: words === '' ? (_, response) => response.writeHead(401).end() : challenge(words),
    })
    isRefused(await install({ layer, login: true }), 'registry', /does not say how to log in/)
  }
  servers.answer({ [hosts.registry]: challenge('Basic realm="r"') })
  isRefused(await install({ layer }), 'registry-login', /the document has no username/)
})

test('token answers that are none', async () => {
  const layer = makeLayer('new\n')
  const answers: Answer[] = [
    ...[
      '<html>no</html>',
      '',
      '{}',
      '{"token":""}',
      '{"token":"a\\nb"}',
      '{"token":"a\\"b"}',
      '{"token":12}',
      '["token"]',
      '{"token":"a b"}',
      '{"token":"a\u0001b"}',
      `"token":"${token}"`,
      `{"other":"\\"token\\":\\"x"}`,
    ].map(sayToken),
    (_, response) => endlessly(response, `{"token":"${token}",`),
  ]
  for (const answer of answers) {
    servers.answer({
      [hosts.registry]: locked(bearer(at(hosts.tokens, '/token')), `Bearer ${token}`, send(layer)),
      [hosts.tokens]: answer,
    })
    isRefused(await install({ layer, login: true }), 'registry', /has no token|it sends more than 64 kB/)
  }
  for (const [code, id] of [
    [401, 'registry-login'],
    [403, 'registry-login'],
    [302, 'registry'],
    [503, 'registry'],
  ] as const) {
    servers.answer({
      [hosts.registry]: challenge(bearer(at(hosts.tokens, '/token'))),
      [hosts.tokens]: (_, response) =>
        response.writeHead(code, { location: at(hosts.blobs, '/token') }).end(),
    })
    isRefused(await install({ layer, login: true }), id, new RegExp(String(code)))
    assert.not.ok(servers.seen.some(({ host }) => host === hosts.blobs))
  }
})

test('redirects to http, to nowhere, and without end', async () => {
  const layer = makeLayer('new\n')
  for (const target of [
    `http://${hosts.blobs}:${servers.port}/x`,
    'ftp://a/b',
    'file:///etc/passwd',
    `https://a:b@${hosts.blobs}/`,
  ]) {
    servers.answer({ [hosts.registry]: (_, response) => redirectTo(response, target) })
    isRefused(await install({ layer }), 'registry', /redirects to what is no https address/)
  }
  servers.answer({ [hosts.registry]: (_, response) => response.writeHead(302).end() })
  isRefused(await install({ layer }), 'registry', /redirects to what is no https address/)
  servers.answer({ [hosts.registry]: (request, response) => redirectTo(response, `${request.url}1`) })
  isRefused(await install({ layer }), 'registry', /goes on redirecting/)
  assert.is(servers.seen.length, 8)
})

test('what is not the layer', async () => {
  const layer = makeLayer('new\n')
  const other = makeLayer('other\n')
  const length =
    (count: number): Answer =>
    (_, response) => {
      response.writeHead(200, { 'content-length': count })
      response.write(layer)
      response.destroy()
    }
  const cases: [Answer, string, RegExp][] = [
    [
      send(other),
      'checksum',
      new RegExp(`has sha256 ${digestOf(other).slice(7)}, not ${digestOf(layer).slice(7)}`),
    ],
    [length(layer.length + 10), 'registry', /curl: \(\d+\)/],
    [
      (_, response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>'),
      'registry',
      /a web page, not a layer/,
    ],
    [(_, response) => response.end('<html>sign in</html>'), 'checksum', /has sha256/],
    [(_, response) => response.end(), 'checksum', /has sha256/],
    [(_, response) => response.writeHead(404).end(), 'registry', /no such layer \(404\)/],
    [
      (_, response) => response.writeHead(403).end(),
      'registry-login',
      /does not let somebody without a password read it \(403\)/,
    ],
    [(_, response) => response.writeHead(204).end(), 'registry', /answers 204/],
    [(_, response) => response.writeHead(500).end(), 'registry', /answers 500/],
    [
      (_, response) => endlessly(response, '0123456789'),
      'registry',
      /it sends more than 1024 kB, or there is no room/,
    ],
    [(request) => endlessHeaders(request.socket), 'registry', /it sends more than|curl: \(\d+\)/],
    [(request) => request.socket.end('rubbish\r\n\r\n'), 'registry', /curl: \(\d+\)/],
  ]
  for (const [answer, id, words] of cases) {
    servers.answer({ [hosts.registry]: answer })
    isRefused(await install({ layer }), id, words)
  }
  const noImage = execFileSync('tar', ['-C', work, '-czf', '-', '--files-from=/dev/null'])
  servers.answer({ [hosts.registry]: send(noImage) })
  isRefused(await install({ layer: noImage }), 'unpack', /usr\/lib\/linkerd\/linkerd2-proxy of https/)
  const noArchive = Buffer.from('no archive at all')
  servers.answer({ [hosts.registry]: send(noArchive) })
  isRefused(await install({ layer: noArchive }), 'unpack')
})

function endlessHeaders(socket: import('node:net').Socket): void {
  socket.write('HTTP/1.1 401 Unauthorized\r\n')
  const lines = 'www-authenticate: Basic realm="x"\r\n'.repeat(1000)
  socket.on('error', () => {})
  const write = (): void => {
    while (!socket.destroyed && socket.write(lines));
    if (!socket.destroyed) socket.once('drain', write)
  }
  write()
}

test('a server whose certificate nobody here has signed', async () => {
  const layer = makeLayer('new\n')
  const others = await startServers(Object.values(hosts))
  const own = servers
  try {
    others.answer({ [hosts.registry]: send(layer) })
    servers = { ...others, certificate: own.certificate }
    isRefused(await install({ layer }), 'registry', /curl: \(60\) SSL certificate problem/)
  } finally {
    servers = own
    others.close()
  }
})

test('a password file that others can read, that is not there or has no password', async () => {
  const layer = makeLayer('new\n')
  const locks = { [hosts.registry]: locked('Basic realm="r"', basic, send(layer)) }
  for (const [change, words] of [
    [{ mode: 0o640 }, /registry-password is open to others than its owner/],
    [{ mode: 0o604 }, /registry-password is open to others than its owner/],
    [{ password: '' }, /is not one line with a password/],
    [{ password: 'two\nlines' }, /is not one line with a password/],
    [{ password: 'wrong' }, /does not let robot\$mesh\+machines read it \(401\)/],
  ] as const) {
    servers.answer(locks)
    isRefused(await install({ layer, login: true, ...change }), 'registry-login', words)
  }
})

test.run()
