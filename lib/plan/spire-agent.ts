import type { Agent, ResolvedConfig, TrustBundle } from '../config/resolved.ts'
import { spireHas } from '../config/versions.ts'
import { type Credential, credentialPath, type Json } from '../kinds/attestors/attestor.ts'
import { attestors, pluginData } from '../kinds/attestors/index.ts'

type ManagedAgent = Extract<Agent, { from: 'managed' }>

/**
 * The agent's configuration as data, for `JSON.stringify`: SPIRE reads JSON as well as HCL, and JSON needs no escaper.
 * Keys as in SPIRE's doc/spire_agent.md; unknown ones are fatal there, so they follow the version.
 */
export function planAgentConfiguration(config: ResolvedConfig): Json {
  const { agent, server, trustDomain } = config.spire
  if (agent.from !== 'managed') throw new TypeError('an existing agent has its own configuration')
  const { attestation } = agent
  return {
    agent: {
      data_dir: '/var/lib/spire-agent',
      // At INFO it logs its own ID, which ends in the join token.
      log_level: 'WARN',
      server_address: server.address,
      server_port: server.port,
      socket_path: agent.socket,
      trust_domain: trustDomain,
      ...trustSettings(config.spire.trustBundle),
      ...(agent.availabilityTarget === undefined ? {} : { availability_target: agent.availabilityTarget }),
      ...(spireHas(agent.version, 'disableSds') ? { disable_sds_api: true } : {}),
      ...attestors[attestation.type].agentSettings?.(attestation.options),
    },
    plugins: {
      KeyManager: [{ disk: { plugin_data: { directory: '/var/lib/spire-agent' } } }],
      NodeAttestor: [{ [attestation.type]: { plugin_data: pluginData(attestation) } }],
      WorkloadAttestor: workloadAttestors(config.spire.selectors),
    },
    ...listeners(agent),
  }
}

/** Names of the credentials by which root's files with certificates reach the agent. */
const bundleId = 'trust-bundle'
export const bundleAuthorityId = 'trust-bundle-ca'

/** Certificates that the operator places, as credentials: the folder of such a file may be root's alone. */
export function bundleCredentials(bundle: TrustBundle): Credential[] {
  const of = (id: string, source: string): Credential => ({ id, source, fallback: '' })
  if (bundle.kind === 'path') return [of(bundleId, bundle.path)]
  return bundle.kind === 'url' && bundle.caFile !== undefined ? [of(bundleAuthorityId, bundle.caFile)] : []
}

/** What the agent checks the server against when it has nothing yet. */
function trustSettings(bundle: TrustBundle): { readonly [key: string]: Json } {
  switch (bundle.kind) {
    case 'pem':
      return { trust_bundle_path: '/etc/spire/bundle.pem' }
    case 'path':
      return { trust_bundle_path: credentialPath(bundleId) }
    case 'url':
      return { trust_bundle_url: bundle.url }
    case 'none':
      return { insecure_bootstrap: true }
  }
}

/** On loopback alone: who else should see them is asked there, and forwards. */
function listeners({ healthPort, metricsPort }: ManagedAgent): { readonly [key: string]: Json } {
  const host = '127.0.0.1'
  const health = { listener_enabled: true, bind_address: host, bind_port: String(healthPort) }
  return {
    ...(healthPort === undefined ? {} : { health_checks: health }),
    ...(metricsPort === undefined ? {} : { telemetry: { Prometheus: { host, port: metricsPort } } }),
  }
}

/** Whether the agent looks at the caller's executable for it. */
export function readsExecutable(selector: string): boolean {
  return /^unix:(path|sha256):/.test(selector)
}

/** What recognises the callers by: no more than the selectors ask for, since each look at a caller can fail. */
function workloadAttestors(selectors: readonly string[]): Json[] {
  const looks = selectors.some(readsExecutable)
  const hashes = selectors.some((selector) => selector.startsWith('unix:sha256:'))
  const unix = looks ? { discover_workload_path: true, ...(hashes ? {} : { workload_size_limit: -1 }) } : {}
  const systemd = selectors.some((selector) => selector.startsWith('systemd:'))
  return [{ unix: { plugin_data: unix } }, ...(systemd ? [{ systemd: { plugin_data: {} } }] : [])]
}
