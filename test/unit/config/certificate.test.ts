/** Our reader of certificates against Node's, on certificates that OpenSSL made. */
import { X509Certificate } from 'node:crypto'
import { readdirSync } from 'node:fs'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { normalizePem, readPem } from '../../../lib/config/certificate.ts'
import { makePrivateKey, readCertificate } from '../diagnostics/base.ts'

const test = suite('certificates')

const names = readdirSync(new URL('certificates', import.meta.url)).map((file) => file.replace(/\.pem$/, ''))

function only(pem: string) {
  const { blocks, stray } = readPem(pem)
  assert.is(blocks.length, 1)
  assert.is(stray, '')
  const [block] = blocks
  if (block === undefined) throw new Error('no block')
  return block
}

function toPem(der: Uint8Array): string {
  const body = Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`
}

/** The last common name of the subject as Node reads it. */
function commonName({ subject }: X509Certificate): string {
  const names = (subject ?? '').split('\n').filter((line) => line.startsWith('CN='))
  return names.at(-1)?.slice(3) ?? '(no common name)'
}

for (const name of names) {
  test(`${name}: as Node reads it`, () => {
    const pem = readCertificate(name)
    const theirs = new X509Certificate(pem)
    const { certificate, reason, label } = only(pem)
    assert.is(label, 'CERTIFICATE')
    assert.is(reason, '')
    assert.is(certificate?.isCa, theirs.ca)
    assert.is(certificate?.fingerprint, theirs.raw.toString('base64'))
    const lifetime = (Date.parse(theirs.validTo) - Date.parse(theirs.validFrom)) / 1000
    assert.is(certificate?.lifetime, lifetime)
    if (name !== 'accents') assert.is(certificate?.subject, commonName(theirs))
    assert.is(normalizePem(pem), theirs.toString())
  })
}

test('path lengths, which Node does not tell', () => {
  const lengths: Record<string, number | undefined> = {
    ...{
      root: undefined,
      rsa: undefined,
      leaf: undefined,
      'version-1': undefined,
      'no-constraints': undefined,
    },
    ...{ 'pathlen-0': 0, 'pathlen-1': 1, 'pathlen-2': 2 },
  }
  for (const [name, length] of Object.entries(lengths))
    assert.is(only(readCertificate(name)).certificate?.pathLength, length, name)
})

test('a name that is not ASCII cannot write anything else into a message', () => {
  assert.match(only(readCertificate('accents')).certificate?.subject ?? '', /^Racine d'[?]+t[?]+$/)
})

test('blocks in order, with white space and line ends of any kind', () => {
  const [first, second] = [readCertificate('root'), readCertificate('rsa')]
  const text = `\r\n  ${first.replaceAll('\n', '\r\n    ')}\n\n${second.trim()}`
  const { blocks, stray } = readPem(text)
  assert.is(stray, '')
  assert.equal(
    blocks.map(({ certificate }) => certificate?.subject),
    ['second root', 'rsa root'],
  )
  assert.is(normalizePem(text), first + second)
  assert.is(text.slice(blocks[1]?.offset).startsWith('-----BEGIN'), true)
})

test('text around the blocks is left out, as RFC 7468 has it', () => {
  const [first, second] = [readCertificate('root'), readCertificate('rsa')]
  const dump =
    'Certificate:\n    Data:\n        Serial Number:\n            76:0d:4d:84\n    subject=CN = Zürich CA\n'
  const sum = `# sha256: ${'0123456789abcdef'.repeat(4)}\n# ${'-'.repeat(70)}\n# ${'='.repeat(70)}\n`
  const text = `# linkerd root, by the platform team\r\n${dump}${first}Bag Attributes\n  friendlyName: next -- root\n${sum}${second}# end\n`
  const { blocks, stray } = readPem(text)
  assert.is(stray, '')
  assert.equal(
    blocks.map(({ certificate }) => certificate?.subject),
    ['second root', 'rsa root'],
  )
  assert.is(normalizePem(text), first + second)
})

test('what looks like a part of a block is no comment', () => {
  const pem = readCertificate('root')
  const lines = pem.trimEnd().split('\n')
  const [begin = '', ...rest] = lines
  const rows: [text: string, stray: RegExp][] = [
    [lines.slice(0, -1).join('\n'), /a BEGIN CERTIFICATE has no END/],
    [`${lines.slice(0, -1).join('\n')}\n${pem}`, /a BEGIN CERTIFICATE has no END/],
    [rest.join('\n'), /an END CERTIFICATE has no BEGIN/],
    [`${pem}${rest.join('\n')}`, /an END CERTIFICATE has no BEGIN/],
    [`${pem}${begin.slice(1)}\n${rest.slice(0, -1).join('\n')}\n`, /BEGIN or END line is damaged/],
    [`${pem}-----begin certificate-----\n`, /BEGIN or END line is damaged/],
    [`${pem}${rest.slice(0, -1).join('\n')}\n`, /base64 text outside/],
  ]
  for (const [text, expected] of rows) assert.match(readPem(text).stray, expected)
})

test('what is no certificate is told by its label, and never read', () => {
  const { certificate, label, reason } = only(makePrivateKey())
  assert.is(certificate, undefined)
  assert.is(label, 'PRIVATE KEY')
  assert.match(reason, /PRIVATE KEY/)
  const mixed = readCertificate('root').replace('END CERTIFICATE', 'END X509 CRL')
  assert.match(only(mixed).reason, /BEGIN CERTIFICATE ends with END X509 CRL/)
})

test('damaged base64 is told apart from damaged DER', () => {
  const pem = readCertificate('root')
  assert.match(only(pem.replace('MII', 'M*I')).reason, /base64/)
  assert.match(only(pem.replace('MII', 'AII')).reason, /not an X\.509 certificate|cut short|not DER/)
  assert.is(only('-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n').certificate, undefined)
})

test('every truncation of every certificate is refused, with a reason', () => {
  for (const name of names) {
    const der = new X509Certificate(readCertificate(name)).raw
    for (let length = 0; length < der.length; length++) {
      const { certificate, reason } = only(toPem(der.subarray(0, length)))
      assert.is(certificate, undefined, `${name} ${length}`)
      assert.is.not(reason, '')
    }
  }
})

test('changed bytes and garbage never throw: a certificate or a reason, never both', () => {
  const ders = names.map((name) => new X509Certificate(readCertificate(name)).raw)
  const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))
  fc.assert(
    fc.property(
      fc.constantFrom(...ders),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      (der, changes) => {
        const copy = Buffer.from(der)
        for (const [at, byte] of changes) copy[at % copy.length] = byte
        const { certificate, reason } = only(toPem(copy))
        assert.is(certificate === undefined, reason !== '')
      },
    ),
    { seed: 20261122, numRuns: 2000 },
  )
  const garbage = (bytes: Uint8Array): void => {
    only(toPem(bytes))
  }
  const anyText = (text: string): void => {
    readPem(text)
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), garbage), { seed: 20261122, numRuns: 1000 })
  fc.assert(fc.property(fc.string(), anyText), { seed: 20261122, numRuns: 500 })
})

test('long text without an end is read in linear steps', () => {
  const many = '-----BEGIN CERTIFICATE-----\n'.repeat(2000)
  assert.equal(readPem(`${'A1a'.repeat(20_000)}!`).blocks, [])
  assert.equal(readPem(many).blocks, [])
  assert.equal(readPem('-'.repeat(65_536)).blocks, [])
})

test.run()
