import type { ServerAttestation as ServerAttestationInput } from '../generated/document.ts'

/** What the SPIRE server has to know to judge machines. Which of it the attestor takes was checked. */
export type ServerAttestation = Readonly<ServerAttestationInput>

/** A SPIRE server that we set up. Lifetimes as Go reads them; undefined for SPIRE's own defaults. */
export interface OwnServer {
  /** On the machine, or on a host of its own. */
  readonly place: 'machine' | 'host'
  readonly caTtl: string | undefined
  readonly x509SvidTtl: string | undefined
  readonly agentTtl: string | undefined
  readonly upstream: {
    readonly certFile: string
    readonly keyFile: string
    readonly bundleFile: string | undefined
  }
  readonly attestation: ServerAttestation
}
