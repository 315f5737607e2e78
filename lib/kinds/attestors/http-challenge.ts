import type { Attestor } from './attestor.ts'
import { nodeOfAll } from './node.ts'

/** A call of the SPIRE server back to the machine's host name. */
export const httpChallenge: Attestor = {
  options: {
    hostname: { key: 'hostname', forOneMachine: true },
    agentName: { key: 'agentname' },
    // SPIRE would take any free one, which no firewall can let through.
    port: { required: true, key: 'port' },
    advertisedPort: { key: 'advertised_port' },
  },
  machineOptions: ['hostname'],
  nodeOf: ({ given, options }) =>
    nodeOfAll({ hostname: given.hostname ?? options.hostname }, ['hostname'], ([hostname]) => ({
      by: 'selectors',
      selectors: [`http_challenge:hostname:${hostname}`],
    })),
  server: { options: { dnsPatterns: { required: true, key: 'allowed_dns_patterns' } } },
  canReattest: false,
  listens: ({ port }) => port,
  // Below 1024 only who may bind there can listen.
  unit: ({ port = 0 }) => (port < 1024 ? { capabilities: ['CAP_NET_BIND_SERVICE'] } : {}),
  steps: {
    template: 'readme/attestors/http_challenge.md.hbs',
    data: ({ port = 0, advertisedPort = port, agentName = 'default', hostname = '' }) => ({
      port: String(port),
      advertisedPort: String(advertisedPort),
      agentName,
      hostname,
    }),
  },
}
