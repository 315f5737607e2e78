import type { SPIREServer } from '../generated/document.ts'
import type { OwnServer } from './own-server.ts'
import type { ResolvedConfig } from './resolved.ts'

/** Fills in what a checked document leaves out of `spire.server`. */
export function resolveServer(server: SPIREServer = {}): ResolvedConfig['spire']['server'] {
  const { colocated = false, port = 8081, x509SvidTtl } = server
  const address = server.address ?? (colocated ? '127.0.0.1' : '')
  return { address, port, x509SvidTtl, own: resolveOwn(server) }
}

function resolveOwn(server: SPIREServer): OwnServer | undefined {
  const { colocated = false, generate = false, caTtl, x509SvidTtl, agentTtl, upstreamAuthority } = server
  if ((!colocated && !generate) || upstreamAuthority === undefined) return undefined
  const { certFile, keyFile, bundleFile } = upstreamAuthority
  return {
    place: colocated ? 'machine' : 'host',
    caTtl,
    x509SvidTtl,
    agentTtl,
    upstream: { certFile, keyFile, bundleFile },
    attestation: server.attestation ?? {},
  }
}
