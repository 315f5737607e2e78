/** A private key or a token that was pasted where it does not belong is never repeated: a log may keep it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { formatDiagnostic, generate, validate } from '../../../lib/index.ts'
import { base, type Edit, edit, makePrivateKey, readCertificate } from './base.ts'

const test = suite('secrets in the wrong place')

/** Everything that meshjoin says of a text, in both forms. */
function saying(text: string): string {
  const { diagnostics, ok } = validate(text)
  assert.is(ok, false, text)
  return [
    JSON.stringify(diagnostics),
    JSON.stringify(generate(text).diagnostics),
    ...diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)),
    ...diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, { source: text, color: true })),
  ].join('\n')
}

const key = makePrivateKey()
const lines = key.trimEnd().split('\n')
const bodyLines = lines.slice(1, -1)

function expectSilence(text: string, what: string): void {
  const said = saying(text)
  for (const line of bodyLines) {
    for (let at = 0; at + 8 <= line.length; at += 4)
      assert.not.ok(said.includes(line.slice(at, at + 8)), `${what}:\n${said}`)
  }
}

const anchorLines = /trustAnchors: \|\n(?: {4}.*\n)+/.exec(base)?.[0] ?? ''
const instead = (value: string): string => edit(base, [[anchorLines, `trustAnchors: ${value}\n`]])
const block = (indent: string) => lines.map((line) => `${indent}${line}`).join('\n')

const styles: Readonly<Record<string, string>> = {
  'literal block': `|\n${block('    ')}`,
  'folded block': `>-\n${block('    ')}`,
  'double quotes with escapes': JSON.stringify(key),
  'double quotes over several lines': `"${block('    ').trim()}"`,
  'single quotes over several lines': `'${block('    ').trim()}'`,
  'plain text over several lines': block('    ').trim(),
  'a list': `\n${lines.map((line) => `    - "${line}"`).join('\n')}`,
  'a list in flow style': `[${lines.map((line) => JSON.stringify(line)).join(', ')}]`,
  'a map': `{ key: ${JSON.stringify(key)} }`,
  'a name': `{ ${JSON.stringify(key)}: x }`,
  'a block with too little indentation': `|\n${block('')}`,
  'a block that ends early': `|\n    ${lines.slice(0, 2).join('\n    ')}\n${lines.slice(2).join('\n')}`,
  'an open quote': `"${block('    ')}`,
  'the body alone': bodyLines.join(''),
  'the body alone in a block': `|\n${bodyLines.map((line) => `    ${line}`).join('\n')}`,
  'beside a certificate': `|\n    ${readCertificate('root').trimEnd().split('\n').join('\n    ')}\n${block('    ')}`,
}

for (const [style, value] of Object.entries(styles)) {
  test(`a private key as the trust anchors: ${style}`, () => expectSilence(instead(value), style))
}

const places: Readonly<Record<string, (value: string) => Edit>> = {
  'an unknown key': (value) => ['  trustAnchors:', `  privateKey: ${value}\n  trustAnchors:`],
  'a path': (value) => ['/etc/spire/join-token', value],
  'a name': (value) => ['name: legacy-app', `name: ${value}`],
  'a sum': (value) => ['ed6cbe22a059c8c5f21767542e922c392772f757e6a2969fb5f0b091b44538a3', value],
  'a setting': (value) => ['proxy:\n', `proxy:\n  settings: {LINKERD2_PROXY_LOG: 1, key: ${value}}\n`],
  'a label': (value) => ['    ports: [', `    labels: {a: ${value}}\n    ports: [`],
  'a name of a label': (value) => ['    ports: [', `    labels: {? ${value} : a}\n    ports: [`],
  'a list of networks': (value) => ['[10.42.0.0/16, ', `[10.42.0.0/16, ${value}, `],
  'the version of the document': (value) => ['meshjoin/v1', value],
}

for (const [place, put] of Object.entries(places)) {
  test(`a private key as ${place}, whole or without its first and last line`, () => {
    expectSilence(edit(base, [put(JSON.stringify(key))]), place)
    expectSilence(edit(base, [put(JSON.stringify(bodyLines.join('')))]), place)
  })
}

