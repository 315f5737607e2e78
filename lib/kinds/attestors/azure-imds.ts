import type { Attestor } from './attestor.ts'
import { nodeOfAll } from './node.ts'

/** The attested document of Azure's instance metadata. */
export const azureImds: Attestor = {
  options: { tenantDomain: { required: true, key: 'tenant_domain' } },
  machineOptions: ['tenantId', 'subscriptionId', 'vmId'],
  // Its selectors have the machine's name, which its owner can choose, and not its ID.
  nodeOf: ({ given }) =>
    nodeOfAll(given, ['tenantId', 'subscriptionId', 'vmId'], (ids) => ({
      by: 'agent',
      path: `azure_imds/${ids.join('/').toLowerCase()}`,
    })),
  server: {
    options: {},
    data: ({ tenantDomain }) => ({ tenants: tenantDomain === undefined ? {} : { [tenantDomain]: {} } }),
  },
  canReattest: false,
  needsAgent: () => ({ feature: 'azureImds', why: 'it has no attestor azure_imds' }),
  asks: () => 'http://169.254.169.254',
  steps: {
    template: 'readme/attestors/azure_imds.md.hbs',
    data: ({ tenantDomain = '' }) => ({ tenantDomain }),
  },
}
