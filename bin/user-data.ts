import { gunzipSync } from 'node:zlib'

/** User-data as it was before it was compressed. */
export function plainText(content: string | Uint8Array): string {
  if (typeof content !== 'string') return gunzipSync(content).toString()
  return isPlain(content) ? content : plainText(Buffer.from(content, 'base64'))
}

/** User-data in base64, once: compressed for a platform that wants base64 of that, it is already. */
export function base64Text(content: string | Uint8Array): string {
  if (typeof content === 'string' && !isPlain(content)) return content.trim()
  return Buffer.from(content).toString('base64')
}

function isPlain(content: string): boolean {
  return content.startsWith('#cloud-config') || content.startsWith('Content-Type:')
}
