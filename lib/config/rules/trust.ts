import type { Report } from '../../diagnostics/diagnostic.ts'
import { readPem } from '../certificate.ts'
import type { Rule } from './context.ts'

/** Trust anchors and the agent's bundle: certificates of CAs that allow a CA below them, and never a key. */
export const checkTrust: Rule = ({ draft, report }) => {
  checkPem(draft.mesh?.trustAnchors, '/mesh/trustAnchors', true, report)
  const bundle = draft.spire?.trustBundle
  if (bundle?.includes('-----BEGIN')) checkPem(bundle, '/spire/trustBundle', false, report)
}

/** `anchors` are judged as the top of the proxies' chains; a SPIRE bundle may hold an intermediate of pathlen 0. */
function checkPem(text: string | undefined, path: string, anchors: boolean, report: Report): void {
  if (text === undefined) return
  const { blocks, stray } = readPem(text)
  // Once a key is there nothing else matters, and nothing else of the text should be talked about.
  if (/PRIVATE KEY/.test(text)) return report('pem-private-key', path, {})
  if (blocks.length === 0)
    return report('pem-malformed', path, { reason: 'there is no whole PEM block in it' })
  if (stray) report('pem-malformed', path, { reason: 'there is text outside the PEM blocks' })
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
