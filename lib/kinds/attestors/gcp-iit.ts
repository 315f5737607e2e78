import type { Attestor } from './attestor.ts'

/** The instance identity token of Google Cloud. */
export const gcpIit: Attestor = {
  options: {
    serviceAccount: { key: 'service_account' },
    identityTokenHost: { key: 'identity_token_host' },
  },
  machineOptions: ['projectId', 'instanceId'],
  canReattest: false,
  available: false,
}
