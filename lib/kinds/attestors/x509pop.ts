import type { Attestor } from './attestor.ts'
import { nodeOfCertificate } from './node.ts'

/** A certificate and key that the machine has already. */
export const x509pop: Attestor = {
  options: {
    certificateFile: { required: true, key: 'certificate_path', credential: { id: 'x509pop-certificate' } },
    privateKeyFile: { required: true, key: 'private_key_path', credential: { id: 'x509pop-key' } },
    intermediatesFile: { key: 'intermediates_path', credential: { id: 'x509pop-intermediates' } },
  },
  machineOptions: ['commonName', 'fingerprint'],
  nodeOf: (facts) => nodeOfCertificate('x509pop', facts),
  server: { options: { caFile: { required: true, key: 'ca_bundle_path', credential: 'machines-ca' } } },
  canReattest: true,
  steps: {
    template: 'readme/attestors/x509pop.md.hbs',
    data: ({ certificateFile = '', privateKeyFile = '', intermediatesFile = '' }) => ({
      certificateFile,
      privateKeyFile,
      intermediatesFile,
    }),
  },
}
