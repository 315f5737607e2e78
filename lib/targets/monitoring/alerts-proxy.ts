import { type Alert, up, watched } from './alert.ts'

const job = 'job="linkerd-machines"'
/** Linkerd 2.15 has these names without `control_`. */
const expiry = `{__name__=~"(control_)?identity_cert_expiration_timestamp_seconds",${job}}`
const refresh = `{__name__=~"(control_)?identity_cert_refresh_timestamp_seconds",${job}}`

/** A certificate of an hour that the proxy got at the start of the test, under the names of one release. */
const certificate = (prefix: string) => ({
  [`${prefix}identity_cert_expiration_timestamp_seconds{${watched}}`]: '3600+0x120',
  [`${prefix}identity_cert_refresh_timestamp_seconds{${watched}}`]: '0+0x120',
})

/** One that is renewed each half hour. */
const renewed = {
  [`control_identity_cert_expiration_timestamp_seconds{${watched}}`]:
    '3600+0x29 5400+0x29 7200+0x29 9000+0x29',
  [`control_identity_cert_refresh_timestamp_seconds{${watched}}`]: '1+0x29 1800+0x29 3600+0x29 5400+0x29',
}

/** What the admin ports of the proxies tell about being there, and about their certificates. */
export const identityAlerts: readonly Alert[] = [
  {
    name: 'LinkerdMachineDown',
    severity: 'critical',
    expr: `up{${job}} == 0`,
    for: '5m',
    summary: 'The proxy of {{ $labels.machine }} does not answer on {{ $labels.instance }}.',
    description:
      'Prometheus has had no metrics for five minutes, which a restart or a reboot does not take. The machine, its proxy or the way to the admin port is down, or a policy refuses the scrape (403).',
    firing: { series: { [`up{${watched}}`]: '0+0x20' }, at: '6m' },
    quiet: { series: { [`up{${watched}}`]: '1+0x5 0+0x3 1+0x20' }, at: '9m' },
  },
  {
    name: 'LinkerdMachinesNotScraped',
    severity: 'warning',
    expr: `absent(up{${job}})`,
    for: '10m',
    summary: 'Prometheus scrapes no machine at all.',
    description:
      'There is no target with the job linkerd-machines, so that no other alert about machines can fire. The list of targets is missing, or another job name was set.',
    firing: { series: {}, at: '11m' },
    quiet: { series: up, at: '11m' },
  },
  {
    name: 'LinkerdMachineWithoutCertificate',
    severity: 'critical',
    expr: `${expiry} == 0`,
    for: '5m',
    summary: 'The proxy of {{ $labels.machine }} runs without a certificate.',
    description:
      'It has had none since its start, five minutes ago at least; a join takes seconds once the SPIRE server answers. Run mesh-machine status there: it names the reason.',
    firing: {
      series: { ...up, [`control_identity_cert_expiration_timestamp_seconds{${watched}}`]: '0+0x20' },
      at: '6m',
    },
    quiet: { series: { ...up, ...certificate('control_') }, at: '6m' },
  },
  {
    name: 'LinkerdMachineCertificateNotRenewed',
    severity: 'warning',
    expr: `(time() - ${refresh}) > (${expiry} - ${refresh}) * 2 / 3 and ${expiry} > 0`,
    for: '1m',
    summary: 'The certificate of {{ $labels.machine }} was not renewed when it should have been.',
    description:
      'Two thirds of its life are over. SPIRE renews at half of it, give or take a tenth, so several tries have failed. Traffic goes on until it ends. Run mesh-machine status on the machine: it names the reason.',
    firing: { series: { ...up, ...certificate('control_') }, at: '42m' },
    quiet: { series: { ...up, ...renewed }, at: '42m' },
  },
  {
    name: 'LinkerdMachineCertificateExpiring',
    severity: 'critical',
    expr: `${expiry} - time() < (${expiry} - ${refresh}) / 5 and ${expiry} > 0`,
    for: '1m',
    summary:
      'The certificate of {{ $labels.machine }} ends in {{ $value | humanizeDuration }} and is not renewed; below zero it has ended.',
    description:
      'Less than a fifth of its life is left, and SPIRE has failed to renew it for a good part of it. Once it has ended, new connections fail in both directions (503 and 504), while the admin port goes on saying ready.',
    firing: { series: { ...up, ...certificate('') }, at: '50m' },
    quiet: { series: { ...up, ...renewed }, at: '50m' },
  },
]

