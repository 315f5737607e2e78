/** The world's addresses: those of `examples/minimal.yaml`, and around them the networks set aside for documentation. */
export const addresses = {
  /** The machine and its gateway. */
  machine: '203.0.113.42',
  gateway: '203.0.113.1',
  /** The cluster side, with pods, the cluster's DNS, and the SPIRE server, which is on no mesh network. */
  cluster: '192.0.2.2',
  clusterGateway: '192.0.2.1',
  client: '10.42.0.10',
  destination: '10.42.0.20',
  policy: '10.42.0.21',
  service: '10.42.0.30',
  clusterDns: '10.43.0.10',
  otherClusterDns: '10.43.0.11',
  spire: '192.0.2.10',
  /** Outside of everything: the operator, the resolver of the machine's own site, downloads, and a host that is none of ours. */
  outside: '198.51.100.2',
  outsideGateway: '198.51.100.1',
  siteDns: '198.51.100.53',
  downloads: '198.51.100.20',
  stranger: '198.51.100.30',
} as const

/** The same places in IPv6, where a story asks for them (ipv6.ts). */
export const addresses6 = {
  machine: '2001:db8:203::42',
  gateway: '2001:db8:203::1',
  cluster: '2001:db8:192::2',
  clusterGateway: '2001:db8:192::1',
  client: 'fd00:10:42::10',
  destination: 'fd00:10:42::20',
  policy: 'fd00:10:42::21',
  service: 'fd00:10:42::30',
  clusterDns: 'fd00:10:43::10',
  spire: '2001:db8:192::10',
  outside: '2001:db8:198::2',
  outsideGateway: '2001:db8:198::1',
  siteDns: '2001:db8:198::53',
  downloads: '2001:db8:198::20',
  stranger: '2001:db8:198::30',
} as const

export const names = {
  spire: 'spire.example.internal',
  downloads: 'downloads.example.internal',
  packages: 'packages.example.internal',
  machine: 'legacy-app.example.internal',
  destination: 'linkerd-dst-headless.linkerd.svc.cluster.local',
  policy: 'linkerd-policy.linkerd.svc.cluster.local',
} as const

export const identity = {
  spiffeId: 'spiffe://root.linkerd.cluster.local/mixed-env/legacy-app',
  serverName: 'legacy-app.mixed-env.cluster.local',
  parent: 'spiffe://root.linkerd.cluster.local/meshjoin/node/legacy-app',
} as const

/** Listens on the stranger, on the service in the cluster, and echoes. `probe` is what the application dials all the time. */
export const ports = { echo: 7000, probe: 7001 } as const
