/** The proxy's listeners, as in every Linkerd pod (linkerd2's charts/linkerd-control-plane/values.yaml). */
export const proxyPorts = { outbound: 4140, inbound: 4143, control: 4190, admin: 4191 } as const

/** Always bypassed. */
export const sshPort = 22

/**
 * Names, directory, time and home folders, which a machine needs before it has a mesh and which pods never serve to it. Its own
 * DNS servers are not known here; over TCP they are asked for long answers.
 */
export const directoryPorts: readonly (readonly [number, string])[] = [
  [53, 'DNS'],
  [88, 'Kerberos'],
  [123, 'time'],
  [389, 'LDAP'],
  [464, 'Kerberos passwords'],
  [636, 'LDAP over TLS'],
  [2049, 'NFS'],
  [3268, 'Global Catalog'],
  [3269, 'Global Catalog over TLS'],
]