/** What they tell about the control plane, and about policies. */
export const clusterAlerts: readonly Alert[] = [
  {
    name: 'LinkerdMachineControlPlaneUnreachable',
    severity: 'critical',
    expr: (['destination', 'policy'] as const)
      .map(
        (name) =>
          `label_replace(sum without (addr, endpoint_state) (control_${name}_balancer_endpoints{${job},endpoint_state="ready"}) == 0, "controller", "${name}", "", "")`,
      )
      .join(' or '),
    for: '2m',
    summary: 'The proxy of {{ $labels.machine }} does not reach the {{ $labels.controller }} controller.',
    description:
      'What is in use goes on; what is asked first now hangs without an answer, and inbound policy stays as it was. A restart of the control plane is over in two minutes. The gauge itself is half a minute late where packets are dropped.',
    firing: {
      series: {
        ...up,
        [`control_policy_balancer_endpoints{${watched},endpoint_state="ready",addr="policy:8090"}`]:
          '1 0+0x20',
        [`control_policy_balancer_endpoints{${watched},endpoint_state="pending",addr="policy:8090"}`]:
          '0 1+0x20',
        [`control_destination_balancer_endpoints{${watched},endpoint_state="ready",addr="dst:8086"}`]:
          '1+0x20',
      },
      at: '4m',
    },
    quiet: {
      series: {
        ...up,
        [`control_policy_balancer_endpoints{${watched},endpoint_state="ready",addr="policy:8090"}`]:
          '1 0 1+0x20',
        [`control_destination_balancer_endpoints{${watched},endpoint_state="ready",addr="dst:8086"}`]:
          '2+0x20',
        [`control_destination_balancer_endpoints{${watched},endpoint_state="pending",addr="dst:8086"}`]:
          '0+0x20',
      },
      at: '4m',
    },
  },
  {
    name: 'LinkerdMachineUnknownToCluster',
    severity: 'warning',
    expr: `sum without (addr, grpc_status, status_code, classification, error, tls, server_id) (increase(control_response_total{${job},role="server",grpc_status="5"}[5m])) > 0`,
    for: '30m',
    summary:
      'The control plane has been telling {{ $labels.machine }} for half an hour that it knows nothing of it.',
    description:
      'NotFound, at least once in five minutes. Without its ExternalWorkload a proxy asks again every minute, and its own default policy counts. Apply the ExternalWorkload, in the namespace and by the name that the machine has. If it is there, an application dials addresses in clusterNetworks that no Service and no pod has.',
    firing: {
      series: {
        ...up,
        [`control_response_total{${watched},addr="policy:8090",grpc_status="5",status_code="200",classification="failure"}`]:
          '0+1x60',
      },
      at: '40m',
    },
    quiet: {
      series: {
        ...up,
        [`control_response_total{${watched},addr="policy:8090",grpc_status="5",status_code="200",classification="failure"}`]:
          '0+1x5 5+0x60',
        [`control_response_total{${watched},addr="policy:8090",grpc_status="14",status_code="200",classification="failure"}`]:
          '0+1x60',
      },
      at: '40m',
    },
  },
  {
    name: 'LinkerdMachineRefusesClients',
    severity: 'warning',
    expr: refused(`${job},client_id!=""`, 'job, instance, machine, namespace'),
    for: '10m',
    summary: 'The policy of {{ $labels.machine }} goes on refusing {{ $labels.client_id }}.',
    description:
      'For ten minutes, so no stray request. all-authenticated, cluster-authenticated and "*" let no machine in, only pods: a machine has to be listed by its SPIFFE ID. Unmeshed clients are not counted.',
    firing: {
      series: {
        ...up,
        [`inbound_http_authz_deny_total{${watched},client_id="web.apps.serviceaccount.identity.linkerd.cluster.local",srv_name="http",srv_port="8080"}`]:
          '0+3x60',
      },
      at: '20m',
    },
    quiet: {
      series: {
        ...up,
        [`inbound_http_authz_deny_total{${watched},client_id="web.apps.serviceaccount.identity.linkerd.cluster.local",srv_name="http",srv_port="8080"}`]:
          '0 1+0x60',
        [`inbound_tcp_authz_deny_total{${watched},srv_name="http",srv_port="8080"}`]: '0+3x60',
      },
      at: '20m',
    },
  },
  {
    name: 'LinkerdMachineRefused',
    severity: 'warning',
    expr: refused('job!="linkerd-machines",client_id=~"spiffe://.+"', 'job, namespace'),
    for: '10m',
    summary:
      '{{ $labels.srv_name }} in {{ $labels.namespace }} goes on refusing the machine {{ $labels.client_id }}.',
    description:
      "For ten minutes. Only machines have SPIFFE IDs as clients. Seen in the pods' own metrics, so the job that scrapes the proxies of pods has to be in this Prometheus. The policy of the pods has to list the ID in a MeshTLSAuthentication.",
    firing: {
      series: {
        ...up,
        'inbound_tcp_authz_deny_total{job="linkerd-proxy",namespace="ledger",pod="ledger-0",client_id="spiffe://example.org/apps/one",srv_name="db"}':
          '0+3x60',
      },
      at: '20m',
    },
    quiet: {
      series: {
        ...up,
        'inbound_http_authz_deny_total{job="linkerd-proxy",namespace="ledger",pod="ledger-0",client_id="web.apps.serviceaccount.identity.linkerd.cluster.local",srv_name="db"}':
          '0+3x60',
      },
      at: '20m',
    },
  },
  {
    name: 'LinkerdMachineProxyRestarts',
    severity: 'warning',
    expr: `changes(process_start_time_seconds{${job}}[1h]) > 3`,
    summary: 'The proxy of {{ $labels.machine }} was started {{ $value }} times within an hour.',
    description:
      'Each start refuses new connections for some seconds. Upgrades and reboots are one start each; more than three in an hour is a proxy that fails. Look at journalctl -u linkerd-proxy there.',
    firing: {
      series: { ...up, [`process_start_time_seconds{${watched}}`]: '0+0x9 100+0x9 200+0x9 300+0x9 400+0x60' },
      at: '55m',
    },
    quiet: { series: { ...up, [`process_start_time_seconds{${watched}}`]: '0+0x9 100+0x60' }, at: '55m' },
  },
]

/** Denied requests and denied connections: a counter is there from the first denial on. */
function refused(selector: string, labels: string): string {
  return ['http', 'tcp']
    .map(
      (kind) =>
        `sum by (${labels}, client_id, srv_name) (increase(inbound_${kind}_authz_deny_total{${selector}}[5m])) > 0`,
    )
    .join(' or ')
}
