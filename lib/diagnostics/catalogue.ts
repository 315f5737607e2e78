/** How much a diagnostic matters: only `error` stops generation; `--strict` makes `warning` stop it too. */
export type Severity = 'error' | 'warning' | 'info'

/** What the catalogue knows of one code. `A` are the values that its sentences are made of. */
interface Entry<A> {
  readonly severity: Severity
  readonly message: (args: A) => string
  readonly help: (args: A) => string
}

function error<A>(message: (args: A) => string, help: (args: A) => string): Entry<A> {
  return { severity: 'error', message, help }
}

function warning<A>(message: (args: A) => string, help: (args: A) => string): Entry<A> {
  return { severity: 'warning', message, help }
}

function info<A>(message: (args: A) => string, help: (args: A) => string): Entry<A> {
  return { severity: 'info', message, help }
}

const list = (words: readonly string[]) => words.join(', ')
const meant = (suggestion: string | undefined, otherwise: string) =>
  suggestion === undefined ? otherwise : `did you mean "${suggestion}"?`

/**
 * Every diagnostic that meshjoin can give, by its stable code. `docs/diagnostics.md` is generated from it,
 * and a test fails for a code that no case raises.
 */
export const catalogue = {
  // Reading the document
  'yaml-syntax': error<{ reason: string }>(
    (a) => `the document cannot be read: ${a.reason}`,
    () => 'fix the YAML here; a list item starts with "- ", and text with ": " or " #" in it needs quotes',
  ),
  'one-document': error<{ found: number }>(
    (a) => `the input holds ${a.found} YAML documents, not one`,
    () => 'start with "meshjoin init", or split the documents into files of their own',
  ),
  'input-too-large': error<{ size: number; limit: number }>(
    (a) => `the input has ${a.size} characters, more than the ${a.limit} that are read`,
    () => 'split the fleet into several documents',
  ),

  // Shape
  'unknown-key': error<{
    key: string
    suggestion: string | undefined
    /** The one place of the document where it belongs. */
    elsewhere: string | undefined
    allowed: readonly string[]
  }>(
    (a) => `unknown key "${a.key}"`,
    (a) => {
      if (a.elsewhere !== undefined) return `it belongs to ${a.elsewhere}`
      return meant(a.suggestion, a.allowed.length > 0 ? `known here: ${list(a.allowed)}` : 'remove it')
    },
  ),
  'key-impossible': error<{ key: string; why: string }>(
    (a) => `"${a.key}" is not possible: ${a.why}`,
    () => 'remove it',
  ),
  'missing-key': error<{ key: string; about: string }>(
    (a) => `"${a.key}" is missing`,
    (a) => (a.about === '' ? `add "${a.key}"` : `add "${a.key}": ${a.about}`),
  ),
  'wrong-type': error<{ expected: string; actual: string; quoted: string | undefined }>(
    (a) => `expected ${a.expected}, found ${a.actual}`,
    (a) => {
      if (!a.expected.includes('text')) return `write ${a.expected}`
      if (a.actual === 'nothing')
        return 'write a text, in quotes where it is empty on purpose, or remove the key'
      return a.quoted === undefined ? 'put it in quotes' : `put it in quotes: "${a.quoted}"`
    },
  ),
  'unknown-value': error<{ value: string; allowed: readonly string[]; suggestion: string | undefined }>(
    (a) => `"${a.value}" is not one of: ${list(a.allowed)}`,
    (a) => meant(a.suggestion, `use one of: ${list(a.allowed)}`),
  ),
  'bad-format': error<{
    value: string
    what: string
    rule: string
    /** What was probably meant. */
    repaired: string | undefined
    example: string
  }>(
    (a) => `"${a.value}" is not valid for "${a.what}": it must be ${a.rule}`,
    (a) => {
      if (a.repaired !== undefined) return `write "${a.repaired}"`
      return a.example === '' ? 'write it in that form' : `for example: ${a.example}`
    },
  ),
  'bad-key': error<{ key: string; what: string; rule: string; repaired: string | undefined }>(
    (a) => `the key "${a.key}" is not valid in "${a.what}": it must be ${a.rule}`,
    (a) => (a.repaired === undefined ? 'rename it' : `write "${a.repaired}"`),
  ),
  'control-character': error<{ codepoint: string }>(
    (a) => `the text contains the control character ${a.codepoint}`,
    () => 'retype the value; an editor that shows invisible characters helps',
  ),
  'out-of-range': error<{ value: string; limit: string }>(
    (a) => `${a.value} is out of range: ${a.limit}`,
    (a) => `use a number ${a.limit}`,
  ),
  'size-limit': error<{ what: string; limit: string }>(
    (a) => `${a.what} must have ${a.limit}`,
    () => 'shorten or complete it',
  ),

  // Versions
  'linkerd-known-broken': error<{ version: string; reason: string; use: string }>(
    (a) => `Linkerd ${a.version} does not work with machines: ${a.reason}`,
    (a) => `use ${a.use} or later`,
  ),
  'linkerd-too-old': error<{ version: string; first: string }>(
    (a) => `Linkerd ${a.version} has no external workloads`,
    (a) => `upgrade the control plane to ${a.first} or later`,
  ),
  'linkerd-newer-than-known': info<{ version: string; newest: string }>(
    (a) => `Linkerd ${a.version} is newer than what is known here; it is treated as ${a.newest}`,
    () =>
      'look for a newer meshjoin, and read the release notes of Linkerd for changes to external workloads',
  ),
  'proxy-known-broken': error<{ version: string; use: string }>(
    (a) => `proxy ${a.version} cannot get an identity from a SPIRE agent`,
    (a) => `use ${a.use} or later`,
  ),
  'proxy-too-old': error<{ version: string; first: string; why: string }>(
    (a) => `proxy ${a.version} is too old: ${a.why}`,
    (a) => `use ${a.first} or later`,
  ),
  'proxy-can-hang': warning<{ version: string; first: string }>(
    (a) =>
      `proxy ${a.version} can stay without the control plane for good, once a DNS answer for it was empty`,
    (a) =>
      `use ${a.first} or later, best the proxy of Linkerd 2.20 or later; until then restart linkerd-proxy where it does not recover`,
  ),
  'proxy-newer-than-known': info<{ version: string; newest: string }>(
    (a) => `proxy ${a.version} is newer than what is known here; it is treated as ${a.newest}`,
    () => 'look for a newer meshjoin',
  ),
  'proxy-version-differs': warning<{ proxy: string; linkerd: string; expected: string }>(
    (a) => `Linkerd ${a.linkerd} comes with proxy ${a.expected}, not ${a.proxy}`,
    (a) => `use ${a.expected}, unless you know that this pair works`,
  ),
  'spire-too-old': error<{ version: string; first: string; why: string }>(
    (a) => `SPIRE agent ${a.version} is too old: ${a.why}`,
    (a) => `use ${a.first} or later`,
  ),

  // Groups and names
  'group-unknown': error<{ group: string; suggestion: string | undefined }>(
    (a) => `there is no group "${a.group}"`,
    (a) => meant(a.suggestion, 'define it under groups, or remove the line'),
  ),
  'namespace-missing': error<{ machine: string }>(
    (a) => `machine "${a.machine}" has no namespace`,
    () => 'add "namespace" to the machine, its group or defaults',
  ),
  'machine-duplicate': error<{ name: string; first: string }>(
    (a) => `the machine name "${a.name}" is already taken by ${a.first}`,
    () => 'give each machine a name of its own',
  ),
  'name-duplicate': error<{ kind: string; name: string; first: string }>(
    (a) => `the ${a.kind} "${a.name}" is already defined at ${a.first}`,
    () => 'rename one of them',
  ),
  'reference-unknown': error<{ kind: string; name: string; suggestion: string | undefined }>(
    (a) => `there is no ${a.kind} "${a.name}"`,
    (a) => meant(a.suggestion, 'correct the name, or define it'),
  ),

  // Identity
  'identity-trust-domain': error<{ id: string; trustDomain: string }>(
    (a) => `${a.id} is not in the trust domain ${a.trustDomain}`,
    (a) => `start it with spiffe://${a.trustDomain}/`,
  ),
  'identity-malformed': error<{ id: string; reason: string }>(
    (a) => `${a.id} is not a usable SPIFFE ID: ${a.reason}`,
    () => 'use spiffe://<trust domain>/<segment>/<segment>, segments of letters, digits, ".", "_" and "-"',
  ),
  'identity-duplicate': error<{ id: string; first: string }>(
    (a) => `${a.id} is already the identity of ${a.first}`,
    () => 'give each machine an identity of its own, or give the shared one to their group',
  ),
  'instances-name-taken': error<{ name: string }>(
    (a) => `"${a.name}" is the name of a machine, too: both would have one folder in the output`,
    () => 'rename the group with "instances", or the machine',
  ),
  'instances-without-group': error<Record<never, never>>(
    () => '"instances" makes a machine of a group, and "defaults" is none',
    () => 'move it to an entry of "groups"',
  ),
  'machines-missing': error<Record<never, never>>(
    () => 'there is no machine, and no group with "instances"',
    () => 'add a machine, or "instances: {name: hostname}" to a group',
  ),
  'identity-incomplete': error<{ missing: string; given: string }>(
    (a) => `"${a.given}" is given without "${a.missing}" in an identity that several machines share`,
    (a) => `add "${a.missing}" beside it`,
  ),
  'server-name-invalid': error<{ name: string; reason: string }>(
    (a) => `"${a.name}" cannot be a TLS server name: ${a.reason}`,
    () => 'set identity.serverName to a DNS name such as app-1.shop.cluster.local',
  ),
  'parent-duplicate': error<{ id: string; first: string }>(
    (a) => `${a.id} is already the parent ID of ${a.first}`,
    () => 'give each machine a parent ID of its own, or leave it out',
  ),
  'parent-is-identity': error<{ id: string }>(
    (a) => `${a.id} is both the parent ID and the identity of this machine`,
    () => 'leave parentId out, or choose another',
  ),
  'node-unknown': warning<{ type: string; fields: readonly string[]; machines: readonly string[] }>(
    (a) =>
      `the SPIRE server cannot tell by ${a.type} who these machines are, for lack of ${list(a.fields)}: ${list(a.machines)}`,
    (a) =>
      `once it is known, add ${list(a.fields.map((field) => `attestation.${field}`))} to each machine and generate again; or give it a parentId, and its agent that alias yourself`,
  ),
  'node-duplicate': error<{ node: string; first: string }>(
    (a) => `the SPIRE server would know this machine by ${a.node}, as it knows ${a.first}`,
    () => 'give each machine under "attestation" what no other machine has',
  ),
  'node-parent': error<{ id: string; fields: readonly string[] }>(
    (a) => `the parent ID ${a.id} and "attestation" (${list(a.fields)}) both say which agent this is`,
    () => 'leave out parentId, and it is made of "attestation"; or leave out those fields of "attestation"',
  ),

  // Certificates
  'pem-malformed': error<{ reason: string }>(
    (a) => `not valid PEM certificates: ${a.reason}`,
    () =>
      'paste whole blocks from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----, and no others; comments around them may stay',
  ),
  'pem-other-form': error<{ form: string; remedy: string }>(
    (a) => `certificates are pasted as PEM, and this is ${a.form}`,
    (a) => a.remedy,
  ),
  'pem-private-key': error<{ label: string }>(
    (a) => `the text contains a private key (a block ${a.label})`,
    () => 'remove the key from the document, replace it at its source, and paste certificates only',
  ),
  'pem-not-ca': error<{ subject: string }>(
    (a) => `the certificate "${a.subject}" is not a CA`,
    () => 'use the root of the mesh: kubectl -n linkerd get configmap linkerd-identity-trust-roots -o yaml',
  ),
  'pem-path-length': error<{ subject: string }>(
    (a) => `the certificate "${a.subject}" allows no CA below it (pathlen:0)`,
    () =>
      "use an anchor with pathlen of 1 or more, or without the limit; Linkerd's issuer certificate is not an anchor",
  ),
  'pem-duplicate': warning<{ subject: string }>(
    (a) => `the certificate "${a.subject}" is listed twice`,
    () => 'remove one, or paste the one that was meant',
  ),

  // Addresses and networks
  'address-invalid': error<{ value: string; ipv4: string | undefined }>(
    (a) =>
      a.ipv4 === undefined
        ? `"${a.value}" is not an IP address`
        : `"${a.value}" is an IPv4 address in IPv6 notation`,
    (a) => (a.ipv4 === undefined ? 'write an address such as 192.0.2.10 or 2001:db8::10' : `write ${a.ipv4}`),
  ),
  'address-unusable': error<{ value: string; reason: string }>(
    (a) => `${a.value} cannot be the address of a machine: it is ${a.reason}`,
    () => 'use the address under which pods reach the machine',
  ),
  'address-family-duplicate': error<{ family: string }>(
    (a) => `there is already an ${a.family} address`,
    () => 'keep one IPv4 and one IPv6 address at most',
  ),
  'client-ports': warning<{ machine: string; ports: string }>(
    (a) => `machine "${a.machine}" is a client, so its ports (${a.ports}) have no effect`,
    () => 'remove the ports, or set "role: server" if others are to reach them through the mesh',
  ),
  'client-without-object': warning<{ field: string; machine: string }>(
    (a) =>
      `machine "${a.machine}" is a client, so "${a.field}" has no effect: the cluster has objects of servers alone`,
    () => 'remove it, or set "role: server" if others are to reach the machine through the mesh',
  ),
  'drain-by-hand': warning<Record<never, never>>(
    () => 'nothing here keeps readiness, so "drain" alone takes no machine out of traffic',
    () =>
      'once it is applied, run kubernetes/drain.sh NAMESPACE NAME; or add "readiness", and the machine is NotReady as long as this stands here',
  ),
  'server-ports-missing': warning<{ machine: string }>(
    (a) => `machine "${a.machine}" is a server without ports: no connection to it is proxied`,
    () =>
      'add "ports", set "role: client" if it only dials, or "redirect.inbound.scope: all" to redirect every port',
  ),
  'address-missing': error<{ machine: string }>(
    (a) => `machine "${a.machine}" is a server without addresses`,
    () => 'add "addresses", or say "role: client"',
  ),
  'local-addresses-found': error<{ machine: string }>(
    (a) => `machine "${a.machine}" finds its addresses when it boots, and its localAddresses with them`,
    () => 'remove "localAddresses", or type "addresses" as well',
  ),
  'machine-networks-unknown': error<{ what: string }>(
    (a) =>
      `${a.what} finds its address when it boots, so the networks of meshed machines cannot be made of addresses`,
    () =>
      'set mesh.machineNetworks to the networks that machines may get addresses of, such as [10.20.0.0/16]',
  ),
  'address-port-duplicate': error<{ endpoint: string; first: string }>(
    (a) => `${a.endpoint} is already served by ${a.first}`,
    () => 'correct the address or the port of one of them',
  ),
  'dual-stack-too-old': error<{ version: string; first: string }>(
    (a) => `Linkerd ${a.version} takes one address for each machine`,
    (a) => `keep one address, or upgrade the control plane to ${a.first} or later`,
  ),
  'ipv6-off': error<{ why: string }>(
    (a) => `redirect.ipv6 is false, but ${a.why}`,
    () => 'remove "ipv6: false", or give it to a group of those machines that have no IPv6 address',
  ),
  'family-mismatch': warning<{ machine: string }>(
    (a) =>
      `machine "${a.machine}" has only IPv4, while others of its group or the cluster networks have IPv6`,
    () => 'add its IPv6 address, or make all of them IPv4',
  ),
  'network-invalid': error<{ value: string; reason: string }>(
    (a) => `"${a.value}" is not a network: ${a.reason}`,
    () => 'write a network such as 10.42.0.0/16 or fd00:10:42::/56',
  ),
  'network-too-wide': error<{ value: string }>(
    (a) => `${a.value} covers every address`,
    () => 'list the pod and service networks of the cluster',
  ),
  'network-duplicate': warning<{ value: string; first: string }>(
    (a) => `${a.value} is already covered by ${a.first}`,
    () => 'remove it',
  ),
  'network-contains': warning<{ network: string; what: string }>(
    (a) => `${a.network} contains ${a.what}`,
    () =>
      'check the network; if the cluster shares the network of the machines, that is expected, and whoever is in it counts as the mesh and is redirected',
  ),
  'machine-networks-many': error<{ count: number; limit: number }>(
    (a) =>
      `the addresses of the servers need ${a.count} networks, more than the ${a.limit} that fit into the proxy's environment`,
    () => 'set mesh.machineNetworks to the networks that the machines are in',
  ),
  'route-gateway': error<{ to: string; via: string }>(
    (a) => `${a.via} cannot be the gateway to ${a.to}`,
    () => 'use an address of the same family outside that network',
  ),

  // Ports and users
  'port-duplicate': error<{ what: string; first: string }>(
    (a) => `${a.what} is already used by ${a.first}`,
    () => 'give each port a number and a name of its own',
  ),
  'port-reserved': error<{ port: number; owner: string }>(
    (a) => `port ${a.port} belongs to ${a.owner}`,
    () => 'move the application to another port',
  ),
  'port-ssh': error<Record<never, never>>(
    () => 'port 22 (SSH) cannot be a mesh port',
    () => 'remove the port; if the application itself listens on 22, move it',
  ),
  'health-port-unknown': error<{ port: number; declared: string }>(
    (a) => `the health check asks port ${a.port}, which is not among the machine's ports (${a.declared})`,
    () => 'use a declared port, or declare this one',
  ),
  'uid-clash': error<{ what: string; other: string; value: string }>(
    (a) => `${a.what} and ${a.other} are both ${a.value}`,
    () => 'choose another one',
  ),
  'admin-exposed': warning<{ address: string; port: number; neededBy: string }>(
    (a) => `the admin port listens on ${a.address}, which others can reach`,
    (a) =>
      a.neededBy === 'readiness'
        ? `keep ${a.port} closed to everyone but the prober and your monitoring; the programs in firewall/ of the output let the prober in`
        : `keep ${a.port} closed to everyone but your monitoring, or use 127.0.0.1:${a.port}`,
  ),
  'admin-unreachable': error<{ address: string; port: number }>(
    (a) =>
      `"readiness" asks each machine's proxy from the cluster, and the admin port listens on ${a.address}`,
    (a) =>
      `set proxy.adminAddress: 0.0.0.0:${a.port}; whoever reaches that port reads metrics and, at /env.json, the proxy's environment, so have the firewall of each machine let in readiness.fromNetworks alone: the programs in firewall/ of the output add the rule (nftables, iptables, ufw, firewalld)`,
  ),
  'admin-family': error<{ machine: string; address: string }>(
    (a) =>
      `"readiness" cannot reach the admin port of ${a.machine}: it listens on ${a.address}, and the machine has IPv6 addresses alone`,
    () => 'set proxy.adminAddress: "[::]:4191", which takes both',
  ),
  'readiness-too-old': error<{ version: string }>(
    (a) => `Linkerd ${a.version} has no status of ExternalWorkloads that a program could keep`,
    () =>
      'remove "readiness" (the manifests then say themselves that machines are ready), or upgrade to edge-24.3.5 (2.16)',
  ),
  'readiness-image-tag': warning<{ image: string }>(
    (a) => `the image ${a.image} has no digest: what runs in the cluster may change without a change here`,
    () =>
      'write name:tag@sha256:<digest>; a registry shows it, and so does "docker buildx imagetools inspect"',
  ),
  'readiness-for-nobody': warning<Record<never, never>>(
    () => '"readiness" has no machine to ask: all of them only dial, or find their addresses when they boot',
    () => 'remove it, or give machines addresses',
  ),
  'health-check-unasked': warning<Record<never, never>>(
    () => 'nothing asks this health check, since the document has no "readiness"',
    () => 'add "readiness", or remove the health check',
  ),
  'admin-port-clash': error<{ port: number; owner: string }>(
    (a) => `the admin port ${a.port} is also ${a.owner}`,
    () => 'use 4191, or another free port',
  ),

  // Redirect
  'port-range-invalid': error<{ value: string; reason: string }>(
    (a) => `"${a.value}" is not a range of ports: ${a.reason}`,
    () => 'write it as first-last, such as "4567-4568"',
  ),
  'exempt-port-declared': error<{ port: number; machine: string }>(
    (a) => `port ${a.port} is exempt, but machine "${a.machine}" declares it to be redirected`,
    () => "take it out of exemptPorts, or out of the machine's ports",
  ),
  'exempt-network-covers': error<{ network: string; what: string }>(
    (a) => `the exempt network ${a.network} covers ${a.what}`,
    () => 'exempt a smaller network, or take that network out of mesh.clusterNetworks',
  ),
  'exempt-users-inbound': warning<Record<never, never>>(
    () => 'a connection that arrives from another host has no local user: this exempts nothing',
    () => 'use redirect.outbound.exemptUsers for connections that these users open',
  ),
  'strangers-unjudged': warning<{ policy: string; machine: string }>(
    (a) =>
      `${a.policy} judges connections from the mesh alone: on "${a.machine}" whoever connects from elsewhere is not redirected, so the proxy does not see them`,
    () =>
      'close the ports to everybody else in the firewall of the machine and confirm it with redirect.inbound.fromNetworks: [], or list there whose connections the proxy has to see as well (0.0.0.0/0 and ::/0: everybody)',
  ),
  'from-networks-open': warning<{ networks: string }>(
    (a) =>
      `a firewall that accepts what was redirected, as firewalld does, lets ${a.networks} in on the declared ports even where it closes them`,
    () =>
      'list only who may reach these ports anyway, or let proxy.defaultInboundPolicy or policies of the cluster decide about them',
  ),
  'outbound-all-hangs': warning<Record<never, never>>(
    () =>
      'while the control plane is out of reach every new connection out of the machine hangs, to wherever it goes',
    () =>
      'keep redirect.outbound.scope: cluster, or exempt in redirect.outbound what has to go on without the mesh',
  ),
  'only-user-exempt': error<{ user: string; why: string }>(
    (a) => `the connections of user ${a.user} alone should be redirected, but they are ${a.why}`,
    () => 'name the user in one of the two lists',
  ),
  'redirect-covers-nothing': error<{ side: string; what: string }>(
    (a) => `every ${a.what} is exempt: nothing ${a.side} is redirected`,
    () => 'exempt only what has to bypass the proxy',
  ),

  // Proxy
  'inbound-policy-fails-open': info<{ machines: string }>(
    (a) => `${a.machines}: the inbound policy all-unauthenticated fails open`,
    () =>
      'type all-unauthenticated to confirm; all-authenticated lets in meshed pods and the machines of this document, by Servers in kubernetes/policies.yaml: without those, and for all other machines, it is a 403',
  ),
  'annotation-contradicts': error<{ name: string; value: string; other: string; remedy: string }>(
    (a) => `the annotation ${a.name} is "${a.value}", but ${a.other}`,
    (a) => a.remedy,
  ),
  'annotation-alone': warning<{ port: number }>(
    (a) =>
      `the annotation config.linkerd.io/opaque-ports lists port ${a.port}, of which the machine's own proxy is told nothing`,
    (a) =>
      `add "opaque: true" to port ${a.port}: the annotation alone does not reach the proxy's environment`,
  ),
  'port-usually-opaque': info<{ port: number }>(
    (a) => `Linkerd takes port ${a.port} as opaque by default, but the proxy of a machine does not`,
    () =>
      'add "opaque: true" if the server speaks first, as mail and most databases do, or "opaque: false" if not; the annotation config.linkerd.io/opaque-ports alone has no effect on the proxy of a machine',
  ),
  'setting-forbidden': error<{ name: string; reason: string }>(
    (a) => `${a.name} must not be set: ${a.reason}`,
    () => 'remove it',
  ),
  'setting-owned': error<{ name: string; field: string }>(
    (a) => `${a.name} is set by meshjoin`,
    (a) => `use ${a.field} instead`,
  ),
  'setting-value': error<{ name: string; value: string; rule: string; example: string }>(
    (a) =>
      `${a.name} cannot be "${a.value}": the proxy takes ${a.rule}, and does not start with anything else`,
    (a) => `for example: "${a.example}"`,
  ),
  'setting-unknown': warning<{ name: string; suggestion: string | undefined }>(
    (a) => `no known proxy reads ${a.name}`,
    (a) => meant(a.suggestion, 'check the spelling against the release of the proxy'),
  ),

  // Installing
  'install-incomplete': error<{ field: string; why: string }>(
    (a) => `"${a.field}" is missing: ${a.why}`,
    (a) => `add "${a.field}"`,
  ),
  'install-option-unused': error<{ field: string; from: string }>(
    (a) => `"${a.field}" has no effect with "from: ${a.from}"`,
    () => 'remove it, or change "from"',
  ),
  'install-url': error<{ reason: string; example: string }>(
    (a) => `the url cannot work: ${a.reason}`,
    (a) => `use a url such as ${a.example}`,
  ),
  'install-same-sum': warning<{ field: string }>(
    (a) => `amd64 and arm64 have the same ${a.field}`,
    (a) => `copy each from its own ${a.field === 'layer' ? 'manifest of the image' : 'file of the release'}`,
  ),
  'path-volatile': error<{ path: string; folder: string }>(
    (a) => `${a.path} is lost at reboot: ${a.folder} is volatile`,
    () => 'use a folder such as /etc/spire',
  ),
  'path-hidden': error<{ path: string; folder: string }>(
    (a) => `${a.path} cannot be read by the services: ${a.folder} is hidden from them (ProtectHome=yes)`,
    () => 'install it below /usr/local, /opt or /usr, and sockets below /run, but not /run/user',
  ),
  'path-taken': error<{ path: string; what: string }>(
    (a) => `${a.path} is already ${a.what}`,
    () => 'choose another path',
  ),

  // SPIRE
  'attestation-missing': error<Record<never, never>>(
    () => '"attestation" is missing: the agent cannot prove which machine it is',
    () => 'add for example "attestation: {type: join_token, file: /etc/spire/join-token}"',
  ),
  'attestation-incomplete': error<{ type: string; option: string }>(
    (a) => `${a.type} needs "${a.option}"`,
    (a) => `add "${a.option}"`,
  ),
  'attestation-option': error<{ type: string; option: string }>(
    (a) => `"${a.option}" is not an option of ${a.type}`,
    () => 'remove it, or change the type',
  ),
  'attestor-cannot-reattest': warning<{ type: string; ttl: string }>(
    (a) => `${a.type} cannot attest again, and the agent identity lives only ${a.ttl}`,
    () => 'set agentTtl to at least 24h, or use x509pop or tpm_devid',
  ),
  'attestation-twice': error<{ option: string; first: string }>(
    (a) => `"${a.first}" and "${a.option}" both say where the machine has its token from`,
    (a) => `keep one: remove "${a.first}" or "${a.option}"`,
  ),
  'insecure-token': warning<Record<never, never>>(
    () =>
      "the join token is in user-data, which every process on the machine can get from the metadata service, and whoever may look at the instance in the cloud's console or API",
    () =>
      'use "file", "command" or "credential", or an attestor without a token; for a try-out, make the token with a short -ttl and boot the machine at once',
  ),
  'token-shared': error<{ option: string }>(
    (a) => `"${a.option}" is one token, and the document has more than one machine`,
    () => 'use "file", "command" or "credential": each machine brings a token of its own',
  ),
  'hostname-shared': error<{ hostname: string }>(
    (a) => `every machine would tell the SPIRE server to call ${a.hostname}`,
    () =>
      'remove it here: each machine gives its own host name; write that as "attestation.hostname" of the machine',
  ),
  'insecure-bootstrap': warning<Record<never, never>>(
    () => 'at its first start the agent trusts whichever server answers',
    () => 'give it a trustBundle: PEM, a path or an https URL; without one it has mesh.trustAnchors',
  ),
  'bootstrap-contradicts': error<Record<never, never>>(
    () => '"insecureBootstrap" and "trustBundle" contradict each other',
    () => 'remove insecureBootstrap: with a trust bundle the server is checked',
  ),
  'bundle-ca-unused': error<Record<never, never>>(
    () => '"trustBundleCaFile" is only for a trust bundle from an https URL',
    () => 'remove it, or give the URL as trustBundle',
  ),
  'availability-target': error<{ target: string }>(
    (a) => `SPIRE takes no availability target below 24h, and this is ${a.target}`,
    () => 'set it to 24h or more, or leave it out: certificates are renewed at half of their life',
  ),
  'availability-unreachable': error<{ target: string; ttl: string; needed: string }>(
    (a) => `certificates live ${a.ttl}, too short for an availability target of ${a.target}`,
    (a) => `set x509SvidTtl to at least ${a.needed}: SPIRE wants 12h more than the target`,
  ),
  'agent-port-clash': error<{ port: number; owner: string }>(
    (a) => `the SPIRE agent cannot listen on port ${a.port}, which is ${a.owner}`,
    () => 'choose another port that is free on every machine',
  ),
  'agent-incomplete': error<{ field: string; from: string }>(
    (a) => `"${a.field}" is missing for "from: ${a.from}"`,
    (a) => `add "${a.field}"`,
  ),
  'agent-option-unused': error<{ field: string; from: string }>(
    (a) => `"${a.field}" has no effect with "from: ${a.from}"`,
    () => 'remove it, or change "from"',
  ),
  'server-address-missing': error<Record<never, never>>(
    () => '"address" is missing: the SPIRE agent needs the server\'s address',
    () => 'add "address", a host name or an IP address',
  ),
  'server-option-unused': error<{ field: string }>(
    (a) => `"${a.field}" is read only with "colocated: true" or "generate: true"`,
    () => 'remove it, or ask for the server',
  ),
  'upstream-missing': error<Record<never, never>>(
    () =>
      '"upstreamAuthority" is missing: with a CA of its own nobody in the mesh would trust what the SPIRE server signs',
    () =>
      'add "upstreamAuthority" with "certFile" and "keyFile": the trust anchor, or an intermediate below it',
  ),
  'upstream-path-length': error<{ subject: string; length: number }>(
    (a) =>
      `"bundleFile" says that an intermediate signs for SPIRE, but the anchor "${a.subject}" allows ${a.length} CA below it, not two`,
    () =>
      'use an anchor with pathlen of 2 or more, or without the limit; or let the anchor itself sign, without "bundleFile"',
  ),
  'anchor-outlived': error<{ subject: string; caTtl: string; lifetime: string }>(
    (a) => `SPIRE's CA would live ${a.caTtl}, but the anchor "${a.subject}" that signs it only ${a.lifetime}`,
    () => 'use an anchor that lives for years, or a shorter caTtl',
  ),
  'server-attestation-incomplete': error<{ type: string; option: string }>(
    (a) => `to judge machines by ${a.type}, the SPIRE server needs "attestation.${a.option}"`,
    (a) => `add "${a.option}" under "spire.server.attestation"`,
  ),
  'server-conflict': error<{ field: string; reason: string; remedy: string }>(
    (a) => `this does not go with "${a.field}: true": ${a.reason}`,
    (a) => a.remedy,
  ),
  'ttl-unreachable': error<{ ttl: string; limit: string; field: string; caTtl: string }>(
    (a) => `${a.field} ${a.ttl} is more than SPIRE can keep with a caTtl of ${a.caTtl}: at most ${a.limit}`,
    (a) => `raise caTtl to six times the lifetime, or write ${a.field}: ${a.limit}`,
  ),
  'ttl-invalid': error<{ value: string }>(
    () => 'the lifetime must be greater than zero',
    () => 'write a duration such as 48h',
  ),
  'selector-mismatch': error<{ selector: string; right: string }>(
    (a) => `${a.selector} does not select the proxy`,
    (a) => `use ${a.right}, or leave the selectors out`,
  ),
  'selector-twice': error<{ kind: string }>(
    (a) => `the proxy has one ${a.kind}, and here are two`,
    () => 'keep the right one: all selectors of an entry must match',
  ),
  'selector-sha256': error<{ reason: string }>(
    (a) => `the checksum selects no proxy: ${a.reason}`,
    () => 'take what sha256sum prints for linkerd2-proxy, unpacked',
  ),
  'selector-path': warning<{ path: string; installed: string }>(
    (a) => `${a.path} selects the proxy only if ${a.installed} is a link to it`,
    (a) => `take what "readlink -f ${a.installed}" prints on the machines`,
  ),
  'selector-group': warning<{ group: string; user: string }>(
    (a) => `nothing here makes ${a.user} a member of group ${a.group}`,
    (a) => `run "usermod -aG ${a.group} ${a.user}" on the machines, or leave the selector out`,
  ),
  'selector-any-user': warning<{ uid: number }>(
    () => 'no selector names the user of the proxy',
    (a) => `add unix:uid:${a.uid}: otherwise processes of root may be given its identity`,
  ),

  // Names and control plane
  'dns-servers-missing': error<{ provider: string }>(
    (a) => `provider ${a.provider} needs at least one server`,
    () => 'add mesh.dns.servers, or give controlPlane as IP addresses and leave dns out',
  ),
  'dns-domain-missing': warning<{ name: string; domains: string }>(
    (a) => `${a.name} is not under any of mesh.dns.domains (${a.domains})`,
    () => "add its domain, or make sure that the machine's own resolver knows the name",
  ),
  'control-plane-address': error<{ value: string; reason: string }>(
    (a) => `"${a.value}" is not an address the proxy can use: ${a.reason}`,
    () => 'write for example linkerd-policy.linkerd.svc.cluster.local.:8090 or 10.0.0.7:8090',
  ),

  // Cluster objects
  'selector-crosses-namespaces': error<{ service: string; machine: string; version: string; first: string }>(
    (a) =>
      `with Linkerd ${a.version} the Service "${a.service}" also selects machine "${a.machine}" of another namespace`,
    (a) => `make the labels unique, or upgrade to ${a.first}`,
  ),
  'service-port-unmatched': error<{ service: string; port: string; machines: readonly string[] }>(
    (a) =>
      `no machine that the Service "${a.service}" selects declares port ${a.port} (${list(a.machines)}): it would lead to none of them`,
    () => 'declare the port on the machines, or correct targetPort',
  ),
  'service-port-partial': warning<{ service: string; port: string; machines: readonly string[] }>(
    (a) =>
      `some machines that the Service "${a.service}" selects do not declare port ${a.port}, and get no traffic for it: ${list(a.machines)}`,
    () => 'declare the port on all of them, or make the selector narrower',
  ),
  'service-port-duplicate': error<{ port: number; first: string }>(
    (a) => `port ${a.port} is already that of ${a.first}`,
    () => 'a Service has each port once: choose another number, or remove one',
  ),
  'policy-target': error<{ reason: string }>(
    (a) => `the target is not usable: ${a.reason}`,
    () => 'give either "machines" or "pods"',
  ),
  'policy-selects-nothing': error<{ policy: string; namespace: string; elsewhere: string | undefined }>(
    (a) =>
      `the policy "${a.policy}" selects no machine of the namespace ${a.namespace} that pods dial, so it protects nothing`,
    (a) =>
      a.elsewhere === undefined
        ? 'correct the labels here, or give them to the machines or their group'
        : `machines with these labels are in ${a.elsewhere}: write "namespace: ${a.elsewhere}" here`,
  ),
  'policy-port-unmatched': error<{ policy: string; port: string; known: readonly string[] }>(
    (a) =>
      `the policy "${a.policy}" is for port ${a.port}, which none of its machines has, so it protects nothing`,
    (a) => (a.known.length === 0 ? 'declare the port on the machines' : `use one of: ${list(a.known)}`),
  ),
  'policy-port-partial': warning<{ policy: string; port: string; machine: string; count: number }>(
    (a) =>
      `the policy "${a.policy}" is for port ${a.port}, which ${a.machine}${a.count > 1 ? ` and ${a.count - 1} more of its machines do` : ' does'} not have`,
    () =>
      'declare the port on them, or use labels that they do not have; under another name or number it stays open there',
  ),
  'policy-port-twice': error<{ policy: string; first: string; port: string; whose: string }>(
    (a) =>
      `the policy "${a.policy}" and that at ${a.first} guard the same port ${a.port} of ${a.whose}, and the older Server alone counts`,
    () => 'put both into one policy, or use labels that no machine has both of',
  ),
  'policy-protocol': error<{ protocol: string; opaque: string; machine: string; remedy: string }>(
    (a) => `the policy has "protocol: ${a.protocol}", but the port of ${a.machine} has "opaque: ${a.opaque}"`,
    (a) => a.remedy,
  ),
  'policy-allow': error<{ field: string; reason: string }>(
    (a) => `"allow" is not usable: ${a.reason}`,
    (a) => `remove "${a.field}", or the names`,
  ),
  'policy-instances': error<{ group: string }>(
    (a) => `the instances of group "${a.group}" cannot be let in: each has an identity of its own`,
    (a) =>
      `give them one that they share: groups.${a.group}.identity, with "spiffeId" and "serverName"; policies compare whole SPIFFE IDs and know no wildcard`,
  ),
  'policy-unlisted': warning<{ machines: string; reason: string }>(
    (a) => `whoever has an identity is let in, but not ${a.machines}: ${a.reason}`,
    () =>
      'give their group an identity that they share, with "spiffeId" and "serverName", or write policies that list who calls whom',
  ),
  'policy-both-sides': info<{ policy: string; side: string; service: string }>(
    (a) =>
      `the policy "${a.policy}" is written for the ${a.side} of the Service "${a.service}" too, since the side that refuses draws the traffic`,
    (a) =>
      `nothing is to be done; where the ${a.side} are to let in others, write a policy for them of their own`,
  ),
  'policy-side-unclear': warning<{ policy: string; side: string; service: string; other: string }>(
    (a) =>
      `the ${a.side} of the Service "${a.service}" have no policy: both "${a.policy}" and that at ${a.other} would fit`,
    (a) => `write a policy for the ${a.side}; the side that refuses draws the traffic of the Service`,
  ),
  'policy-probes': warning<{ policy: string }>(
    (a) =>
      `with routes of the policy "${a.policy}" the kubelet's HTTP probes of the pods on this port are refused, and the pods restarted`,
    () =>
      'write their paths under "probes", such as probes: [/healthz]; any path there where the pods have no HTTP probe on this port',
  ),
  'health-check-refused': warning<{ machine: string; port: string; reason: string }>(
    (a) =>
      `the readiness prober is refused on port ${a.port} of ${a.machine}, which stays NotReady: ${a.reason}`,
    () =>
      'let it in with "networks" of the prober\'s pods in a policy for the port, or serve the health check in plain HTTP on a port that is not under "ports"',
  ),
  'policy-route': error<{ reason: string }>(
    (a) => `the route does not fit: ${a.reason}`,
    () => 'use "path" with HTTP/1 and HTTP/2, "service" with protocol gRPC, and no routes with opaque or TLS',
  ),
  'policy-grpc-too-old': error<{ version: string; first: string }>(
    (a) => `Linkerd ${a.version} has no routes for gRPC methods`,
    (a) => `upgrade to ${a.first}, or remove "routes"`,
  ),
  'policy-name-reserved': error<{ name: string }>(
    (a) => `no policy can be called "${a.name}": objects that meshjoin adds begin with "meshjoin-"`,
    () => 'rename it',
  ),
  'workload-at-boot': info<{ name: string }>(
    (a) =>
      `nobody knows the address of "${a.name}" beforehand, so its ExternalWorkload is not among those of kubectl apply -k`,
    (a) =>
      `once it has booted: kubernetes/register.sh ${a.name} …, with what it says when it boots, and the status Ready by hand (kubernetes/README.md)`,
  ),
  'migration-weights': error<Record<never, never>>(
    () => 'both weights are zero',
    () => 'give at least one side a weight',
  ),
  'migration-drained': warning<Record<never, never>>(
    () =>
      'every machine of this side is drained, and the side still has a weight: its share of the requests fails',
    () => 'set the weight of the machines to 0 first, and drain them then',
  ),
  'migration-port': error<{ service: string; port: number; ports: string }>(
    (a) => `the Service "${a.service}" has no port ${a.port} (${a.ports}), so nothing would be split`,
    () => 'give the port of the Service that clients dial, or add it to the Service',
  ),
  'migration-opaque': error<{ port: string; why: string }>(
    (a) => `a connection to port ${a.port} cannot be split by weight: ${a.why}`,
    () =>
      'remove this migration and let the Service select machines and pods alike: its connections are shared among all that are Ready. Then drain one machine after the other',
  ),
  'migration-protocol': warning<{ port: string; protocol: string; why: string }>(
    (a) => `the requests of port ${a.port} are split as ${a.protocol}, but ${a.why}`,
    () => 'set "protocol" of the migration to what the port speaks',
  ),
  'migration-overlap': error<{ reason: string }>(
    (a) => `the two sides are not apart: ${a.reason}`,
    () =>
      'give machines and pods a label that tells them apart, such as "location", and put it into both selectors',
  ),
  'migration-side-empty': error<{ namespace: string }>(
    (a) => `this selects no server of the namespace ${a.namespace}`,
    () => 'select the machines by labels that they have',
  ),
  'migration-name': error<{ name: string; reason: string }>(
    (a) => `the Service "${a.name}" of this migration cannot be made: ${a.reason}`,
    () =>
      'each side of a migration is a Service of its own, called SERVICE-machines and SERVICE-pods: choose another name for the other one',
  ),

  // Output
  'name-reserved': error<{ name: string }>(
    (a) =>
      `no machine can be called "${a.name}": in the output that is the folder of the firewalls' programs`,
    (a) => `choose another name, such as "${a.name}-1", or generate for Ansible alone`,
  ),
  'platform-no-compress': error<{ platform: string }>(
    (a) => `${a.platform} does not take compressed user-data`,
    () => 'remove "compress", or the platform',
  ),
  'user-data-too-large': error<{
    machine: string
    size: number
    limit: number
    platform: string
    compressed: boolean
    /** Its size when compressed; undefined where it is already, or where the platform does not take that. */
    packed: number | undefined
    /** That this is few enough. */
    fits: boolean
    /** Its size where the mesh layer is fetched; undefined where it is not in the user-data. */
    fetched: number | undefined
    /** Its size where the image has the mesh layer. */
    baked: number | undefined
  }>(
    (a) =>
      `the ${a.compressed ? 'compressed ' : ''}user-data of "${a.machine}" has ${a.size} bytes; ${a.platform} takes ${a.limit}`,
    (a) => {
      const why =
        a.packed === undefined ? '' : `compressed it would have ${a.packed}, which is too many as well; `
      const first = a.fits ? `set cloudInit.compress to true: it then has ${a.packed} bytes; or ` : why
      if (a.fetched === undefined) return `${first}place the files with the target ansible or systemd`
      const words =
        'let the machines fetch the mesh layer (cloudInit.meshLayer.from: fetch; it then has about'
      return `${first}${words} ${a.fetched} bytes), or bake it into their image (from: baked; ${a.baked} bytes)`
    },
  ),
  'user-data-platform': warning<{ platforms: readonly string[] }>(
    (a) => `no platform is named, and the user-data is too large for: ${list(a.platforms)}`,
    () =>
      'set cloudInit.platform to where the machines run (nocloud for virtual machines of your own): the user-data is then made for that platform and checked against its limit',
  ),
  'doctor-left-out': info<{ platform: string; files: readonly string[] }>(
    (a) =>
      a.files.every((file) => /doctor|drain|resolver|trial/.test(file))
        ? `user-data for ${a.platform} goes without the doctor, which says what is wrong with a machine, without the redirect on trial, and without what says which connections are open: the platform takes too few bytes`
        : `user-data for ${a.platform} goes without the doctor, without what tries connections and looks before joining for rules made by hand and missing kernel modules, without the redirect on trial, without what says that a certificate is not renewed, that the control plane does not answer or which connections are open, and without what puts rules back at once (a timer does, every 30 s): the platform takes too few bytes`,
    (a) =>
      `nothing that joins or leaves needs these, and an upgrade brings its own; to have them, copy ${list(a.files)} of the target systemd onto the machine`,
  ),
  'inventory-without': info<{ machines: readonly string[] }>(
    (a) => `Ansible's inventory is without ${list(a.machines)}: addresses are found when a machine boots`,
    () =>
      'boot them with user-data, or copy the files of the target systemd; a host whose address you know can be added to the inventory',
  ),
  'token-left-out': info<Record<never, never>>(
    () => "the files for Ansible are without the document's join token",
    () => 'give it to the role as linkerd_machine_join_token, from a vault or a lookup',
  ),
  'target-unknown': error<{ target: string; suggestion: string | undefined; known: readonly string[] }>(
    (a) => `there is no target "${a.target}"`,
    (a) => meant(a.suggestion, `targets: ${list(a.known)}`),
  ),
  'machine-unknown': error<{ machine: string; suggestion: string | undefined }>(
    (a) => `the document has no machine "${a.machine}"`,
    (a) => meant(a.suggestion, 'check the name against machines[]'),
  ),
  'question-unclear': error<{ reason: string }>(
    (a) => `cannot tell which connection is meant: ${a.reason}`,
    () => 'name the machine, and say "--inbound 80", or "--outbound 10.43.0.7:80" with an IP address',
  ),
} as const

/** The stable name of a diagnostic. */
export type DiagnosticCode = keyof typeof catalogue

/** The values that the sentences of one code are made of. */
export type CatalogueArguments<C extends DiagnosticCode> = Parameters<(typeof catalogue)[C]['message']>[0]
