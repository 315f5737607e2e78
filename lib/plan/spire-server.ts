import type { Install, ResolvedConfig } from '../config/resolved.ts'
import type { Credential, Json } from '../kinds/attestors/attestor.ts'
import { serverUnit } from '../kinds/unit.ts'
import { type Program, planServerDownloads } from './download.ts'
import { planRegistration, type Registration } from './registration.ts'
import { serverCredentials, serverPluginData } from './server-attestation.ts'

/** A SPIRE server that we set up. */
export interface ServerPlan {
  /** On the machine, or on a host of its own. */
  readonly place: 'machine' | 'host'
  /** From the agents' archive: both programs are in it. */
  readonly program: Program
  readonly binary: string
  /** For `JSON.stringify`. */
  readonly configuration: Json
  /** Files that the operator places and only root has to be able to read. */
  readonly credentials: readonly Credential[]
  readonly certFile: string
  readonly keyFile: string
  readonly bundleFile: string | undefined
}

const state = '/var/lib/spire-server'

/** Of root's files the server sees copies here, made by systemd when it starts. */
function credentialPath(id: string): string {
  return `/run/credentials/${serverUnit}/${id}`
}

/** The server that a document asks for; undefined where there is one already. */
export function planServer({ spire }: ResolvedConfig): ServerPlan | undefined {
  const { agent, server, trustDomain } = spire
  const { own } = server
  if (own === undefined || agent.from !== 'managed') return undefined
  const { certFile, keyFile, bundleFile } = own.upstream
  const upstream = [
    { id: 'ca.crt', source: certFile, key: 'cert_file_path' },
    { id: 'ca.key', source: keyFile, key: 'key_file_path' },
    ...(bundleFile === undefined ? [] : [{ id: 'bundle.crt', source: bundleFile, key: 'bundle_file_path' }]),
  ]
  const { attestation, install, version } = agent
  return {
    place: own.place,
    program: { name: 'spire-server', version, install, downloads: planServerDownloads(version, install) },
    binary: serverBinary(install),
    credentials: [
      ...upstream.map(({ id, source }) => ({ id, source, fallback: '' })),
      ...serverCredentials(attestation, own.attestation),
    ],
    configuration: {
      server: {
        bind_address: bindAddress(own.place, server.address),
        bind_port: server.port,
        socket_path: '/run/spire/server/api.sock',
        trust_domain: trustDomain,
        data_dir: state,
        // At INFO it logs the IDs of agents, and those of join tokens end in the token.
        log_level: 'WARN',
        // Linkerd's proxies take no other key of a CA.
        ca_key_type: 'ec-p256',
        ca_subject: { country: [], organization: ['SPIRE'], common_name: trustDomain },
        ...(own.caTtl === undefined ? {} : { ca_ttl: own.caTtl }),
        ...(own.x509SvidTtl === undefined ? {} : { default_x509_svid_ttl: own.x509SvidTtl }),
        ...(own.agentTtl === undefined ? {} : { agent_ttl: own.agentTtl }),
      },
      plugins: {
        DataStore: [
          {
            sql: {
              plugin_data: {
                database_type: 'sqlite3',
                connection_string: `${state}/datastore.sqlite3`,
              },
            },
          },
        ],
        KeyManager: [{ disk: { plugin_data: { keys_path: `${state}/keys.json` } } }],
        NodeAttestor: [
          {
            [attestation.type]: {
              plugin_data: serverPluginData(attestation, own.attestation, credentialPath),
            },
          },
        ],
        UpstreamAuthority: [
          {
            disk: {
              plugin_data: Object.fromEntries(upstream.map(({ id, key }) => [key, credentialPath(id)])),
            },
          },
        ],
      },
    },
    certFile,
    keyFile,
    bundleFile,
  }
}

/** A server on the machine, for that machine alone. */
export interface ColocatedPlan extends ServerPlan {
  /** What it registers; the alias of the agent comes with the join token. */
  readonly registration: Registration
}

/** The server of the document's one machine; undefined where it is elsewhere. */
export function planColocated(config: ResolvedConfig): ColocatedPlan | undefined {
  const server = planServer(config)
  const [machine] = config.machines
  if (server?.place !== 'machine' || machine === undefined) return undefined
  return { ...server, registration: planRegistration(config, machine) }
}

/** On the machine nobody else reaches it. */
function bindAddress(place: ServerPlan['place'], address: string): string {
  if (place === 'machine') return address
  return address.includes(':') ? '::' : '0.0.0.0'
}

/** Beside a preinstalled agent; otherwise in a folder of its own, since the agent's belongs to the machine. */
function serverBinary(install: Install): string {
  return install.from === 'preinstalled'
    ? install.path.replace(/[^/]*$/, 'spire-server')
    : '/opt/spire-server/current/bin/spire-server'
}
