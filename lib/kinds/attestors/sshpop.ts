import type { Attestor } from './attestor.ts'

/** The SSH host certificate of the machine. */
export const sshpop: Attestor = {
  options: {
    hostKeyFile: { key: 'host_key_path' },
    hostCertificateFile: { key: 'host_cert_path' },
  },
  machineOptions: ['fingerprint'],
  canReattest: true,
  available: false,
}
