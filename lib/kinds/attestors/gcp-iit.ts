import type { Attestor } from './attestor.ts'
import { nodeOfAll } from './node.ts'

/** The instance identity token of Google Cloud. */
export const gcpIit: Attestor = {
  options: {
    serviceAccount: { key: 'service_account' },
    identityTokenHost: { key: 'identity_token_host' },
  },
  machineOptions: ['projectId', 'instanceId'],
  // Its selectors have the instance's name, which its owner can choose, and not its ID.
  nodeOf: ({ given }) =>
    nodeOfAll(given, ['projectId', 'instanceId'], (ids) => ({
      by: 'agent',
      path: `gcp_iit/${ids.join('/')}`,
    })),
  server: { options: { projects: { required: true, key: 'projectid_allow_list' } } },
  canReattest: false,
  asks: ({ identityTokenHost = 'metadata.google.internal' }) => `http://${identityTokenHost}`,
  steps: { template: 'readme/attestors/gcp_iit.md.hbs', data: () => ({}) },
}
