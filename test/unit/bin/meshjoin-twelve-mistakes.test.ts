/** The acceptance test of the diagnostics: twelve mistakes of different kinds are all reported, in one run. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readCertificate } from '../diagnostics/base.ts'
import { fromSources, inFolder, type RunOptions, start } from './run.ts'

const test = suite('twelve mistakes in one document')

const meshjoin = (args: readonly string[], options?: RunOptions) => start(fromSources, args, options)

const indented = readCertificate('leaf').trimEnd().split('\n').join('\n    ')

/** «code» stands before the place where that code must be reported; it is not part of the document. */
const marked = `apiVersion: meshjoin/v1
mesh:
  linkerdVersion: «linkerd-known-broken»edge-25.3.2
  «unknown-key»clusterNetwork: [10.42.0.0/16]
  clusterNetworks: [10.42.0.0/16, «network-invalid»10.43.0.1/16]
  dns: {servers: [10.43.0.10]}
  trustAnchors: |
    «pem-not-ca»${indented}
proxy:
  version: «wrong-type»2.326
  install:
    from: download
    sha256: {amd64: «bad-format»xyz}
  defaultInboundPolicy: all-unauthenticated
  settings:
    «setting-forbidden»LINKERD2_PROXY_IDENTITY_DISABLED: "1"
spire:
  trustDomain: root.linkerd.cluster.local
  server: {address: spire.example.internal}
  agent:
    version: 1.15.3
    install: {from: download, sha256: {amd64: a19a95d52f8e85639c340023c558ae09e5251b037b2f82441e464bd13429c3f1}}
    attestation: {type: join_token, file: «path-volatile»/tmp/join-token}
redirect:
  backend: «unknown-value»iptable
machines:
  - name: app-1
    namespace: shop
    addresses: [203.0.113.42]
    ports: [{name: http, port: «out-of-range»99999}, {name: ssh, port: «port-ssh»22}]
  - name: app-2
    namespace: shop
    addresses: [203.0.113.43]
    ports: [{name: http, port: 80}]
    identity:
      spiffeId: «identity-trust-domain»spiffe://elsewhere.example/app-2
`

interface Finding {
  readonly code: string
  readonly line: number
  readonly column: number
}

function takeMarks(): { readonly text: string; readonly expected: Finding[] } {
  const expected: Finding[] = []
  let text = ''
  for (const [index, part] of marked.split(/[«»]/).entries()) {
    const lines = text.split('\n')
    if (index % 2 === 0) text += part
    else expected.push({ code: part, line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 })
  }
  return { text, expected }
}

const { text, expected } = takeMarks()

test('there are twelve of them, of twelve kinds', () => {
  assert.is(expected.length, 12)
  assert.is(new Set(expected.map(({ code }) => code)).size, 12)
})

test('validate reports all twelve at their places and nothing else, and exits with 1', async () => {
  const { code, stdout, stderr } = await meshjoin(['validate', '-', '--format', 'json'], { stdin: text })
  const report: { diagnostics: { code: string; severity: string; location: Omit<Finding, 'code'> }[] } =
    JSON.parse(stdout)
  const found = report.diagnostics.map(({ code, location }) => ({ code, ...location }))
  assert.equal(found, expected)
  assert.ok(report.diagnostics.every(({ severity }) => severity === 'error'))
  assert.is(code, 1)
  assert.is(stderr, '')
})

test('for people, each comes with file, line, column, source line and remedy', () =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, 'mesh.yaml'), text)
    const { code, stdout, stderr } = await meshjoin(['validate', 'mesh.yaml'], { cwd: folder })
    for (const { code, line, column } of expected)
      assert.ok(stderr.includes(`mesh.yaml:${line}:${column}: error[${code}]: `), code)
    assert.is(stderr.match(/^ {2}help: /gm)?.length, 12)
    assert.is(stderr.match(/^ +\| +\^$/gm)?.length, 12)
    assert.ok(stderr.endsWith('\n12 errors\n'))
    assert.is(stdout, '')
    assert.is(code, 1)
  }))

test('generate reports the same and then writes nothing', () =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, 'mesh.yaml'), text)
    const { code, stdout, stderr } = await meshjoin(['generate', 'mesh.yaml', '--out', 'out'], {
      cwd: folder,
    })
    assert.is(stderr.match(/^mesh\.yaml:[0-9]+:[0-9]+: error\[/gm)?.length, 12)
    assert.is(stdout, '')
    assert.is(code, 1)
    assert.is(existsSync(join(folder, 'out')), false)
    assert.equal(readdirSync(folder), ['mesh.yaml'])
  }))

test.run()
