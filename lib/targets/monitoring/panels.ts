import { proberGauges } from '../shared/prober-metrics.ts'

/** A panel of the dashboard, in the order in which it stands there. */
export interface Panel {
  readonly type: 'stat' | 'timeseries'
  readonly title: string
  readonly description: string
  /** As Grafana names it. */
  readonly unit: string
  /** Of 24 columns, and in rows of 30 pixels. */
  readonly width: number
  readonly height: number
  readonly queries: readonly { readonly expr: string; readonly legend: string }[]
  /** From which value on, or below which, it is red. */
  readonly red?: { readonly from: number } | { readonly below: number }
}

const all = 'job="linkerd-machines",namespace=~"$namespace"'
const one = 'job="linkerd-machines",namespace=~"$namespace",machine="$machine"'
/** Linkerd 2.15 has these names without `control_`. */
const expiry = (selector: string) =>
  `{__name__=~"(control_)?identity_cert_expiration_timestamp_seconds",${selector}}`

/** All machines of the namespaces. */
export const fleetPanels: readonly Panel[] = [
  stat('Machines', 'How many Prometheus knows of.', `count(up{${all}})`, 'short'),
  stat('Down', 'Whose admin port does not answer.', `count(up{${all}} == 0) or vector(0)`, 'short', {
    from: 1,
  }),
  stat(
    'Without a certificate',
    'Whose proxy has had none since it was started.',
    `count(${expiry(all)} == 0) or vector(0)`,
    'short',
    { from: 1 },
  ),
  stat(
    'First certificate to end',
    'How long the certificate lasts that ends first. SPIRE renews at half of its life.',
    `min(${expiry(all)} > 0) - time()`,
    's',
    { below: 300 },
  ),
  stat(
    'Without a control plane',
    'Whose proxy has no connection to the policy controller or to the destination controller.',
    `count(sum by (machine) (control_policy_balancer_endpoints{${all},endpoint_state="ready"}) == 0 or sum by (machine) (control_destination_balancer_endpoints{${all},endpoint_state="ready"}) == 0) or vector(0)`,
    'short',
    { from: 1 },
  ),
  stat(
    'Refused per second',
    'Requests and connections that the policies of machines refused.',
    `(sum(rate(inbound_http_authz_deny_total{${all}}[$__rate_interval])) or vector(0)) + (sum(rate(inbound_tcp_authz_deny_total{${all}}[$__rate_interval])) or vector(0))`,
    'reqps',
  ),
  stat(
    'Not ready',
    'By the readiness prober, where there is one; without those that were drained on purpose.',
    `sum(${proberGauges.machines}{state="not_ready"}) or vector(0)`,
    'short',
    { from: 1 },
  ),
  graph('Answers', 'What Prometheus gets from each admin port: 1, or 0 where it is down.', 'short', [
    [`up{${all}}`, '{{machine}}'],
  ]),
  graph('Certificates that end first', 'The ten that are nearest to their end.', 's', [
    [`bottomk(10, ${expiry(all)} - time())`, '{{machine}}'],
  ]),
  graph('Requests in', 'HTTP and gRPC requests that each machine serves; the ten with the most.', 'reqps', [
    [
      `topk(10, sum by (machine) (rate(request_total{${all},direction="inbound"}[$__rate_interval])))`,
      '{{machine}}',
    ],
  ]),
  graph(
    'Answered well',
    'The share of requests in that did not end in an error; the ten with the least.',
    'percentunit',
    [
      [
        `bottomk(10, sum by (machine) (rate(response_total{${all},direction="inbound",classification="success"}[$__rate_interval])) / sum by (machine) (rate(response_total{${all},direction="inbound"}[$__rate_interval])))`,
        '{{machine}}',
      ],
    ],
  ),
  graph('Refused by policy', 'By machine, client and server of the policy.', 'reqps', [
    [
      `sum by (machine, client_id, srv_name) (rate(inbound_http_authz_deny_total{${all}}[$__rate_interval]))`,
      '{{machine}} {{srv_name}} {{client_id}}',
    ],
    [
      `sum by (machine, client_id, srv_name) (rate(inbound_tcp_authz_deny_total{${all}}[$__rate_interval]))`,
      '{{machine}} {{srv_name}} {{client_id}} (TCP)',
    ],
  ]),
  graph('Versions', 'How many machines run each release of the proxy.', 'short', [
    [`count by (version) (proxy_build_info{${all}})`, '{{version}}'],
  ]),
]

