import { joinHostPort } from '../config/network.ts'
import type { ResolvedConfig, ResolvedMachine } from '../config/resolved.ts'
import { proxyHas } from '../config/versions.ts'
import { proxyPorts } from './ports.ts'
import { servedAddresses } from './served.ts'
import { isVariable, type List, type Scalar, type Text, textOf, type VariableList } from './value.ts'

/** One variable of the proxy. */
export interface EnvironmentEntry {
  /** Whole name, with its `LINKERD2_PROXY_` prefix. */
  readonly name: string
  readonly value: Text
  /** PEM is the only kind that may have line feeds. */
  readonly kind: 'line' | 'pem'
  /** Of the symbolic machine: the entry is left out where this list is empty. */
  readonly of?: VariableList
}

/** What of a machine its own environment is made of; variables where the machine is symbolic. */
export interface EnvironmentIdentity {
  readonly name: Scalar
  readonly namespace: Scalar
  readonly spiffeId: Scalar | Text
  readonly serverName: Scalar | Text
  /** Addresses that packets arrive at; empty for a client without addresses. */
  readonly inboundAddresses: List
  readonly inboundPorts: List
  readonly opaquePorts: List
}

/** Settings of the mesh layer that a group may change. */
export interface LayerSettings {
  readonly ipv6: boolean
  readonly defaultInboundPolicy: string
}

/**
 * The proxy's environment that all machines of a layer share. Names and values follow linkerd2's
 * charts/partials/templates/_proxy.tpl and linkerd2-proxy's linkerd/app/src/env.rs for the proxy version asked for.
 */
export function planMeshEnvironment(config: ResolvedConfig, layer: LayerSettings): EnvironmentEntry[] {
  const { settings } = config.proxy
  const own = [
    ...listeners(config, layer.ipv6),
    ...controlPlane(config),
    ...identity(config),
    ...networks(config, layer),
    ...timeouts(config),
    ...process(config),
  ]
  return [
    // A setting takes the place of a value that no field of the document stands for, such as a time-out.
    ...own.filter(({ name }) => !Object.hasOwn(settings, name)),
    ...Object.entries(settings).map(
      ([name, value]): EnvironmentEntry => ({ name, value: [value], kind: 'line' }),
    ),
  ]
}

/** The proxy's environment of one machine: who it is and what it serves. */
export function planMachineEnvironment(machine: EnvironmentIdentity): EnvironmentEntry[] {
  const { name, namespace } = machine
  return [
    line('IDENTITY_SERVER_ID', asText(machine.spiffeId)),
    line('IDENTITY_SERVER_NAME', asText(machine.serverName)),
    line('POLICY_WORKLOAD', jsonText({ ns: namespace, external_workload: name })),
    // Linkerd reads only ns, nodeName and pod; a nodeName that is no Kubernetes node only makes it log.
    line('DESTINATION_CONTEXT', jsonText({ ns: namespace, external_workload: name })),
    ...listLine('INBOUND_IPS', machine.inboundAddresses),
    ...listLine('INBOUND_PORTS', machine.inboundPorts),
    ...listLine('INBOUND_PORTS_DISABLE_PROTOCOL_DETECTION', machine.opaquePorts),
  ]
}

function asText(value: Scalar | Text): Text {
  return typeof value === 'object' && !isVariable(value) ? value : textOf(value)
}

/** The concrete identity of a machine of the document. */
export function environmentIdentity(machine: ResolvedMachine): EnvironmentIdentity {
  return {
    name: machine.name,
    namespace: machine.namespace,
    spiffeId: machine.identity.spiffeId,
    serverName: machine.identity.serverName,
    inboundAddresses: servedAddresses(machine).all,
    inboundPorts: machine.ports.map((port) => port.port),
    opaquePorts: machine.ports.filter((port) => port.opaque).map((port) => port.port),
  }
}

function listeners(config: ResolvedConfig, ipv6: boolean): EnvironmentEntry[] {
  const { adminAddress, version } = config.proxy
  const outbound = ipv6
    ? `127.0.0.1:${proxyPorts.outbound},[::1]:${proxyPorts.outbound}`
    : `127.0.0.1:${proxyPorts.outbound}`
  return [
    // Not loopback: REDIRECT in PREROUTING rewrites to the address of the incoming interface. [::] takes IPv4 too.
    line('INBOUND_LISTEN_ADDR', [`${ipv6 ? '[::]' : '0.0.0.0'}:${proxyPorts.inbound}`]),
    proxyHas(version, 'outboundListenAddresses')
      ? line('OUTBOUND_LISTEN_ADDRS', [outbound])
      : line('OUTBOUND_LISTEN_ADDR', [`127.0.0.1:${proxyPorts.outbound}`]),
    line('ADMIN_LISTEN_ADDR', [joinHostPort(adminAddress.host, adminAddress.port)]),
  ]
}

