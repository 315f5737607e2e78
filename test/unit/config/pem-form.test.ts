import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { recognizeBinary, recognizeForm } from '../../../lib/config/pem-form.ts'
import { validate } from '../../../lib/index.ts'
import { readCertificate } from '../diagnostics/base.ts'

const test = suite('forms of certificates')

const pem = readCertificate('root')
const body = pem.split('\n').slice(1, -2).join('\n')
const der = Buffer.from(body, 'base64').toString('latin1')
const configMap = `apiVersion: v1\nkind: ConfigMap\ndata:\n  ca-bundle.crt: |\n${pem.replace(/^/gm, '    ')}`

test('what is not PEM is called by its name', () => {
  for (const [text, form] of [
    [configMap, /Kubernetes object/],
    [configMap.slice(configMap.indexOf('kind')), /Kubernetes object/],
    [JSON.stringify({ apiVersion: 'v1', data: pem }, null, 1), /Kubernetes object/],
    [JSON.stringify({ apiVersion: 'v1', data: pem }), /Kubernetes object/],
    [Buffer.from(pem).toString('base64'), /base64 of PEM/],
    [Buffer.from(pem).toString('base64').replace(/.{76}/g, '$&\r\n'), /base64 of PEM/],
    [body, /without its first and last line/],
    [body.replace(/\n/g, ''), /without its first and last line/],
  ] as const)
    assert.match(recognizeForm(text)?.form ?? '', form, text.slice(0, 40))
  assert.match(recognizeBinary(der)?.form ?? '', /DER/)
})

test('PEM, words and what cannot be told are left alone', () => {
  for (const text of [
    pem,
    `# kind of a comment\n${pem}`,
    pem.replaceAll('\n', '\r\n'),
    '',
    'hello',
    'a'.repeat(80),
  ])
    assert.is(recognizeForm(text), undefined, text.slice(0, 40))
  assert.is(recognizeBinary(pem), undefined)
})

test('a DER file is an error of its own, not one about control characters', () => {
  const { diagnostics } = validate({ mesh: { trustAnchors: der } })
  const found = diagnostics.filter(({ path }) => path === '/mesh/trustAnchors').map(({ code }) => code)
  assert.equal(found, ['pem-other-form'])
})

test('the trust bundle, which may be a path as well, says so too', () => {
  for (const text of [Buffer.from(pem).toString('base64'), body.replace(/\n/g, ''), configMap]) {
    const { diagnostics } = validate({ spire: { trustBundle: text } })
    const found = diagnostics.filter(({ path }) => path === '/spire/trustBundle').map(({ code }) => code)
    assert.equal(found, ['pem-other-form'], text.slice(0, 40))
  }
})

test.run()
