/** The proxy's listeners, as in every Linkerd pod (linkerd2's charts/linkerd-control-plane/values.yaml). */
export const proxyPorts = { outbound: 4140, inbound: 4143, control: 4190, admin: 4191 } as const

/** Always bypassed. */
export const sshPort = 22
