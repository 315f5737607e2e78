/** A remedy names the value to write, and never what is done already. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Diagnostic, generate, parse, validate } from '../../../lib/index.ts'
import { anchors, base, type Edit, edit, makePrivateKey, readCertificate } from './base.ts'

const test = suite('remedies')

const unmarked = ([from, to]: Edit): Edit => [from, to.replace('«', '')]
const errorsOf = (diagnostics: readonly Diagnostic[]): string[] =>
  diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ path, message, help }) => `${path} | ${message} | ${help}`)
const errors = (...edits: Edit[]): string[] => errorsOf(validate(edit(base, edits)).diagnostics)

test('a number or a truth value where text belongs: the text as it was typed, in quotes', () => {
  const number = (path: string, typed: string) =>
    `${path} | expected text, found the number ${typed} | put it in quotes: "${typed}"`
  assert.equal(errors(['edge-26.9.1', '2.20']), [number('/mesh/linkerdVersion', '2.20')])
  assert.equal(errors(['version: v2.368.0', 'version: 2.10']), [number('/proxy/version', '2.10')])
  assert.equal(errors(['version: 1.15.3', 'version: 1.20']), [number('/spire/agent/version', '1.20')])
  assert.equal(errors(['name: legacy-app', 'name: 1e3']), [number('/machines/0/name', '1e3')])
  const labels: Edit = [
    '    ports:',
    '    labels: {canary: TRUE, rack: 07, version: 1.10, owner: }\n    ports:',
  ]
  assert.equal(errors(labels), [
    '/machines/0/labels/canary | expected text, found the boolean TRUE | put it in quotes: "TRUE"',
    number('/machines/0/labels/rack', '07'),
    number('/machines/0/labels/version', '1.10'),
    '/machines/0/labels/owner | expected text, found nothing | write a text, in quotes where it is empty on purpose, or remove the key',
  ])
  assert.equal(errors(['apiVersion: meshjoin/v1', 'apiVersion: 1.0']), [
    '/apiVersion | "1.0" is not one of: meshjoin/v1 | use one of: meshjoin/v1',
  ])
})

test('of an object, which keeps no text, nothing is made up', () => {
  const document = parse(edit(base, [['edge-26.9.1', '2.20']])).value as object
  assert.equal(errorsOf(validate(document).diagnostics), [
    '/mesh/linkerdVersion | expected text, found the number 2.2 | put it in quotes',
  ])
})

test('an IPv4 address in IPv6 notation: the IPv4 address', () => {
  const rows: [edit: Edit, expected: RegExp][] = [
    [
      ['[203.0.113.42]', '["::ffff:203.0.113.42"]'],
      /IPv4 address in IPv6 notation \| write 203\.0\.113\.42$/,
    ],
    [['[10.43.0.10]', '["::ffff:10.43.0.10"]'], / write 10\.43\.0\.10$/],
    [['[10.42.0.0/16, ', '["::ffff:10.42.0.0/112", '], /write 10\.42\.0\.0\/16 \|/],
    [['proxy:\n', 'proxy:\n  adminAddress: "[::ffff:127.0.0.1]:4191"\n'], / write 127\.0\.0\.1:4191$/],
    [
      ['  dns:\n', '  controlPlane: {policy: "[::ffff:10.0.0.7]:8090"}\n  dns:\n'],
      /write 10\.0\.0\.7:8090 \|/,
    ],
  ]
  for (const [change, expected] of rows) {
    const [first = '', ...others] = errors(change)
    assert.match(first, expected)
    assert.equal(others, [])
  }
})

test('a block that is no certificate is named, and its content is not', () => {
  const root = readCertificate('root')
  const block = (label: string) => `-----BEGIN ${label}-----\nMIIBszCCAVmgAwIBAgIU\n-----END ${label}-----\n`
  const malformed = (text: string) => errors(unmarked(anchors(text)))[0] ?? ''
  assert.match(
    malformed(root + block('X509 CRL')),
    /certificates: block 2: it is a X509 CRL, not a CERTIFICATE \|/,
  )
  assert.match(malformed(`${root}${root.slice(0, -30)}`), /certificates: a BEGIN CERTIFICATE has no END \|/)
  assert.match(malformed('see the vault'), /certificates: there is no PEM block in it \|/)
  for (const label of ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'ENCRYPTED PRIVATE KEY']) {
    const said = malformed(`# the root\n${root}${makePrivateKey().replaceAll('PRIVATE KEY', label)}`)
    assert.ok(said.includes(`a private key (a block ${label})`), said)
  }
  // Between BEGIN and KEY may stand a piece of the key where lines were joined.
  assert.match(malformed(root + block('AB12CD34 PRIVATE KEY')), /a private key \(a block PRIVATE KEY\)/)
})

test('user-data that is too large: compression is offered where it is off, allowed and enough', () => {
  const large = (cloudInit: string, machines = 0) => {
    const more = Array.from({ length: machines }, (_, index) => {
      const at = (index * 7919) % 65_536
      return `  - {name: m${index}, namespace: many, role: client, addresses: [198.${18 + (index % 2)}.${at >> 8}.${at & 255}]}\n`
    })
    const text = edit(base, [
      ['port: 80}]\n', `port: 80}]\n${more.join('')}`],
      ['{platform: nocloud}', cloudInit],
    ])
    const { diagnostics } = generate(text, { targets: ['cloud-init'], machines: ['legacy-app'] })
    const found = diagnostics.find(({ code }) => code === 'user-data-too-large')
    return `${found?.message} | ${found?.help}`
  }
  const offered =
    /"legacy-app" has [0-9]+ bytes; .* \| set cloudInit\.compress to true: it then has [0-9]+ bytes; or let the machines fetch the mesh layer/
  assert.match(large('{platform: ec2, compress: false}'), offered)
  assert.match(large('{platform: hetzner}'), offered)
  const elsewhere =
    /^let the machines fetch the mesh layer \(cloudInit\.meshLayer\.from: fetch; it then has about [0-9]+ bytes\), or bake it into their image \(from: baked; [0-9]+ bytes\)$/
  const on = large('{platform: ec2, compress: true}', 900)
  assert.match(on, /the compressed user-data of "legacy-app" has [0-9]+ bytes/)
  assert.match(on.split(' | ')[1] ?? '', elsewhere)
  assert.is(large('{platform: ec2}', 900), on, 'it is on where it has to be')
  assert.match(large('{platform: digitalocean}', 900).split(' | ')[1] ?? '', elsewhere)
  const both = large('{platform: ec2, compress: false}', 900).split(' | ')[1] ?? ''
  assert.match(both, /^compressed it would have [0-9]+, which is too many as well; let the machines fetch/)
})

test.run()
