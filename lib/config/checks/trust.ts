import type { Report } from '../../diagnostics/diagnostic.ts'
import { pointer } from '../../diagnostics/pointer.ts'
import { readPem } from '../certificate.ts'
import { recognizeForm } from '../pem-form.ts'
import type { Check } from './context.ts'

/** Trust anchors and the agent's bundle: certificates of CAs that allow a CA below them. And never a key, anywhere. */
export const checkTrust: Check = ({ draft, report }) => {
  refuseKeys(draft, [], report)
  checkPem(draft.mesh?.trustAnchors, '/mesh/trustAnchors', true, report)
  const bundle = draft.spire?.trustBundle
  if (bundle?.includes('-----BEGIN')) checkPem(bundle, '/spire/trustBundle', false, report)
}

/** A comment may speak of private keys; a block of one has a BEGIN or an END. */
const privateKey = /(?:BEGIN|END)\s([A-Z0-9\s]{0,32})PRIVATE\s+KEY/

/** The kinds of keys by name; anything else between BEGIN and KEY may be a piece of the key. */
const keyKinds = new Set(['RSA', 'EC', 'DSA', 'ENCRYPTED', 'OPENSSH', 'PGP', 'ANY'])

function keyLabel(text: string): string {
  const kind = privateKey.exec(text)?.[1]?.trim() ?? ''
  return keyKinds.has(kind) ? `${kind} PRIVATE KEY` : 'PRIVATE KEY'
}

/** A key may have been pasted into an annotation or a setting as well. */
function refuseKeys(value: unknown, way: readonly string[], report: Report): void {
  if (typeof value === 'string') {
    if (privateKey.test(value)) report('pem-private-key', pointer('', ...way), { label: keyLabel(value) })
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) refuseKeys(child, [...way, key], report)
  }
}

/** `anchors` are judged as the top of the proxies' chains; a SPIRE bundle may hold an intermediate of pathlen 0. */
function checkPem(text: string | undefined, path: string, anchors: boolean, report: Report): void {
  if (text === undefined) return
  const { blocks, stray } = readPem(text)
  // Once a key is there nothing else matters, and nothing else of the text should be talked about.
  if (privateKey.test(text)) return
  const other = recognizeForm(text)
  if (other !== undefined) return report('pem-other-form', path, { ...other })
  if (blocks.length === 0)
    return report('pem-malformed', path, { reason: stray || 'there is no PEM block in it' })
  if (stray !== '') report('pem-malformed', path, { reason: stray })
  const seen = new Set<string>()
  for (const [index, { certificate, reason }] of blocks.entries()) {
    if (certificate === undefined) {
      report('pem-malformed', path, { reason: `block ${index + 1}: ${reason}` })
      continue
    }
    const { subject, isCa, pathLength, fingerprint } = certificate
    if (seen.has(fingerprint)) report('pem-duplicate', path, { subject })
    seen.add(fingerprint)
    if (!isCa) report('pem-not-ca', path, { subject })
    else if (anchors && pathLength === 0) report('pem-path-length', path, { subject })
  }
}