/** The machine that is chosen. */
export const machinePanels: readonly Panel[] = [
  graph('Requests', 'HTTP and gRPC, in both directions.', 'reqps', [
    [`sum by (direction) (rate(request_total{${one}}[$__rate_interval]))`, '{{direction}}'],
  ]),
  graph('Answers', 'By class and status.', 'reqps', [
    [
      `sum by (direction, classification, status_code) (rate(response_total{${one}}[$__rate_interval]))`,
      '{{direction}} {{classification}} {{status_code}}',
    ],
  ]),
  graph(
    'Latency',
    'Half, 95 % and 99 % of the answers are faster.',
    'ms',
    [0.5, 0.95, 0.99].map((quantile) => [
      `histogram_quantile(${quantile}, sum by (direction, le) (rate(response_latency_ms_bucket{${one}}[$__rate_interval])))`,
      `{{direction}} ${quantile}`,
    ]),
  ),
  graph('Open connections', 'TCP, by direction and side.', 'short', [
    [`sum by (direction, peer) (tcp_open_connections{${one}})`, '{{direction}} {{peer}}'],
  ]),
  graph('Bytes', 'What the proxy reads and writes.', 'Bps', [
    [
      `sum by (direction, peer) (rate(tcp_read_bytes_total{${one}}[$__rate_interval]))`,
      'read {{direction}} {{peer}}',
    ],
    [
      `sum by (direction, peer) (rate(tcp_write_bytes_total{${one}}[$__rate_interval]))`,
      'written {{direction}} {{peer}}',
    ],
  ]),
  graph('Certificate', 'How long it lasts still. A saw: SPIRE renews at half of its life.', 's', [
    [`${expiry(one)} - time()`, 'left'],
  ]),
  graph('Renewals', 'How often SPIRE gave a certificate, and how often that failed.', 'short', [
    [
      `sum by (result) (increase({__name__=~"(control_)?identity_cert_refreshes_total",${one}}[$__rate_interval]))`,
      '{{result}}',
    ],
  ]),
  graph(
    'Control plane',
    'Connections that are ready and that are pending; none ready is an outage.',
    'short',
    [
      [`sum by (endpoint_state) (control_policy_balancer_endpoints{${one}})`, 'policy {{endpoint_state}}'],
      [
        `sum by (endpoint_state) (control_destination_balancer_endpoints{${one}})`,
        'destination {{endpoint_state}}',
      ],
    ],
  ),
  graph(
    'Answers of the control plane',
    '5 is NotFound: no ExternalWorkload, or an unknown address.',
    'reqps',
    [
      [
        `sum by (addr, grpc_status) (rate(control_response_total{${one}}[$__rate_interval]))`,
        '{{addr}} {{grpc_status}}',
      ],
    ],
  ),
  graph('Ready', 'As the readiness prober last found it: 1, or 0.', 'short', [
    [`max(${proberGauges.ready}{machine_namespace=~"$namespace",machine="$machine"})`, 'ready'],
  ]),
  graph(
    'Redirect',
    'As the machine tells it through node_exporter: loaded by the kernel, and turned off by somebody.',
    'short',
    [
      [`max(meshjoin_machine_redirect_loaded{namespace=~"$namespace",machine="$machine"})`, 'loaded'],
      [`max(meshjoin_machine_redirect_off{namespace=~"$namespace",machine="$machine"})`, 'off'],
    ],
  ),
  graph(
    'State',
    'As the machine tells it through node_exporter, and by what name its failure goes.',
    'short',
    [
      [`max by (state) (meshjoin_machine_state{namespace=~"$namespace",machine="$machine"})`, '{{state}}'],
      [`max by (id) (meshjoin_machine_failure{namespace=~"$namespace",machine="$machine"})`, '{{id}}'],
    ],
  ),
  graph('Processor', 'Of one core.', 'percentunit', [
    [`rate(process_cpu_seconds_total{${one}}[$__rate_interval])`, 'proxy'],
  ]),
  graph('Memory', 'Resident.', 'bytes', [[`process_resident_memory_bytes{${one}}`, 'proxy']]),
  graph('Running since', 'A step is a start of the proxy.', 's', [
    [`time() - process_start_time_seconds{${one}}`, 'seconds'],
  ]),
]

function stat(
  title: string,
  description: string,
  expr: string,
  unit: string,
  red?: NonNullable<Panel['red']>,
): Panel {
  return {
    type: 'stat',
    title,
    description,
    unit,
    width: 3,
    height: 4,
    queries: [{ expr, legend: title }],
    ...(red === undefined ? {} : { red }),
  }
}

function graph(
  title: string,
  description: string,
  unit: string,
  queries: readonly (readonly [expr: string, legend: string])[],
): Panel {
  return {
    type: 'timeseries',
    title,
    description,
    unit,
    width: 8,
    height: 8,
    queries: queries.map(([expr, legend]) => ({ expr, legend })),
  }
}
