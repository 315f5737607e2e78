import type { Attestor } from './attestor.ts'
import { nodeOfAll } from './node.ts'

/** The SSH host certificate of the machine. */
export const sshpop: Attestor = {
  options: {
    hostKeyFile: { key: 'host_key_path' },
    hostCertificateFile: { key: 'host_cert_path' },
  },
  machineOptions: ['fingerprint'],
  // The server's plugin has no selectors.
  nodeOf: ({ given }) =>
    nodeOfAll(given, ['fingerprint'], ([fingerprint]) => ({ by: 'agent', path: `sshpop/${fingerprint}` })),
  canReattest: true,
  available: false,
}
