import type { Attestor } from './attestor.ts'
import { nodeOfAll } from './node.ts'

// Those of SPIRE (pkg/common/plugin/sshpop). The agent cannot read the key, so it gets both as credentials in any case.
const hostKeyFile = '/etc/ssh/ssh_host_rsa_key'
const hostCertificateFile = '/etc/ssh/ssh_host_rsa_key-cert.pub'

/** The SSH host certificate of the machine. */
export const sshpop: Attestor = {
  options: {
    hostKeyFile: { key: 'host_key_path', credential: { id: 'sshpop-key' }, default: hostKeyFile },
    hostCertificateFile: {
      key: 'host_cert_path',
      credential: { id: 'sshpop-certificate' },
      default: hostCertificateFile,
    },
  },
  machineOptions: ['fingerprint'],
  // The server's plugin has no selectors.
  nodeOf: ({ given }) =>
    nodeOfAll(given, ['fingerprint'], ([fingerprint]) => ({ by: 'agent', path: `sshpop/${fingerprint}` })),
  server: {
    options: {
      caFile: { required: true, key: 'cert_authorities_path', credential: 'machines-ca' },
      canonicalDomain: { key: 'canonical_domain' },
    },
  },
  canReattest: true,
  steps: {
    template: 'readme/attestors/sshpop.md.hbs',
    data: (options) => ({
      hostKeyFile: options.hostKeyFile ?? hostKeyFile,
      hostCertificateFile: options.hostCertificateFile ?? hostCertificateFile,
    }),
  },
}
