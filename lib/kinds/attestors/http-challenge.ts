import type { Attestor } from './attestor.ts'

/** A call of the SPIRE server back to the machine's host name. */
export const httpChallenge: Attestor = {
  options: {
    hostname: { key: 'hostname' },
    agentName: { key: 'agentname' },
    port: { key: 'port' },
    advertisedPort: { key: 'advertised_port' },
  },
  machineOptions: ['hostname'],
  canReattest: false,
  available: false,
}
