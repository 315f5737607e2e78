/**
 * Machines of which Prometheus is told, by the names and labels that linkerd2-proxy has for its metrics (v2.366.0, read in its
 * source; of v2.221 those of the certificate): one that is well, one of 2.15, one that is not well at all, and one that is down.
 */

/** How a machine is, by its name. */
export const states = ['well', 'first-release', 'ill', 'down'] as const
export type State = (typeof states)[number]

/** What a proxy says when it is asked for the n-th time. */
export function proxyMetrics(state: Exclude<State, 'down'>, asked: number, now: number): string {
  const ill = state === 'ill'
  const certificate = state === 'first-release' ? 'identity_cert' : 'control_identity_cert'
  const start = ill ? 1_000_000 + asked * 60 : 1_000_000
  const lines = [
    `${certificate}_expiration_timestamp_seconds ${ill ? now + 300 : now + 3000}`,
    `${certificate}_refresh_timestamp_seconds ${ill ? now - 3300 : now - 600}`,
    `${certificate}_refreshes_total{result="ok"} 3`,
    `${certificate}_refreshes_total{result="error"} ${ill ? asked : 0}`,
    ...['destination', 'policy'].flatMap((controller) => [
      `control_${controller}_balancer_endpoints{endpoint_state="ready",addr="${controller}:8086"} ${ill ? 0 : 1}`,
      `control_${controller}_balancer_endpoints{endpoint_state="pending",addr="${controller}:8086"} ${ill ? 1 : 0}`,
    ]),
    `control_response_total{${controlled},status_code="200",classification="${ill ? 'failure' : 'success'}",grpc_status="${ill ? 5 : 0}",error=""} ${asked}`,
    ...traffic('inbound', asked),
    ...traffic('outbound', asked),
    'proxy_build_info{date="2026-08-21T15:03:02Z",git_sha="29637b6",profile="release",vendor="linkerd",version="v2.366.0"} 1',
    `process_start_time_seconds ${start}`,
    `process_cpu_seconds_total ${asked / 10}`,
    'process_resident_memory_bytes 25000000',
  ]
  if (ill) lines.push(...denials(web, asked))
  return `${lines.join('\n')}\n`
}

/** What the proxy of a pod says that refuses machines. */
export function podMetrics(asked: number): string {
  return `${denials('spiffe://root.linkerd.cluster.local/mixed-env/well', asked).join('\n')}\n`
}

const web = 'web.mixed-env.serviceaccount.identity.linkerd.cluster.local'
const controlled =
  'addr="linkerd-policy.linkerd.svc.cluster.local.:8090",tls="true",server_id="linkerd-destination.linkerd.serviceaccount.identity.linkerd.cluster.local"'
const target = 'target_addr="203.0.113.42:80",target_ip="203.0.113.42",target_port="80"'
const server = 'srv_group="policy.linkerd.io",srv_kind="server",srv_name="http",srv_port="80"'

function denials(client: string, asked: number): string[] {
  const who = `tls="true",client_id="${client}"`
  return [
    `inbound_http_authz_deny_total{${target},${server},route_group="",route_kind="default",route_name="default",${who}} ${asked * 2}`,
    `inbound_tcp_authz_deny_total{${target},${server},${who}} ${asked}`,
  ]
}

function traffic(direction: 'inbound' | 'outbound', asked: number): string[] {
  const side = `direction="${direction}",tls="true",${direction === 'inbound' ? `client_id="${web}"` : 'server_id="x"'}`
  const open = (peer: string) => `{direction="${direction}",peer="${peer}",tls="true"}`
  return [
    `request_total{${side}} ${asked * 10}`,
    `response_total{${side},status_code="200",classification="success",grpc_status="",error=""} ${asked * 9}`,
    `response_total{${side},status_code="500",classification="failure",grpc_status="",error=""} ${asked}`,
    ...['1', '10', '+Inf'].map(
      (le) => `response_latency_ms_bucket{${side},status_code="200",le="${le}"} ${asked * 9}`,
    ),
    ...['src', 'dst'].flatMap((peer) => [
      `tcp_open_connections${open(peer)} 4`,
      `tcp_read_bytes_total${open(peer)} ${asked * 1000}`,
      `tcp_write_bytes_total${open(peer)} ${asked * 2000}`,
    ]),
  ]
}

/** What the readiness prober says of these machines; the ill one is not ready every other time. */
export function proberMetrics(asked: number): string {
  const ready = (machine: State, value: number) =>
    `meshjoin_prober_machine_ready{machine_namespace="mixed-env",machine="${machine}"} ${value}`
  return `${[
    'meshjoin_prober_machines{state="ready"} 2',
    'meshjoin_prober_machines{state="not_ready"} 1',
    'meshjoin_prober_machines{state="drained"} 1',
    'meshjoin_prober_api_up 0',
    ready('well', 1),
    ready('ill', asked % 2),
  ].join('\n')}\n`
}
