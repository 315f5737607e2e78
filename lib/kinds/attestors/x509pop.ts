import type { Attestor } from './attestor.ts'
import { nodeOfCertificate } from './node.ts'

/** A certificate and key that the machine has already. */
export const x509pop: Attestor = {
  options: {
    certificateFile: { required: true, key: 'certificate_path' },
    privateKeyFile: { required: true, key: 'private_key_path' },
    intermediatesFile: { key: 'intermediates_path' },
  },
  machineOptions: ['commonName', 'fingerprint'],
  nodeOf: (facts) => nodeOfCertificate('x509pop', facts),
  canReattest: true,
  available: false,
}
