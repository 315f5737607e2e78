/**
 * Variables of linkerd2-proxy, without their prefix LINKERD2_PROXY_, as declared in linkerd/app/src/env.rs of
 * v2.221.0 to v2.366.0; none was added or renamed up to v2.369.0.
 */

/** Must not be set, with the reason. */
export const forbiddenSettings: Readonly<Record<string, string>> = {
  IDENTITY_DISABLED: 'any value stops the proxy at start',
  IDENTITY_LOCAL_NAME: 'it overrides both the SPIFFE ID and the server name',
  IDENTITY_DIR: "it belongs to Linkerd's own identity service, which machines do not use",
  IDENTITY_TOKEN_FILE: "it belongs to Linkerd's own identity service, which machines do not use",
  IDENTITY_SVC_ADDR: "it belongs to Linkerd's own identity service, which machines do not use",
  IDENTITY_SVC_NAME: "it belongs to Linkerd's own identity service, which machines do not use",
  IDENTITY_MIN_REFRESH: "it belongs to Linkerd's own identity service, which machines do not use",
  IDENTITY_MAX_REFRESH: "it belongs to Linkerd's own identity service, which machines do not use",
  RESOLV_CONF: 'no proxy has read it since v2.221, and later ones do not know it',
  INBOUND_PORTS_REQUIRE_IDENTITY: 'no proxy reads it; annotate the ExternalWorkload instead',
  INBOUND_PORTS_REQUIRE_TLS: 'no proxy reads it; annotate the ExternalWorkload instead',
}

const machine = 'machines[].'

/** Made from a field of the document, with that field. */
export const ownedSettings: Readonly<Record<string, string>> = {
  INBOUND_LISTEN_ADDR: 'redirect.ipv6',
  OUTBOUND_LISTEN_ADDR: 'redirect.ipv6',
  OUTBOUND_LISTEN_ADDRS: 'redirect.ipv6',
  ADMIN_LISTEN_ADDR: 'proxy.adminAddress',
  INBOUND_IPS: `${machine}localAddresses`,
  INBOUND_PORTS: `${machine}ports`,
  INBOUND_PORTS_DISABLE_PROTOCOL_DETECTION: `${machine}ports[].opaque`,
  INBOUND_DEFAULT_POLICY: 'proxy.defaultInboundPolicy',
  POLICY_CLUSTER_NETWORKS: 'mesh.clusterNetworks and mesh.machineNetworks',
  DESTINATION_PROFILE_NETWORKS: 'mesh.clusterNetworks and mesh.machineNetworks',
  DESTINATION_PROFILE_SUFFIXES: 'mesh.clusterDomain',
  DESTINATION_SVC_ADDR: 'mesh.controlPlane.destination',
  DESTINATION_SVC_NAME: 'mesh.controlPlaneNamespace and mesh.identityTrustDomain',
  DESTINATION_CONTEXT: `${machine}name and ${machine}namespace`,
  POLICY_SVC_ADDR: 'mesh.controlPlane.policy',
  POLICY_SVC_NAME: 'mesh.controlPlaneNamespace and mesh.identityTrustDomain',
  POLICY_WORKLOAD: `${machine}name and ${machine}namespace`,
  IDENTITY_SERVER_ID: `${machine}identity.spiffeId`,
  IDENTITY_SERVER_NAME: `${machine}identity.serverName`,
  IDENTITY_TRUST_ANCHORS: 'mesh.trustAnchors',
  IDENTITY_SPIRE_SOCKET: 'spire.agent.socket',
  IDENTITY_SPIRE_WORKLOAD_API_ADDRESS: 'spire.agent.socket',
  SHUTDOWN_GRACE_PERIOD: 'proxy.shutdownGracePeriod',
  LOG_FORMAT: 'proxy.logFormat',
  CORES: 'proxy.cores',
  CORES_MIN: 'proxy.cores',
  CORES_MAX: 'proxy.cores',
  CORES_MAX_RATIO: 'proxy.cores',
  // Fixed by us as in every Linkerd pod; they come in groups that must fit each other.
  CONTROL_STREAM_INITIAL_TIMEOUT: 'nothing: it is the same everywhere',
  CONTROL_STREAM_IDLE_TIMEOUT: 'nothing: it is the same everywhere',
  CONTROL_STREAM_LIFETIME: 'nothing: it is the same everywhere',
}

