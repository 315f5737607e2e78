import { base64 } from '@scure/base'

/** What people paste where PEM belongs, and how they come from there to PEM. */
export interface OtherForm {
  readonly form: string
  readonly remedy: string
}

const kubernetes: OtherForm = {
  form: 'a Kubernetes object',
  remedy:
    "paste the value of its key alone: kubectl -n linkerd get configmap linkerd-identity-trust-roots -o jsonpath='{.data.ca-bundle\\.crt}'",
}
const base64OfPem: OtherForm = {
  form: 'base64 of PEM, as Kubernetes keeps secrets',
  remedy: 'decode it with "base64 -d" and paste the result',
}
const base64OfDer: OtherForm = {
  form: 'a certificate in base64 without its first and last line, or a DER file in base64',
  remedy: 'decode it with "base64 -d", and paste what "openssl x509 -inform der" makes of that',
}
const der: OtherForm = {
  form: 'a DER file',
  remedy: 'paste what "openssl x509 -inform der -in FILE" makes of it',
}

/** The form of a text that is no PEM; undefined for PEM, and for what cannot be told. */
export function recognizeForm(text: string): OtherForm | undefined {
  if (/^ *"?(?:apiVersion|kind)"?: |"(?:apiVersion|kind)":/m.test(text)) return kubernetes
  if (text.includes('-----')) return undefined
  const decoded = decode(text.replace(/\s+/g, ''))
  if (decoded.startsWith('-----BEGIN ')) return base64OfPem
  return recognizeBinary(decoded) === undefined ? undefined : base64OfDer
}

/** The same for bytes that somebody has made a text of. */
export function recognizeBinary(text: string): OtherForm | undefined {
  // SEQUENCE with a length of two bytes: what a certificate begins with.
  return text.startsWith('\x30\x82') ? der : undefined
}

/** The first bytes of base64, each a character. */
function decode(text: string): string {
  const start = text.slice(0, 64)
  if (start.length < 64 || !/^[A-Za-z0-9+/]+$/.test(start)) return ''
  return String.fromCharCode(...base64.decode(start))
}
