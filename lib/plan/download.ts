import type { Architecture, Install } from '../config/resolved.ts'
import { proxyHas } from '../config/versions.ts'

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

/** Fills the placeholders of an address. */
export function fillUrl(url: string, version: string, arch: Architecture): string {
  return url.replaceAll('{version}', version).replaceAll('{arch}', arch)
}

/** What to fetch for the proxy. The archive has one folder, named like the archive. */
export function planProxyDownloads(version: string, install: Install): Downloads {
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

function planDownloads(version: string, install: Install, member: (arch: Architecture) => string): Downloads {
  if (install.from !== 'download') return {}
  const downloads: Partial<Record<Architecture, Download>> = {}
  for (const arch of ['amd64', 'arm64'] as const) {
    const sha256 = install.sha256[arch]
    if (sha256 === undefined) continue
    downloads[arch] = { url: fillUrl(install.url, version, arch), sha256, member: member(arch) }
  }
  return downloads
}
