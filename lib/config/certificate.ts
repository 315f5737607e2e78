import { base64 } from '@scure/base'

/** What the checks need to know of an X.509 certificate. */
export interface Certificate {
  /** The last common name of the subject, or a placeholder where it has none. */
  readonly subject: string
  /** Basic constraints CA:TRUE. */
  readonly isCa: boolean
  /** The path length limit; undefined where there is none. */
  readonly pathLength: number | undefined
  /** Seconds from its beginning to its end: what it is valid for, not what is left of that. */
  readonly lifetime: number
  /** The whole certificate in base64 on one line; equal for equal certificates. */
  readonly fingerprint: string
}

/** One PEM block: its label, and the certificate or why it cannot be read. */
export interface PemBlock {
  readonly label: string
  readonly certificate: Certificate | undefined
  readonly reason: string
  /** Offset of the block in the text. */
  readonly offset: number
}

/** What stands at the start and at the end of a block. */
const markerPattern = /-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----/g

/**
 * Finds the PEM blocks of a text. RFC 7468 §5.2 lets any text stand around them, such as what `openssl x509 -text` prints;
 * `stray` says what of that text looks like a damaged block, and is empty where all of it is words.
 */
export function readPem(text: string): { readonly blocks: PemBlock[]; readonly stray: string } {
  const blocks: PemBlock[] = []
  const between: string[] = []
  const stray: string[] = []
  let open: { readonly label: string; readonly start: number; readonly offset: number } | undefined
  let end = 0
  for (const match of text.matchAll(markerPattern)) {
    const [whole, kind, label = ''] = match
    const after = match.index + whole.length
    if (kind === 'BEGIN') {
      if (open !== undefined) stray.push(`a BEGIN ${open.label} has no END`)
      else between.push(text.slice(end, match.index))
      open = { label, start: after, offset: match.index }
    } else if (open === undefined) stray.push(`an END ${label} has no BEGIN`)
    else {
      blocks.push({
        ...readBlock(open.label, text.slice(open.start, match.index), label),
        offset: open.offset,
      })
      open = undefined
      end = after
    }
  }
  if (open === undefined) between.push(text.slice(end))
  else stray.push(`a BEGIN ${open.label} has no END`)
  // A rest of a block that was cut would otherwise be taken for a comment, and an anchor be missed.
  if (stray.length === 0 && between.some((part) => /-{4} ?(BEGIN|END)\b/i.test(part)))
    stray.push('a BEGIN or END line is damaged')
  if (stray.length === 0 && between.some((part) => part.split(/\s+/).some(isBase64)))
    stray.push('there is base64 text outside of the blocks')
  return { blocks, stray: stray[0] ?? '' }
}

/** A line of a PEM body, not a checksum in hex or a ruled line. */
function isBase64(word: string): boolean {
  return (
    /^[A-Za-z0-9+/]{40,}={0,2}$/.test(word) && /[A-Z]/.test(word) && /[a-z]/.test(word) && /[0-9]/.test(word)
  )
}

/** The certificates of a PEM text in one form: sixty-four columns, one line feed after each line. */
export function normalizePem(text: string): string {
  return readPem(text)
    .blocks.flatMap(({ certificate }) => (certificate === undefined ? [] : [certificate.fingerprint]))
    .map(
      (body) => `-----BEGIN CERTIFICATE-----\n${body.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`,
    )
    .join('')
}

function readBlock(label: string, body: string, closing: string): Omit<PemBlock, 'offset'> {
  if (label !== closing)
    return { label, certificate: undefined, reason: `BEGIN ${label} ends with END ${closing}` }
  if (label !== 'CERTIFICATE')
    return { label, certificate: undefined, reason: `it is a ${label}, not a CERTIFICATE` }
  try {
    const compact = body.replace(/\s+/g, '')
    return { label, certificate: readCertificate(base64.decode(compact), compact), reason: '' }
  } catch (fault) {
    const reason = fault instanceof DerError ? fault.message : 'its base64 text is damaged'
    return { label, certificate: undefined, reason }
  }
}

class DerError extends Error {}

interface Element {
  readonly tag: number
  readonly start: number
  readonly end: number
}

/**
 * The few fields that checks ask about, read from DER (RFC 5280 §4.1). Our own reader: the ASN.1 libraries take up to a third
 * of what the whole library may have (ARCHITECTURE.md).
 */
