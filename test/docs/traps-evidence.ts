/** What the cases of docs/traps.md ask of the output, and what they read it from. */
import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import * as assert from 'uvu/assert'
import { escapeExecArgument, escapeUnitText } from '../../lib/escape/unit.ts'
import { generate } from '../../lib/index.ts'
import { wrapMultipart } from '../../lib/targets/cloud-init/multipart.ts'

export type Change = readonly [pointer: string, value: unknown]
export type Case = readonly [key: string, what: string, check: () => void]

export const folder = 'systemd/legacy-app'
export const units = `${folder}/etc/systemd/system`
export const etc = `${folder}/etc/linkerd`
export const plain = artifacts()
export const sixth: Change = ['/machines/0/addresses/1', '2001:db8::42']
export const clone = {
  name: 'other',
  namespace: 'mixed-env',
  addresses: ['203.0.113.43'],
  ports: [{ name: 'http', port: 80 }],
}
export const certificate = at(load(readFileSync('examples/minimal.yaml', 'utf8')), [
  'mesh',
  'trustAnchors',
]) as string
export const pathless = readFileSync('test/unit/config/certificates/pathlen-0.pem', 'utf8')
export const pathOfOne = readFileSync('test/unit/config/certificates/pathlen-1.pem', 'utf8')
/** A SPIRE server of the document's own. */
export const ownServer = {
  address: 'spire.example.internal',
  generate: true,
  upstreamAuthority: { certFile: '/etc/ca.crt', keyFile: '/etc/ca.key' },
}
export const leaf = readFileSync('test/unit/config/certificates/leaf.pem', 'utf8')
export const rootKey = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'

/** The file of the minimal document, changed, has each text and none of the patterns. */
export function has(
  key: string,
  path: string,
  texts: readonly string[],
  never: readonly RegExp[] = [],
  ...changes: Change[]
): Case {
  return [
    key,
    path.split('/').at(-1) ?? '',
    () => {
      const content = (changes.length === 0 ? plain : artifacts(...changes)).get(path)
      assert.ok(content !== undefined, `there is no ${path}`)
      for (const text of texts) assert.ok(content.includes(text), `${path} has no ${text}`)
      for (const pattern of never) assert.not.match(content, pattern)
    },
  ]
}

/** The minimal document, changed, gets the diagnostic, and without the change it does not. */
export function gives(key: string, code: string, ...changes: Change[]): Case {
  return [
    key,
    code,
    () => {
      const codes = generate(change(...changes)).diagnostics.map((diagnostic): string => diagnostic.code)
      assert.ok(codes.includes(code), `${code} is not among: ${codes.join(', ')}`)
      if (changes.length > 0)
        assert.not.ok(generate(change()).diagnostics.some((diagnostic) => diagnostic.code === code))
    },
  ]
}

export function rulesOf(chain: string): string[] {
  const lines = (plain.get(`${etc}/redirect.v4`) ?? '').split('\n')
  return lines.filter((line) => line.startsWith(`-A ${chain}`))
}

export function sshComesFirst(): void {
  for (const chain of ['MESHJOIN_INBOUND', 'MESHJOIN_OUTBOUND']) {
    const rules = rulesOf(chain)
    const ssh = rules.findIndex((rule) => rule.endsWith(' -p tcp --dport 22 -j RETURN'))
    const redirect = rules.findIndex((rule) => rule.includes('-j REDIRECT'))
    assert.ok(ssh >= 0 && ssh < redirect, chain)
  }
}

export function redirects(chains: readonly string[]): string[] {
  const found = chains.flatMap(rulesOf).filter((rule) => rule.includes('-j REDIRECT'))
  assert.ok(found.length > 0)
  return found
}

export function everyRedirectIsLimited(): void {
  for (const rule of redirects(['MESHJOIN_OUTBOUND']))
    assert.match(rule, / -d [0-9.]+\/([1-9]|[12][0-9]|3[0-2]) /)
}

export function everyRedirectIsOfSyn(): void {
  for (const rule of redirects(['MESHJOIN_INBOUND', 'MESHJOIN_OUTBOUND']))
    assert.match(rule, / -p tcp .*--syn /)
}

export function environmentIsQuoted(): void {
  const { value = [] } = generate(change())
  const files = value.filter(({ path }) => path.startsWith(folder) && path.endsWith('.env'))
  assert.is(files.length, 2)
  for (const { mode, content } of files) {
    assert.is(mode, 0o600)
    assert.match(String(content), /^(#.*\n|[A-Z0-9_]+='[^'\\]*'\n)+$/)
  }
}

export function unitsAreEscaped(): void {
  assert.is(escapeExecArgument('100% of $HOME'), '"100%% of $$HOME"')
  assert.is(escapeUnitText('100%'), '100%%')
}

export function userData(): { write_files: { owner?: string; defer?: boolean }[]; runcmd: unknown } {
  return load(plain.get('cloud-init/legacy-app/user-data') ?? '') as ReturnType<typeof userData>
}

export function startsWithHeader(): void {
  assert.ok(plain.get('cloud-init/legacy-app/user-data')?.startsWith('#cloud-config\n'))
}

export function filesBelongToRoot(): void {
  const { write_files } = userData()
  assert.ok(write_files.length > 10)
  // Left out, the owner is root:root.
  for (const entry of write_files) assert.not.ok('owner' in entry || 'defer' in entry)
}

export function runsOneCommand(): void {
  assert.equal(userData().runcmd, [['/usr/local/sbin/mesh-machine', 'install']])
}

export function noUnitWaitsForCloudInit(): void {
  const files = [...plain].filter(([path]) => path.startsWith(units))
  assert.ok(files.length > 5)
  for (const [path, content] of files)
    assert.not.match(content, /^(After|Requires|BindsTo)=.*(cloud-|multi-user)/m, path)
}

export function boundaryIsNotInText(): void {
  const text = 'a\n--meshjoin-boundary\nb\n'
  const [, boundary = ''] = /boundary="([^"]+)"/.exec(wrapMultipart(text)) ?? []
  assert.ok(boundary !== '' && !text.includes(`--${boundary}\n`))
}

/** Hetzner takes 32 KiB, and this document does not ask for compression. */
export function tooLargeIsAnError(): void {
  const { diagnostics } = generate(
    change(['/cloudInit', { platform: 'hetzner' }], ['/mesh/trustAnchors', certificate.repeat(60)]),
  )
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  assert.equal(
    errors.map(({ code }) => code),
    ['user-data-too-large'],
  )
}

export function service(namespace: string): object {
  return { name: 'web', namespace, selector: { app: 'a' }, ports: [{ name: 'one', port: 81 }] }
}

/** Text artifacts of the minimal document, changed, by their path. */
export function artifacts(...changes: Change[]): Map<string, string> {
  const { value = [], diagnostics } = generate(change(...changes))
  assert.ok(value.length > 0, diagnostics.map(({ message }) => message).join('; '))
  return new Map(value.map(({ path, content }) => [path, String(content)]))
}

/** The minimal document with other values at some places; maps and lists on the way are there or are made. */
export function change(...changes: Change[]): object {
  const document = load(readFileSync('examples/minimal.yaml', 'utf8')) as Record<string, unknown>
  for (const [pointer, value] of changes) {
    const keys = pointer.slice(1).split('/')
    const parent = at(document, keys.slice(0, -1)) as Record<string, unknown>
    parent[keys.at(-1) ?? ''] = value
  }
  return document
}

export function at(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce((inner, key) => (inner as Record<string, unknown>)[key], value)
}
