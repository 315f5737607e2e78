import type { Attestor } from './attestor.ts'
import { nodeOfCertificate } from './node.ts'

/** A DevID certificate whose key is in the machine's TPM. */
export const tpmDevid: Attestor = {
  options: {
    devidCertificateFile: { required: true, key: 'devid_cert_path' },
    devidPrivateKeyFile: { required: true, key: 'devid_priv_path' },
    devidPublicKeyFile: { required: true, key: 'devid_pub_path' },
    tpmDevice: { key: 'tpm_device_path' },
  },
  machineOptions: ['commonName', 'fingerprint'],
  nodeOf: (facts) => nodeOfCertificate('tpm_devid', facts),
  canReattest: true,
  available: false,
}
