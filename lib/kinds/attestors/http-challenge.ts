import type { Attestor } from './attestor.ts'
import { nodeOfAll } from './node.ts'

/** A call of the SPIRE server back to the machine's host name. */
export const httpChallenge: Attestor = {
  options: {
    hostname: { key: 'hostname' },
    agentName: { key: 'agentname' },
    port: { key: 'port' },
    advertisedPort: { key: 'advertised_port' },
  },
  machineOptions: ['hostname'],
  nodeOf: ({ given, options }) =>
    nodeOfAll({ hostname: given.hostname ?? options.hostname }, ['hostname'], ([hostname]) => ({
      by: 'selectors',
      selectors: [`http_challenge:hostname:${hostname}`],
    })),
  canReattest: false,
  available: false,
}
