import type { Attestor } from './attestor.ts'
import { nodeOfCertificate } from './node.ts'

/** The kernel's own resource manager, so that others may use the TPM at the same time. */
const tpmDevice = '/dev/tpmrm0'

/** A DevID certificate whose key is in the machine's TPM. */
export const tpmDevid: Attestor = {
  options: {
    devidCertificateFile: {
      required: true,
      key: 'devid_cert_path',
      credential: { id: 'tpm-devid-certificate' },
    },
    devidPrivateKeyFile: { required: true, key: 'devid_priv_path', credential: { id: 'tpm-devid-key' } },
    devidPublicKeyFile: { required: true, key: 'devid_pub_path', credential: { id: 'tpm-devid-public' } },
    // SPIRE would look for it among all of /dev; the unit opens this one alone.
    tpmDevice: { key: 'tpm_device_path', default: tpmDevice },
  },
  machineOptions: ['commonName', 'fingerprint'],
  nodeOf: (facts) => nodeOfCertificate('tpm_devid', facts),
  server: {
    options: {
      caFile: { required: true, key: 'devid_ca_path', credential: 'machines-ca' },
      endorsementCaFile: { required: true, key: 'endorsement_ca_path', credential: 'endorsement-ca' },
    },
  },
  canReattest: true,
  needs: [
    {
      // The rules of udev that give the device to the group tss, and the group.
      anyOf: [
        '/lib/udev/rules.d/60-tpm-udev.rules',
        '/usr/lib/udev/rules.d/60-tpm-udev.rules',
        '/usr/lib/udev/rules.d/90-tpm.rules',
      ],
      packages: { debian: 'tpm-udev', rhel: 'tpm2-tss', suse: 'system-user-tss' },
      stock: [],
    },
  ],
  unit: (options) => ({ device: options.tpmDevice ?? tpmDevice, group: 'tss' }),
  steps: {
    template: 'readme/attestors/tpm_devid.md.hbs',
    data: ({
      devidCertificateFile = '',
      devidPrivateKeyFile = '',
      devidPublicKeyFile = '',
      tpmDevice: device = tpmDevice,
    }) => ({ devidCertificateFile, devidPrivateKeyFile, devidPublicKeyFile, tpmDevice: device }),
  },
}