function controlPlane(config: ResolvedConfig): EnvironmentEntry[] {
  const { controlPlaneNamespace: namespace, identityTrustDomain, controlPlane: addresses } = config.mesh
  // Linkerd's own trust domain, which has nothing to do with the SPIFFE trust domain of the machines.
  const name = `linkerd-destination.${namespace}.serviceaccount.identity.${namespace}.${identityTrustDomain}`
  return [
    line('DESTINATION_SVC_ADDR', [addresses.destination]),
    line('DESTINATION_SVC_NAME', [name]),
    line('POLICY_SVC_ADDR', [addresses.policy]),
    line('POLICY_SVC_NAME', [name]),
    line('CONTROL_STREAM_INITIAL_TIMEOUT', ['3s']),
    line('CONTROL_STREAM_IDLE_TIMEOUT', ['5m']),
    line('CONTROL_STREAM_LIFETIME', ['1h']),
  ]
}

function identity(config: ResolvedConfig): EnvironmentEntry[] {
  const socket = `unix://${config.spire.agent.socket}`
  const name = proxyHas(config.proxy.version, 'workloadApiAddress')
    ? 'SPIRE_WORKLOAD_API_ADDRESS'
    : 'SPIRE_SOCKET'
  return [
    line(`IDENTITY_${name}`, [socket]),
    { ...line('IDENTITY_TRUST_ANCHORS', [config.mesh.trustAnchors]), kind: 'pem' },
  ]
}

function networks(config: ResolvedConfig, layer: LayerSettings): EnvironmentEntry[] {
  const all = config.mesh.redirectNetworks.map((network) => network.text).join(',')
  return [
    line('INBOUND_DEFAULT_POLICY', [layer.defaultInboundPolicy]),
    line('POLICY_CLUSTER_NETWORKS', [all]),
    // Without it the proxy discovers nothing by IP and sends traffic to pods and other machines in plaintext.
    line('DESTINATION_PROFILE_NETWORKS', [all]),
    line('DESTINATION_PROFILE_SUFFIXES', [`svc.${config.mesh.clusterDomain}.`]),
  ]
}

function timeouts(config: ResolvedConfig): EnvironmentEntry[] {
  const entries = [
    line('INBOUND_CONNECT_TIMEOUT', ['100ms']),
    line('OUTBOUND_CONNECT_TIMEOUT', ['1000ms']),
    line('INBOUND_ACCEPT_KEEPALIVE', ['10000ms']),
    line('OUTBOUND_CONNECT_KEEPALIVE', ['10000ms']),
  ]
  if (proxyHas(config.proxy.version, 'userTimeouts')) {
    entries.push(line('INBOUND_ACCEPT_USER_TIMEOUT', ['30s']), line('OUTBOUND_CONNECT_USER_TIMEOUT', ['30s']))
  }
  if (proxyHas(config.proxy.version, 'http2KeepAlive')) {
    for (const side of ['INBOUND', 'OUTBOUND']) {
      entries.push(line(`${side}_SERVER_HTTP2_KEEP_ALIVE_INTERVAL`, ['10s']))
      entries.push(line(`${side}_SERVER_HTTP2_KEEP_ALIVE_TIMEOUT`, ['3s']))
    }
  }
  return entries
}

function process(config: ResolvedConfig): EnvironmentEntry[] {
  const { cores, logFormat, shutdownGracePeriod, version } = config.proxy
  const entries = [line('LOG_FORMAT', [logFormat]), line('SHUTDOWN_GRACE_PERIOD', [shutdownGracePeriod])]
  if (cores === undefined) return entries
  if (!proxyHas(version, 'coresMinMax')) return [...entries, line('CORES', [String(cores)])]
  return [...entries, line('CORES_MIN', [String(cores)]), line('CORES_MAX', [String(cores)])]
}

function line(name: string, value: Text): EnvironmentEntry {
  return { name: `LINKERD2_PROXY_${name}`, value, kind: 'line' }
}

/** The proxy refuses an empty list, so an empty one is left out. */
function listLine(name: string, list: List): EnvironmentEntry[] {
  const entry = line(name, [{ join: list, separator: ',' }])
  if (isVariable(list)) return [{ ...entry, of: list }]
  return list.length > 0 ? [entry] : []
}

/** A flat JSON object as text. Literals are serialised; a variable stands between quotes of its own. */
function jsonText(object: Readonly<Record<string, Scalar>>): Text {
  const parts: (string | Exclude<Scalar, string | number>)[] = []
  for (const [key, value] of Object.entries(object)) {
    const head = `${parts.length === 0 ? '{' : ','}${JSON.stringify(key)}:`
    if (isVariable(value)) parts.push(`${head}"`, value, '"')
    else parts.push(`${head}${JSON.stringify(value)}`)
  }
  return [...parts, '}']
}