test('a private key in a document of JSON on one line', () => {
  expectSilence(JSON.stringify({ apiVersion: 'meshjoin/v1', mesh: { trustAnchors: key, more: key } }), 'JSON')
})

const token = 'ghp-0dd5ecre7'
const tokens: readonly string[] = [
  `token: ${token}`,
  `"token": "${token}"`,
  `token: [${token}, ${token}]`,
  `token: {value: ${token}, ${token}}`,
  `token: |\n  ${token}`,
  `token: >\n  a\n  ${token}`,
  `token: ${token} # or ${token}`,
  `spire: {token: ${token}, trustDomain: 5, server: 7}`,
  `spire: {server: 7, trustDomain: {token: "${token}"}, token: '${token}'}`,
  `machines: [{token: ${token}}, {name: "A", token: ${token}, role: x}]`,
  `machines:\n  - token: ${token}\n    ports: [{name: http, port: 0, token: "${token}"}]\n  - name: 7`,
  `groups: {web: {token: ${token}, namespace: [x]}}`,
  `mesh: {linkerdVersion: 5, "token":"${token}"}`,
]

for (const [index, text] of tokens.entries()) {
  test(`a token under an unknown key, ${index + 1}: ${text.slice(0, 30).split('\n')[0]}`, () => {
    for (const document of [text, `apiVersion: meshjoin/v2\n${text}\n`]) {
      const said = saying(document)
      assert.not.ok(said.includes(token), said)
    }
  })
}

test('a token under an unknown key in JSON on one line, before and after other mistakes', () => {
  const document = {
    token,
    apiVersion: 'meshjoin/v2',
    mesh: { token, linkerdVersion: 5, dns: { token } },
    z: token,
  }
  const said = saying(JSON.stringify(document))
  assert.not.ok(said.includes(token), said)
})

test('a token in a line that cannot be read', () => {
  const texts = [
    `token: "${token}`,
    `token: !${token} x`,
    `token: ${token}: x`,
    `token: @${token}`,
    `token ${token}\na: 1`,
  ]
  for (const text of [...texts, `password: *${token}`, `apiKey: \`${token}`, `a: {secret: ${token}`]) {
    const said = saying(text)
    assert.not.ok(said.includes(token), said)
  }
})

const attested = (map: string) => edit(base, [['{type: join_token, file: /etc/spire/join-token}', map]])
const misplaced: readonly string[] = [
  `{type: join_token, insecureToken: "${token} "}`,
  `{type: join_token, insecureToken: "/${token}"}`,
  `{type: join_token, insecureToken: [${token}]}`,
  `{type: join_token, insecureToken: {value: ${token}}}`,
  `{type: join_token, insecureToken: ${token}${'x'.repeat(130)}}`,
  `{type: join_token, insecureToken: "${token}\\u0007"}`,
  `{type: join_token, insecureToken: ${token}, file: etc}`,
  `{type: join_token, insecureToken: ${token}, file: /etc/spire/join-token}`,
  `{type: x509pop, insecureToken: ${token}}`,
  `{type: join_token, insecureTokn: ${token}}`,
  `{type: join_token, insecureToken: ${token}`,
  `\n      type: join_token\n      insecureToken:\n        /${token}`,
]

for (const [index, map] of misplaced.entries()) {
  test(`a join token of the document, ${index + 1}, in a document with a mistake`, () => {
    const said = saying(attested(map))
    assert.not.ok(said.includes(token), said)
  })
}

test('a join token of digits alone', () => {
  const said = saying(attested('{type: join_token, insecureToken: 90210777}'))
  assert.not.ok(said.includes('90210777'), said)
})

test('a key in an annotation is refused where it stands', () => {
  const oneLine = lines.join(' ')
  const text = edit(base, [
    ['namespace: mixed-env', `namespace: mixed-env\n    annotations: {note: "${oneLine}"}`],
  ])
  const { diagnostics } = validate(text)
  assert.equal(
    diagnostics.filter(({ severity }) => severity === 'error').map(({ code, path }) => [code, path]),
    [['pem-private-key', '/machines/0/annotations/note']],
  )
  expectSilence(text, 'an annotation')
})

test.run()
