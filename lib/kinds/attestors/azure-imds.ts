import type { Attestor } from './attestor.ts'

/** The attested document of Azure's instance metadata. */
export const azureImds: Attestor = {
  options: { tenantDomain: { required: true, key: 'tenant_domain' } },
  machineOptions: ['tenantId', 'subscriptionId', 'vmId'],
  canReattest: false,
  available: false,
}
