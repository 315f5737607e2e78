import { escapeShellWord } from '../escape/shell.ts'
import { attestationData } from '../kinds/attestors/index.ts'
import { architectures, type Program } from '../plan/download.ts'
import { planNeeds } from '../plan/packages.ts'
import type { MeshPlan } from '../plan/plan.ts'
import { readsExecutable } from '../plan/spire-agent.ts'

/**
 * The data of `mesh-machine`, sourced by it: one assignment a line, every value in single quotes, and none for what the
 * document does not have. The command itself is the same file everywhere.
 */
export function printMachineData(plan: MeshPlan): string {
  const { agent, proxyUser, redirect, resolver, server } = plan
  const values: Record<string, string> = {
    MESH_VERSION: plan.linkerdVersion,
    PROXY_USER: proxyUser.name,
    PROXY_UID: String(proxyUser.uid),
    ...programValues('PROXY', 'FROM', plan.proxy),
    AGENT_FROM: agent === undefined ? 'existing' : 'managed',
    AGENT_USER: agent?.user.name ?? '',
    AGENT_UID: agent === undefined ? '' : String(agent.user.uid),
    ...programValues('AGENT', 'INSTALL', agent?.program),
    AGENT_SOCKET: plan.agentSocket,
    AGENT_DIAL: agent === undefined ? `${dial} ${plan.agentSocket} http://agent/` : '',
    AGENT_SERVER: agent === undefined ? '' : `${agent.server.host}:${agent.server.port}`,
    ...(agent === undefined ? {} : attestationData(agent.attestation)),
    ...serverValues(server),
    ADMIN_URL: `http://${loopbackOf(plan.adminHost)}:${plan.adminPort}`,
    CONTROL_PLANE: plan.controlPlane.join(' '),
    REDIRECT_BACKEND: redirect.backend,
    REDIRECT_IPV6: String(redirect.ipv6),
    REDIRECT_ON_PROXY_FAILURE: redirect.onProxyFailure,
    RESOLVER_PROVIDER: resolver.provider,
    PACKAGES: planNeeds(plan)
      .map(({ anyOf }) => anyOf.join('|'))
      .join(' '),
    TEXTFILE_DIRECTORY: plan.textfileDirectory,
    IDENTITY_PROOF: canFetchIdentity(plan) ? 'svid' : 'socket',
  }
  const lines = Object.entries(values)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${escapeShellWord(value)}\n`)
  return `# Read by mesh-machine. Written by meshjoin.\n${lines.join('')}`
}

/** Of a SPIRE server on the machine. */
function serverValues(server: MeshPlan['server']): Record<string, string> {
  if (server === undefined) return {}
  const { program, certFile, keyFile, bundleFile = '', registration } = server
  return {
    ...programValues('SERVER', 'INSTALL', program),
    SERVER_PATH: program.install.from === 'preinstalled' ? server.binary : '',
    CA_CERT_FILE: certFile,
    CA_KEY_FILE: keyFile,
    CA_BUNDLE_FILE: bundleFile,
    PARENT_ID: registration.parentId,
  }
}

function programValues(
  prefix: string,
  fromKey: string,
  program: Program | undefined,
): Record<string, string> {
  const install = program?.install
  const download = install?.from === 'preinstalled' ? undefined : install
  const login = install?.from === 'image' ? install : undefined
  const values: Record<string, string> = {
    [`${prefix}_${fromKey}`]: install?.from ?? '',
    [`${prefix}_VERSION`]: program?.version ?? '',
    [`${prefix}_PATH`]: install?.from === 'preinstalled' ? install.path : '',
    [`${prefix}_CA_FILE`]: download?.caFile ?? '',
    [`${prefix}_HTTP_PROXY`]: download?.httpProxy ?? '',
    [`${prefix}_USERNAME`]: login?.username ?? '',
    [`${prefix}_PASSWORD_FILE`]: login?.passwordFile ?? '',
  }
  for (const arch of architectures) {
    const archive = program?.downloads[arch]
    const suffix = arch.toUpperCase()
    values[`${prefix}_URL_${suffix}`] = archive?.url ?? ''
    values[`${prefix}_SHA256_${suffix}`] = archive?.sha256 ?? ''
    values[`${prefix}_MEMBER_${suffix}`] = archive?.member ?? ''
  }
  return values
}

/** By path or checksum the agent attests whoever asks, so asking with its own command proves nothing about the proxy. */
function canFetchIdentity({ agent, selectors }: MeshPlan): boolean {
  return agent !== undefined && !selectors.some(readsExecutable)
}

/** Succeeds where anybody answers: gRPC does so in HTTP/2, whatever it is asked. */
const dial = 'curl -s -m 2 -o /dev/null --http2-prior-knowledge --unix-socket'

/** The machine asks itself, whatever else the admin port listens on. */
function loopbackOf(host: string): string {
  if (host === '::' || host === '::1') return '[::1]'
  return host === '0.0.0.0' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
}
