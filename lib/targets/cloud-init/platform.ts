import { base64 } from '@scure/base'
import { strToU8 } from 'fflate'
import type { PlatformName } from '../../config/resolved.ts'
import { compress, estimateCompressed } from '../../files/gzip/gzip.ts'

/** What a platform takes as user-data, and how it counts. */
interface Platform {
  /** Most bytes; undefined where there is no practical limit. */
  readonly limit: number | undefined
  /** Whether the limit is on the data, or on its base64 text. */
  readonly counts: 'data' | 'base64'
  /** How compressed user-data has to be handed over. */
  readonly gzip: 'binary' | 'base64' | 'refused'
}

/** Limits from the platforms' own documentation and cloud-init's data sources (docs/cloud-init.md has each source). */
export const platforms: Readonly<Record<PlatformName, Platform>> = {
  ec2: { limit: 16_384, counts: 'data', gzip: 'binary' },
  gce: { limit: 262_144, counts: 'data', gzip: 'base64' },
  azure: { limit: 65_535, counts: 'data', gzip: 'binary' },
  openstack: { limit: 65_535, counts: 'base64', gzip: 'binary' },
  digitalocean: { limit: 65_536, counts: 'data', gzip: 'refused' },
  hetzner: { limit: 32_768, counts: 'data', gzip: 'base64' },
  oci: { limit: 32_000, counts: 'base64', gzip: 'binary' },
  vsphere: { limit: 524_288, counts: 'data', gzip: 'binary' },
  nocloud: { limit: undefined, counts: 'data', gzip: 'binary' },
}

/** How large user-data is as one platform counts it. */
export interface UserDataSize {
  readonly platform: PlatformName
  /** Bytes that the platform takes; undefined where there is no practical limit. */
  readonly limit: number | undefined
  /** Bytes of the plain text, as the platform counts. */
  readonly plain: number
  /** Bytes when compressed, as the platform counts; undefined where it does not take that. */
  readonly compressed: number | undefined
  /** The first of `plain` and `compressed` that fits. */
  readonly fits: 'plain' | 'compressed' | 'not'
}

/** Sizes of a user-data text against every platform's limit. */
export function measureUserData(userData: string): UserDataSize[] {
  const plainBytes = strToU8(userData).length
  const packedBytes = compressBytes(userData).length
  return (Object.keys(platforms) as PlatformName[]).map((name) => {
    const platform = platforms[name]
    const { limit = Number.POSITIVE_INFINITY } = platform
    const plain = countBytes(platform, plainBytes)
    const compressed = platform.gzip === 'refused' ? undefined : countPacked(platform, packedBytes)
    const fits =
      plain <= limit ? 'plain' : compressed !== undefined && compressed <= limit ? 'compressed' : 'not'
    return { platform: name, limit: platform.limit, plain, compressed, fits }
  })
}

/** The platforms that would not take a user-data text, neither plain nor compressed. */
export function listTooSmall(userData: string): PlatformName[] {
  const bytes = strToU8(userData)
  const estimate = estimateCompressed(bytes)
  return (Object.keys(platforms) as PlatformName[]).filter((name) => {
    const platform = platforms[name]
    const { limit = Number.POSITIVE_INFINITY, gzip } = platform
    const fits = (size: number) => countPacked(platform, size) <= limit
    if (countBytes(platform, bytes.length) <= limit) return false
    if (gzip === 'refused') return true
    if (fits(estimate)) return false
    // Compressing takes a while, and is only asked where it is not clear.
    return !fits(0.8 * estimate) || !fits(compressBytes(userData).length)
  })
}

/** Size of what is handed to a platform, as it counts. */
export function countUserData(name: PlatformName, content: string | Uint8Array): number {
  return countBytes(platforms[name], typeof content === 'string' ? strToU8(content).length : content.length)
}

/** gzip without a time stamp: the same text gives the same bytes. */
export function compressUserData(userData: string, name: PlatformName | undefined): string | Uint8Array {
  const bytes = compressBytes(userData)
  return name !== undefined && platforms[name].gzip === 'base64' ? `${base64.encode(bytes)}\n` : bytes
}

let last: { readonly text: string; readonly bytes: Uint8Array } | undefined

/** Who asks for the sizes of a text and then for the text asks twice, and it takes a while. */
function compressBytes(text: string): Uint8Array {
  if (last?.text !== text) last = { text, bytes: compress(strToU8(text)) }
  return last.bytes.slice()
}

function countBytes(platform: Platform, bytes: number): number {
  return platform.counts === 'base64' ? base64Length(bytes) : bytes
}

function countPacked(platform: Platform, bytes: number): number {
  return countBytes(platform, platform.gzip === 'base64' ? base64Length(bytes) : bytes)
}

function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4
}