function readCertificate(der: Uint8Array, fingerprint: string): Certificate {
  const outer = element(der, 0, der.length)
  if (outer.tag !== 0x30 || outer.end !== der.length) throw new DerError('it is not an X.509 certificate')
  const [tbs, algorithm, signature] = children(der, outer)
  if (tbs?.tag !== 0x30 || algorithm?.tag !== 0x30 || signature?.tag !== 0x03)
    throw new DerError('it is not an X.509 certificate')
  const fields = children(der, tbs)
  const first = fields[0]?.tag === 0xa0 ? 1 : 0
  const [serial, , issuer, validity, subject, key] = fields.slice(first)
  if (
    serial?.tag !== 0x02 ||
    issuer?.tag !== 0x30 ||
    validity?.tag !== 0x30 ||
    subject?.tag !== 0x30 ||
    key?.tag !== 0x30
  ) {
    throw new DerError('it is not an X.509 certificate')
  }
  const extensions = fields.find((field) => field.tag === 0xa3)
  const [from, to] = children(der, validity).map((time) => seconds(der, time))
  const lifetime = (to ?? 0) - (from ?? 0)
  return { subject: commonName(der, subject), ...basicConstraints(der, extensions), lifetime, fingerprint }
}

/** Seconds since the year 0 of a UTCTime (YYMMDDHHMMSSZ) or a GeneralizedTime (YYYYMMDDHHMMSSZ), RFC 5280 §4.1.2.5. */
function seconds(der: Uint8Array, { tag, start, end }: Element): number {
  const text = String.fromCharCode(...der.subarray(start, end))
  const full = tag === 0x17 ? `${text < '5' ? '20' : '19'}${text}` : text
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full)?.slice(1).map(Number)
  if (parts === undefined) throw new DerError('its dates are damaged')
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
  // A year that begins in March has its leap day at its end.
  const years = month > 2 ? year : year - 1
  const leaps = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400)
  const days = years * 365 + leaps + Math.floor((((month + 9) % 12) * 153 + 2) / 5) + day
  return ((days * 24 + hour) * 60 + minute) * 60 + second
}

function basicConstraints(
  der: Uint8Array,
  extensions: Element | undefined,
): Pick<Certificate, 'isCa' | 'pathLength'> {
  const list = extensions === undefined ? undefined : children(der, extensions)[0]
  for (const extension of list === undefined ? [] : children(der, list)) {
    const parts = children(der, extension)
    if (!hasBytes(der, parts[0], [0x55, 0x1d, 0x13])) continue // 2.5.29.19
    const octets = parts.at(-1)
    if (octets?.tag !== 0x04) throw new DerError('its basic constraints are damaged')
    const [ca, limit] = children(der, element(der, octets.start, octets.end))
    const isCa = ca?.tag === 0x01 && der[ca.start] !== 0
    return { isCa, pathLength: limit?.tag === 0x02 ? der[limit.end - 1] : undefined }
  }
  return { isCa: false, pathLength: undefined }
}

function commonName(der: Uint8Array, subject: Element): string {
  let name = '(no common name)'
  for (const set of children(der, subject)) {
    for (const attribute of children(der, set)) {
      const [type, value] = children(der, attribute)
      if (value !== undefined && hasBytes(der, type, [0x55, 0x04, 0x03])) {
        name = String.fromCharCode(...der.subarray(value.start, Math.min(value.end, value.start + 128)))
      }
    }
  }
  return name.replace(/[^\x20-\x7e]/g, '?')
}

function hasBytes(der: Uint8Array, at: Element | undefined, bytes: readonly number[]): boolean {
  return (
    at !== undefined &&
    at.end - at.start === bytes.length &&
    bytes.every((byte, index) => der[at.start + index] === byte)
  )
}

function children(der: Uint8Array, parent: Element): Element[] {
  const found: Element[] = []
  for (let at = parent.start; at < parent.end; ) {
    const child = element(der, at, parent.end)
    found.push(child)
    at = child.end
  }
  return found
}

function element(der: Uint8Array, at: number, limit: number): Element {
  const tag = der[at]
  let length = der[at + 1]
  let start = at + 2
  if (tag === undefined || length === undefined) throw new DerError('it is cut short')
  if (length >= 0x80) {
    const bytes = length & 0x7f
    if (bytes === 0 || bytes > 3) throw new DerError('it is not DER')
    length = 0
    for (let index = 0; index < bytes; index++) length = length * 256 + (der[start + index] ?? 0)
    start += bytes
  }
  if (start + length > limit) throw new DerError('it is cut short')
  return { tag, start, end: start + length }
}