const sides = ['INBOUND', 'OUTBOUND']
const http2 = [
  'KEEP_ALIVE_INTERVAL',
  'KEEP_ALIVE_TIMEOUT',
  'MAX_CONCURRENT_STREAMS',
  'MAX_FRAME_SIZE',
  'MAX_HEADER_LIST_SIZE',
  'MAX_PENDING_ACCEPT_RESET_STREAMS',
  'MAX_SEND_BUF_SIZE',
  'INITIAL_STREAM_WINDOW_SIZE',
  'INITIAL_CONNECTION_WINDOW_SIZE',
  'ADAPTIVE_FLOW_CONTROL',
]
const eachSide = [
  'ACCEPT_KEEPALIVE',
  'CONNECT_KEEPALIVE',
  'ACCEPT_USER_TIMEOUT',
  'CONNECT_USER_TIMEOUT',
  'CONNECT_TIMEOUT',
  'DETECT_TIMEOUT',
  'DISCOVERY_IDLE_TIMEOUT',
  'TCP_LISTEN_BACKLOG',
  'HTTP_QUEUE_CAPACITY',
  'HTTP_FAILFAST_TIMEOUT',
  'MAX_IN_FLIGHT',
  'HTTP1_CONNECTION_POOL_IDLE_TIMEOUT',
  'CONNECT_EXP_BACKOFF_MIN',
  'CONNECT_EXP_BACKOFF_MAX',
  'CONNECT_EXP_BACKOFF_JITTER',
  ...http2.map((name) => `SERVER_HTTP2_${name}`),
]

/** What a proxy reads and nothing of ours sets, or what ours may be overridden. */
export const knownSettings: ReadonlySet<string> = new Set([
  ...sides.flatMap((side) => eachSide.map((name) => `${side}_${name}`)),
  'CONTROL_LISTEN_ADDR',
  'TAP_SVC_NAME',
  'SHUTDOWN_ENDPOINT_ENABLED',
  'METRICS_RETAIN_IDLE',
  'LOG',
  'ACCESS_LOG',
  'OUTBOUND_TCP_QUEUE_CAPACITY',
  'OUTBOUND_TCP_FAILFAST_TIMEOUT',
  'MAX_IDLE_CONNS_PER_ENDPOINT',
  'OUTBOUND_MAX_IDLE_CONNS_PER_ENDPOINT',
  'HTTP2_INITIAL_STREAM_WINDOW_SIZE',
  'HTTP2_INITIAL_CONNECTION_WINDOW_SIZE',
  'LINKERD2_PROXY_IDENTITY_SPIRE_EXP_BACKOFF_MIN',
  'LINKERD2_PROXY_IDENTITY_SPIRE_EXP_BACKOFF_MAX',
  'LINKERD2_PROXY_IDENTITY_SPIRE_EXP_BACKOFF_JITTER', // the proxy doubles the prefix of these three
  'DNS_MIN_TTL',
  'DNS_MAX_TTL',
  'INGRESS_MODE',
  'INBOUND_GATEWAY_SUFFIXES',
  'DESTINATION_PROFILE_INITIAL_TIMEOUT',
  'OUTBOUND_DISABLE_INFORMATIONAL_HEADERS',
  'OUTBOUND_METRICS_HOSTNAME_LABELS',
  'INBOUND_METRICS_AUTHORITY_LABELS',
  'TRACE_COLLECTOR_SVC_ADDR',
  'TRACE_COLLECTOR_SVC_NAME',
  'TRACE_ATTRIBUTES_PATH',
  'TRACE_SERVICE_NAME',
  'TRACE_EXTRA_ATTRIBUTES',
  'TRACE_PROTOCOL',
])

/** How the proxy reads a variable; any other text ends it at its start. */
export interface SettingForm {
  readonly rule: string
  readonly example: string
  readonly pattern: RegExp
}

const duration: SettingForm = {
  rule: 'a whole number with the unit ms, s, m, h or d',
  example: '500ms',
  pattern: /^ *([0-9]+(ms|s|m|h|d)|0+) *$/,
}
const count: SettingForm = { rule: 'a whole number', example: '10000', pattern: /^[0-9]{1,19}$/ }
const fraction: SettingForm = { rule: 'a number', example: '0.1', pattern: /^[0-9]+(\.[0-9]+)?$/ }
const boolean: SettingForm = { rule: 'true or false', example: 'true', pattern: /^(true|false)$/ }
const listener: SettingForm = {
  rule: 'an IP address with a port',
  example: '127.0.0.1:4190',
  pattern: /^([0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$/,
}

const forms: readonly (readonly [names: RegExp, SettingForm])[] = [
  [/(TIMEOUT|INTERVAL|KEEPALIVE|BACKOFF_MIN|BACKOFF_MAX|_TTL|RETAIN_IDLE)$/, duration],
  [/(BACKLOG|CAPACITY|IN_FLIGHT|STREAMS|_SIZE|PER_ENDPOINT)$/, count],
  [/JITTER$/, fraction],
  [/(ENABLED|INGRESS_MODE|FLOW_CONTROL|INFORMATIONAL_HEADERS)$/, boolean],
  [/LISTEN_ADDR$/, listener],
]

/** The form of a known setting, from linkerd/app/src/env/types.rs; undefined where it is text of its own kind. */
export function settingForm(name: string): SettingForm | undefined {
  return forms.find(([names]) => names.test(name))?.[1]
}
