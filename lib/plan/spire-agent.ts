import type { Agent, ResolvedConfig } from '../config/resolved.ts'
import { spireHas } from '../config/versions.ts'

/** Where systemd puts what `LoadCredential=` of the agent's unit names. */
const credentials = '/run/credentials/spire-agent.service'

/** A file that only root can read, handed to the agent as a systemd credential. */
export interface Credential {
  readonly id: string
  /** The file on the machine; placed by the operator, never by meshjoin. */
  readonly source: string
  /** Not secret; what the agent reads where the file is gone. Empty where it must be there. */
  readonly fallback: string
}

/** The credentials that a managed agent needs. */
export function planCredentials(agent: Agent): Credential[] {
  if (agent.from !== 'managed' || agent.attestation.type !== 'join_token') return []
  const file = agent.attestation.options.file
  // A spent token may be deleted: with a cached identity the agent must still start, and it refuses an empty file.
  return typeof file === 'string'
    ? [{ id: 'join-token', source: file, fallback: 'no-join-token-on-this-machine' }]
    : []
}

/** A value of JSON. */
export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json }

/**
 * The agent's configuration as data, for `JSON.stringify`: SPIRE reads JSON as well as HCL, and JSON needs no escaping
 * of ours. Keys as in SPIRE's doc/spire_agent.md; unknown ones are fatal there, so they follow the version.
 */
export function planAgentConfiguration(config: ResolvedConfig): Json {
  const { agent, server, trustDomain } = config.spire
  if (agent.from !== 'managed') throw new TypeError('an existing agent has its own configuration')
  return {
    agent: {
      data_dir: '/var/lib/spire-agent',
      // At INFO it logs its own ID, which ends in the join token.
      log_level: 'WARN',
      server_address: server.address,
      server_port: server.port,
      socket_path: agent.socket,
      trust_domain: trustDomain,
      trust_bundle_path: '/etc/spire/bundle.pem',
      ...(spireHas(agent.version, 'disableSds') ? { disable_sds_api: true } : {}),
      ...(planCredentials(agent).some(({ id }) => id === 'join-token')
        ? { join_token_file: `${credentials}/join-token` }
        : {}),
    },
    plugins: {
      KeyManager: [{ disk: { plugin_data: { directory: '/var/lib/spire-agent' } } }],
      NodeAttestor: [{ join_token: { plugin_data: {} } }],
      WorkloadAttestor: [{ unix: { plugin_data: {} } }],
    },
  }
}
