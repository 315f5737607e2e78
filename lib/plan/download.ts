import type { Architecture, Install } from '../config/resolved.ts'
import { proxyHas } from '../config/versions.ts'

/** In the order in which they are listed. */
export const architectures = ['amd64', 'arm64'] as const

/** One archive to fetch for one architecture. */
export interface Download {
  readonly url: string
  /** Lower-case hex. */
  readonly sha256: string
  /** Path of the binary inside the archive. */
  readonly member: string
}

/** The archives of one program, for the architectures that have a checksum. */
export type Downloads = Readonly<Partial<Record<Architecture, Download>>>

/** A program to put on the machine, with what to download. */
export interface Program {
  readonly name: 'linkerd2-proxy' | 'spire-agent' | 'spire-server'
  readonly version: string
  readonly install: Install
  readonly downloads: Downloads
}

/** Fills the placeholders of an address. */
export function fillUrl(url: string, version: string, arch: Architecture): string {
  return url.replaceAll('{version}', version).replaceAll('{arch}', arch)
}

/** Docker Hub's registry has another name than its images have. */
const registries: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' }

/** Address of the registry that an image is in. */
export function registryOf(image: string): string {
  const host = image.slice(0, image.indexOf('/'))
  return `https://${registries[host] ?? host}`
}

/** The blob of a layer, by the registry's HTTP API. A layer is a tar.gz like any other archive. */
function planLayers({ image, layer, path }: Extract<Install, { from: 'image' }>): Downloads {
  const name = image.slice(image.indexOf('/') + 1)
  const member = path.slice(1) // as layers name their files
  const downloads: Partial<Record<Architecture, Download>> = {}
  for (const arch of architectures) {
    const digest = layer[arch]
    if (digest === undefined) continue
    const url = `${registryOf(image)}/v2/${name}/blobs/${digest}`
    downloads[arch] = { url, sha256: digest.slice('sha256:'.length), member }
  }
  return downloads
}

/** What to fetch for the proxy. The archive of a release has one folder, named like the archive. */
export function planProxyDownloads(version: string, install: Install): Downloads {
  if (install.from === 'image') return planLayers(install)
  const platform = proxyHas(version, 'platformInAssetName') ? 'linux-' : ''
  return planDownloads(
    version,
    install,
    (arch) => `linkerd2-proxy-${version}-${platform}${arch}/linkerd2-proxy`,
  )
}

/** What to fetch for the SPIRE agent. */
export function planAgentDownloads(version: string, install: Install): Downloads {
  return planDownloads(version, install, () => `spire-${version}/bin/spire-agent`)
}

/** What to fetch for the SPIRE server: the agent's archive has it too. */
export function planServerDownloads(version: string, install: Install): Downloads {
  return planDownloads(version, install, () => `spire-${version}/bin/spire-server`)
}

function planDownloads(version: string, install: Install, member: (arch: Architecture) => string): Downloads {
  if (install.from !== 'download') return {}
  const downloads: Partial<Record<Architecture, Download>> = {}
  for (const arch of architectures) {
    const sha256 = install.sha256[arch]
    if (sha256 === undefined) continue
    downloads[arch] = { url: fillUrl(install.url, version, arch), sha256, member: member(arch) }
  }
  return downloads
}
