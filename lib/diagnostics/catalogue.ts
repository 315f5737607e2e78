import type { Severity } from './diagnostic.ts'

/** What the catalogue knows of one code. `A` are the values that its sentences are made of. */
interface Entry<A> {
  readonly severity: Severity
  /** The paragraph of `docs/diagnostics.md`. */
  readonly about: string
  readonly message: (args: A) => string
  readonly help: (args: A) => string
}

function error<A>(about: string, message: (args: A) => string, help: (args: A) => string): Entry<A> {
  return { severity: 'error', about, message, help }
}

function warning<A>(about: string, message: (args: A) => string, help: (args: A) => string): Entry<A> {
  return { severity: 'warning', about, message, help }
}

function info<A>(about: string, message: (args: A) => string, help: (args: A) => string): Entry<A> {
  return { severity: 'info', about, message, help }
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
    'The text is not YAML (or JSON, which is YAML too). Parsing stops at the first such fault, so it is the only one reported. Duplicate keys, tags, anchors with aliases and merge keys are refused as well: a document must mean the same to every reader.',
    (a) => `the document cannot be read: ${a.reason}`,
    () =>
      'mend the YAML at this place; a list item starts with "- ", and text with ": " or " #" in it needs quotes',
  ),
  'one-document': error<{ found: number }>(
    'An input holds exactly one YAML document. An empty file has none; `---` in the middle starts another.',
    (a) => `the input holds ${a.found} YAML documents, not one`,
    () => 'start with "meshjoin init", or split the documents into files of their own',
  ),
  'input-too-large': error<{ size: number; limit: number }>(
    'Input is bounded, so that a hostile or mistaken file cannot exhaust the memory of a service that embeds the library.',
    (a) => `the input has ${a.size} characters, more than the ${a.limit} that are read`,
    () => 'split the fleet into several documents',
  ),

  // Shape
  'unknown-key': error<{ key: string; suggestion: string | undefined; allowed: readonly string[] }>(
    'The schema is closed: a key that it does not know is a mistake, never ignored.',
    (a) => `unknown key "${a.key}"`,
    (a) => meant(a.suggestion, a.allowed.length > 0 ? `known here: ${list(a.allowed)}` : 'remove it'),
  ),
  'missing-key': error<{ key: string; about: string }>(
    'A required key is missing.',
    (a) => `"${a.key}" is missing`,
    (a) => (a.about === '' ? `add "${a.key}"` : `add "${a.key}": ${a.about}`),
  ),
  'wrong-type': error<{ expected: string; actual: string }>(
    'A value has another type than the schema says. YAML reads an unquoted 1.10 as a number and true as a boolean: quote what is meant as text.',
    (a) => `this is ${a.actual}, where ${a.expected} belongs`,
    (a) => (a.expected.includes('text') ? 'put it in quotes' : `write ${a.expected}`),
  ),
  'unknown-value': error<{ value: string; allowed: readonly string[]; suggestion: string | undefined }>(
    'Only the listed values are allowed here.',
    (a) => `"${a.value}" is not one of: ${list(a.allowed)}`,
    (a) => meant(a.suggestion, `use one of: ${list(a.allowed)}`),
  ),
  'bad-format': error<{ value: string; what: string; example: string }>(
    'The text does not have the form that this field takes. Forms are allow-lists: what a unit file, a shell or a rule file could misread is not in them.',
    (a) => `"${a.value}" does not fit: ${a.what}`,
    (a) => (a.example === '' ? 'see docs/input.md for the form' : `for example: ${a.example}`),
  ),
  'bad-key': error<{ key: string; what: string }>(
    'The name of an entry in a map does not have the form that this map takes.',
    (a) => `the name "${a.key}" does not fit: ${a.what}`,
    () => 'see docs/input.md for the form of the names here',
  ),
  'control-character': error<{ codepoint: string }>(
    'Control characters, line separators and lone surrogates are never part of a value: in a unit or environment file a line break would start a new directive. They are often pasted by accident.',
    (a) => `the text contains the control character ${a.codepoint}`,
    () => 'retype the value; an editor that shows invisible characters helps',
  ),
  'out-of-range': error<{ value: string; limit: string }>(
    'A number is outside its range.',
    (a) => `${a.value} is out of range: ${a.limit}`,
    (a) => `use a number ${a.limit}`,
  ),
  'size-limit': error<{ what: string; limit: string }>(
    'Every text, list and map is bounded; this one is too short or too long.',
    (a) => `${a.what} must have ${a.limit}`,
    () => 'shorten or complete it',
  ),

  // Versions
  'linkerd-known-broken': error<{ version: string; reason: string; use: string }>(
    'Some releases cannot work with machines: edge-25.3.2 and edge-25.3.3 send meshed traffic to a port that external workloads do not have, and the proxy of edge-25.11.2 cannot talk to a SPIRE agent.',
    (a) => `Linkerd ${a.version} does not work with machines: ${a.reason}`,
    (a) => `use ${a.use} or later`,
  ),
  'linkerd-too-old': error<{ version: string; first: string }>(
    'External workloads exist since Linkerd 2.15 (edge-24.2.4).',
    (a) => `Linkerd ${a.version} has no external workloads`,
    (a) => `upgrade the control plane to ${a.first} or later`,
  ),
  'linkerd-newer-than-known': info<{ version: string; newest: string }>(
    'The version is newer than the newest that this meshjoin knows. It is treated as that one.',
    (a) => `Linkerd ${a.version} is newer than what is known here; it is treated as ${a.newest}`,
    () =>
      'look for a newer meshjoin, and read the release notes of Linkerd for changes to external workloads',
  ),
  'proxy-known-broken': error<{ version: string; use: string }>(
    'Proxies v2.329.0 and v2.330.0 call a wrong path of the SPIFFE Workload API and never get an identity.',
    (a) => `proxy ${a.version} cannot get an identity from a SPIRE agent`,
    (a) => `use ${a.use} or later`,
  ),
  'proxy-too-old': error<{ version: string; first: string; why: string }>(
    'The proxy is older than something that the document asks for.',
    (a) => `proxy ${a.version} is too old: ${a.why}`,
    (a) => `use ${a.first} or later`,
  ),
  'proxy-newer-than-known': info<{ version: string; newest: string }>(
    'The proxy is newer than the newest that this meshjoin knows. It is treated as that one.',
    (a) => `proxy ${a.version} is newer than what is known here; it is treated as ${a.newest}`,
    () => 'look for a newer meshjoin',
  ),
  'proxy-version-differs': warning<{ proxy: string; linkerd: string; expected: string }>(
    'Each Linkerd release is tested with one proxy, which the file .proxy-version in its source names. Another one often works, but nobody tested it.',
    (a) => `Linkerd ${a.linkerd} comes with proxy ${a.expected}, not ${a.proxy}`,
    (a) => `use ${a.expected}, unless you know that this pair works`,
  ),
  'spire-too-old': error<{ version: string; first: string; why: string }>(
    'The SPIRE agent is older than a setting that the generated configuration needs; SPIRE refuses unknown settings at start.',
    (a) => `SPIRE agent ${a.version} is too old: ${a.why}`,
    (a) => `use ${a.first} or later`,
  ),

  // Groups and names
  'group-unknown': error<{ group: string; suggestion: string | undefined }>(
    'A machine names a group that `groups` does not define.',
    (a) => `there is no group "${a.group}"`,
    (a) => meant(a.suggestion, 'define it under groups, or remove the line'),
  ),
  'namespace-missing': error<{ machine: string }>(
    'Every machine belongs to a Kubernetes namespace: its ExternalWorkload lives there and its default identity is made of it. It may come from the machine, its group or defaults.',
    (a) => `machine "${a.machine}" has no namespace`,
    () => 'add "namespace" to the machine, its group or defaults',
  ),
  'machine-duplicate': error<{ name: string; first: string }>(
    'Machine names are unique in a document: they name the output folders and the default identities.',
    (a) => `the machine name "${a.name}" is already taken by ${a.first}`,
    () => 'give each machine a name of its own',
  ),
  'name-duplicate': error<{ kind: string; name: string; first: string }>(
    'Two cluster objects of one kind and namespace, or two ports of one Service, share a name.',
    (a) => `the ${a.kind} "${a.name}" is already defined at ${a.first}`,
    () => 'rename one of them',
  ),
  'reference-unknown': error<{ kind: string; name: string; suggestion: string | undefined }>(
    'A policy or migration names something that the document does not define.',
    (a) => `there is no ${a.kind} "${a.name}"`,
    (a) => meant(a.suggestion, 'correct the name, or define it'),
  ),

  // Identity
  'identity-trust-domain': error<{ id: string; trustDomain: string }>(
    'A SPIFFE ID must lie in the trust domain of the SPIRE server that is to issue it.',
    (a) => `${a.id} is not in the trust domain ${a.trustDomain}`,
    (a) => `start it with spiffe://${a.trustDomain}/`,
  ),
  'identity-malformed': error<{ id: string; reason: string }>(
    "A SPIFFE ID, typed or made of the machine's namespace and name, must satisfy what Linkerd and SPIRE both accept.",
    (a) => `${a.id} is not a usable SPIFFE ID: ${a.reason}`,
    () => 'use spiffe://<trust domain>/<segment>/<segment>, segments of letters, digits, ".", "_" and "-"',
  ),
  'identity-duplicate': error<{ id: string; first: string }>(
    'Two machines type the same SPIFFE ID, so policy cannot tell them apart. Sharing on purpose is possible: give the identity to a group.',
    (a) => `${a.id} is already the identity of ${a.first}`,
    () => 'give each machine an identity of its own, or give the shared one to their group',
  ),
  'identity-incomplete': error<{ missing: string; given: string }>(
    "An identity that is typed by hand is a pair: what the certificate says (spiffeId) and what peers ask for (serverName). A shared spiffeId with a default serverName per machine, or the other way round, does not match any peer's expectation.",
    (a) => `"${a.given}" is given without "${a.missing}" in an identity that several machines share`,
    (a) => `add "${a.missing}" beside it`,
  ),
  'server-name-invalid': error<{ name: string; reason: string }>(
    'The server name is sent as TLS SNI: a DNS name of at most 253 characters, its labels at most 63, without a dot at the end.',
    (a) => `"${a.name}" cannot be a TLS server name: ${a.reason}`,
    () => 'set identity.serverName to a DNS name such as app-1.shop.cluster.local',
  ),
  'parent-duplicate': error<{ id: string; first: string }>(
    'Registration entries hang below a parent, which is the agent of one machine. Where two machines share it, each agent is offered the entries of both and picks one: the wrong identity, without an error.',
    (a) => `${a.id} is already the parent ID of ${a.first}`,
    () => 'give each machine a parent ID of its own, or leave it out',
  ),
  'parent-is-identity': error<{ id: string }>(
    'The parent of a registration entry is the agent; the entry is the proxy. They cannot be the same SPIFFE ID.',
    (a) => `${a.id} is both the parent ID and the identity of this machine`,
    () => 'leave parentId out, or choose another',
  ),

  // Certificates
  'pem-malformed': error<{ reason: string }>(
    'Trust anchors are PEM text of X.509 certificates, each readable on its own.',
    (a) => `this is not readable as certificates: ${a.reason}`,
    () =>
      'paste the whole block from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----, as "linkerd identity" or your CA printed it',
  ),
  'pem-private-key': error<Record<never, never>>(
    'A private key has no place in the document. Whoever can read generated files or user-data could issue identities. Treat the key as lost: anything that read this file may have kept it.',
    () => 'the text contains a private key',
    () => 'remove the key from the document, replace it at its source, and paste certificates only',
  ),
  'pem-not-ca': error<{ subject: string }>(
    'A trust anchor must be a CA certificate (basic constraints CA:TRUE); otherwise no chain validates against it.',
    (a) => `the certificate "${a.subject}" is not a CA`,
    () => 'use the root of the mesh: kubectl -n linkerd get configmap linkerd-identity-trust-roots -o yaml',
  ),
  'pem-path-length': error<{ subject: string }>(
    'SPIRE issues identities from a CA of its own below the trust anchor, so the anchor must allow at least one CA below it. With pathlen:0 every chain is refused.',
    (a) => `the certificate "${a.subject}" allows no CA below it (pathlen:0)`,
    () =>
      "use an anchor with pathlen of 1 or more, or without the limit; Linkerd's issuer certificate is not an anchor",
  ),
  'pem-duplicate': warning<{ subject: string }>(
    'The same certificate is listed twice. That is harmless, but during a rotation it often means that the new anchor was forgotten.',
    (a) => `the certificate "${a.subject}" is listed twice`,
    () => 'remove one, or paste the one that was meant',
  ),

  // Addresses and networks
  'address-invalid': error<{ value: string }>(
    'Not an IP address. Host names are not resolved: the same document must give the same output everywhere.',
    (a) => `"${a.value}" is not an IP address`,
    () => 'write an address such as 192.0.2.10 or 2001:db8::10',
  ),
  'address-unusable': error<{ value: string; reason: string }>(
    'Addresses of machines are what pods dial: loopback, link-local, multicast and unspecified addresses cannot be dialled.',
    (a) => `${a.value} cannot be the address of a machine: it is ${a.reason}`,
    () => 'use the address under which pods reach the machine',
  ),
  'address-family-duplicate': error<{ family: string }>(
    'An ExternalWorkload has at most one address of each family.',
    (a) => `there is already an ${a.family} address`,
    () => 'keep one IPv4 and one IPv6 address at most',
  ),
  'address-missing': error<{ machine: string }>(
    'A server is dialled by pods, so it needs an address. A client needs none.',
    (a) => `machine "${a.machine}" is a server without addresses`,
    () => 'add "addresses", or say "role: client"',
  ),
  'address-port-duplicate': error<{ endpoint: string; first: string }>(
    'Linkerd refuses to resolve an address and port that two external workloads claim ("found 2 externalworkloads with a conflicting ip").',
    (a) => `${a.endpoint} is already served by ${a.first}`,
    () => 'correct the address or the port of one of them',
  ),
  'dual-stack-too-old': error<{ version: string; first: string }>(
    'Two addresses on one ExternalWorkload are allowed since edge-24.9.1 (2.17).',
    (a) => `Linkerd ${a.version} takes one address for each machine`,
    (a) => `keep one address, or upgrade the control plane to ${a.first} or later`,
  ),
  'ipv6-off': error<{ why: string }>(
    'With redirect.ipv6 false, IPv6 connections pass the mesh by in plaintext although the document gives IPv6 addresses.',
    (a) => `redirect.ipv6 is false, but ${a.why}`,
    () => 'remove "ipv6: false", or the IPv6 addresses and networks',
  ),
  'family-mismatch': warning<{ machine: string }>(
    'With IPv6 enabled, Linkerd uses only the IPv6 endpoints of a dual-stack Service: an IPv4-only machine among dual-stack peers gets no traffic from them.',
    (a) =>
      `machine "${a.machine}" has only IPv4, while others of its group or the cluster networks have IPv6`,
    () => 'add its IPv6 address, or make all of them IPv4',
  ),
  'network-invalid': error<{ value: string; reason: string }>(
    'Networks are CIDRs: an address with all host bits zero, and a prefix length.',
    (a) => `"${a.value}" is not a network: ${a.reason}`,
    () => 'write a network such as 10.42.0.0/16 or fd00:10:42::/56',
  ),
  'network-too-wide': error<{ value: string }>(
    'A network that covers every address would redirect all traffic of the machine and count every peer as inside the cluster.',
    (a) => `${a.value} covers every address`,
    () => 'list the pod and service networks of the cluster',
  ),
  'network-duplicate': warning<{ value: string; first: string }>(
    'A network is listed twice, or lies inside another one of the list.',
    (a) => `${a.value} is already covered by ${a.first}`,
    () => 'remove it',
  ),
  'network-contains': warning<{ network: string; what: string }>(
    'A cluster network contains something that is not in the cluster: the machine itself, or the SPIRE server. Traffic to it is redirected through the proxy; the exemptions for SSH, DNS and the agent still hold.',
    (a) => `${a.network} contains ${a.what}`,
    () => 'check the network; if the cluster shares the network of the machines, that is expected',
  ),
  'route-gateway': error<{ to: string; via: string }>(
    'A route needs a gateway of the same address family that is not inside the network it leads to.',
    (a) => `${a.via} cannot be the gateway to ${a.to}`,
    () => 'use an address of the same family outside that network',
  ),

  // Ports and users
  'port-duplicate': error<{ what: string; first: string }>(
    'Port numbers and port names are unique on a machine.',
    (a) => `${a.what} is already used by ${a.first}`,
    () => 'give each port a number and a name of its own',
  ),
  'port-reserved': error<{ port: number; owner: string }>(
    'The proxy itself listens on this port, so an application cannot.',
    (a) => `port ${a.port} belongs to ${a.owner}`,
    () => 'move the application to another port',
  ),
  'port-ssh': error<Record<never, never>>(
    'SSH is never redirected: with the proxy down the machine could not be reached.',
    () => 'port 22 is never redirected',
    () => 'remove the port; if the application really listens on 22, move it',
  ),
  'health-port-unknown': error<{ port: number; declared: string }>(
    'The health check asks a port that the machine does not declare.',
    (a) => `the health check asks port ${a.port}, which is not among the machine's ports (${a.declared})`,
    () => 'use a declared port, or declare this one',
  ),
  'uid-clash': error<{ what: string; other: string; value: string }>(
    'The proxy, the agent and the applications must run as different users: the redirect exempts the first two by their uid, and the identity is given to a uid.',
    (a) => `${a.what} and ${a.other} are both ${a.value}`,
    () => 'choose another one',
  ),
  'admin-exposed': warning<{ address: string }>(
    'Whoever can reach the admin port reads the metrics and, at /env.json, the whole environment of the proxy. It holds no secret of ours, but it names networks and identities.',
    (a) => `the admin port listens on ${a.address}, which others can reach`,
    () => 'keep 4191 closed to everyone but your monitoring, or use 127.0.0.1:4191',
  ),
  'admin-port-clash': error<{ port: number; owner: string }>(
    'The admin port must differ from the other ports of the proxy.',
    (a) => `the admin port ${a.port} is also ${a.owner}`,
    () => 'use 4191, or another free port',
  ),

  // Proxy
  'inbound-policy-fails-open': info<{ machines: string }>(
    "all-unauthenticated is Linkerd's own default. Until the control plane has sent a policy, and while it is away, unmeshed clients are let in; deny and all-authenticated fail closed.",
    (a) => `${a.machines}: the inbound policy all-unauthenticated fails open`,
    () =>
      'set proxy.defaultInboundPolicy to all-authenticated once your clients are meshed, or type all-unauthenticated to confirm',
  ),
  'setting-forbidden': error<{ name: string; reason: string }>(
    'These variables break a proxy that gets its identity from SPIRE, or do nothing although they look as if they did.',
    (a) => `${a.name} must not be set: ${a.reason}`,
    () => 'remove it',
  ),
  'setting-owned': error<{ name: string; field: string }>(
    'This variable is made from another field of the document; two sources for one value would contradict each other sooner or later.',
    (a) => `${a.name} is set by meshjoin`,
    (a) => `use ${a.field} instead`,
  ),
  'setting-unknown': warning<{ name: string; suggestion: string | undefined }>(
    'No known proxy reads this variable. The proxy ignores what it does not know, so a slip of the pen stays unnoticed.',
    (a) => `no known proxy reads ${a.name}`,
    (a) => meant(a.suggestion, 'check the spelling against the release of the proxy'),
  ),

  // Installing
  'install-incomplete': error<{ field: string; why: string }>(
    'Software comes from a download with a pinned sha256 for each architecture, or is already on the machine at a path.',
    (a) => `"${a.field}" is missing: ${a.why}`,
    (a) => `add "${a.field}"`,
  ),
  'install-option-unused': error<{ field: string; from: string }>(
    'An option that the chosen kind of installation does not read.',
    (a) => `"${a.field}" means nothing with "from: ${a.from}"`,
    () => 'remove it, or change "from"',
  ),
  'install-url': error<{ reason: string }>(
    'A download address is fixed text with the placeholders {version} and {arch}. With sums for two architectures it must tell them apart.',
    (a) => `the url cannot work: ${a.reason}`,
    () => 'use a url such as https://mirror.example.com/linkerd2-proxy-{version}-linux-{arch}.tar.gz',
  ),
  'install-same-sum': warning<Record<never, never>>(
    'Both architectures have the same sha256. Their files cannot be the same, so one machine would refuse its download.',
    () => 'amd64 and arm64 have the same sha256',
    () => 'copy each sum from its own file of the release',
  ),
  'path-volatile': error<{ path: string; folder: string }>(
    'Files that the machine needs at every boot cannot live in a folder that is emptied at boot, or that programs may clean.',
    (a) => `${a.path} does not survive: ${a.folder} is emptied or not a disk`,
    () => 'use a folder such as /etc/spire',
  ),
  'path-taken': error<{ path: string; what: string }>(
    'The path is already used, by a file that meshjoin writes or by another field.',
    (a) => `${a.path} is already ${a.what}`,
    () => 'choose another path',
  ),

  // SPIRE
  'attestation-missing': error<Record<never, never>>(
    'A managed SPIRE agent needs to know how it proves which machine it is.',
    () => '"attestation" is missing: the agent cannot prove which machine it is',
    () => 'add for example "attestation: {type: join_token, file: /etc/spire/join-token}"',
  ),
  'attestation-incomplete': error<{ type: string; option: string }>(
    'The node attestor needs an option that has no default.',
    (a) => `${a.type} needs "${a.option}"`,
    (a) => `add "${a.option}"`,
  ),
  'attestation-option': error<{ type: string; option: string }>(
    'The option belongs to another node attestor.',
    (a) => `"${a.option}" is not an option of ${a.type}`,
    () => 'remove it, or change the type',
  ),
  'attestor-cannot-reattest': warning<{ type: string; ttl: string }>(
    'With this attestor a machine can prove itself once. If it is off for longer than its agent identity lives, it cannot come back until an administrator evicts it (spire-server agent evict).',
    (a) => `${a.type} cannot attest again, and the agent identity lives only ${a.ttl}`,
    () => 'set agentTtl to at least 24h, or use x509pop or tpm_devid',
  ),
  'agent-incomplete': error<{ field: string; from: string }>(
    'A managed agent needs version, install and attestation; an existing one needs its socket.',
    (a) => `"${a.field}" is missing for "from: ${a.from}"`,
    (a) => `add "${a.field}"`,
  ),
  'agent-option-unused': error<{ field: string; from: string }>(
    'The field is not read with this kind of agent.',
    (a) => `"${a.field}" means nothing with "from: ${a.from}"`,
    () => 'remove it, or change "from"',
  ),
  'server-address-missing': error<Record<never, never>>(
    'A managed agent must know where its SPIRE server is.',
    () => '"address" is missing: the agent would not find its server',
    () => 'add "address", a host name or an IP address',
  ),
  'server-option-unused': error<{ field: string }>(
    'The option configures a SPIRE server of ours, and the document asks for none.',
    (a) => `"${a.field}" is read only with "colocated: true" or "generate: true"`,
    () => 'remove it, or ask for the server',
  ),
  'ttl-unreachable': warning<{ ttl: string; limit: string; field: string }>(
    "SPIRE guarantees a lifetime only up to a sixth of its CA's, and at most seven days; longer ones are cut without an error.",
    (a) => `${a.field} ${a.ttl} is more than SPIRE can promise (${a.limit})`,
    () => 'raise caTtl to six times the lifetime, or shorten the lifetime',
  ),
  'ttl-invalid': error<{ value: string }>(
    'A lifetime must be longer than nothing.',
    (a) => `"${a.value}" is no time at all`,
    () => 'write a duration such as 48h',
  ),
  'selector-mismatch': error<{ selector: string; uid: number }>(
    'The registration entry must match the user that the proxy runs as; root would give the identity to every root process.',
    (a) => `${a.selector} does not select the proxy, which runs as uid ${a.uid}`,
    (a) => `use unix:uid:${a.uid}, or leave the selectors out`,
  ),

  // Names and control plane
  'dns-servers-missing': error<{ provider: string }>(
    "The machine must resolve the control plane's names. Without a DNS server of the cluster that works only where controlPlane holds IP addresses or names of your own.",
    (a) => `provider ${a.provider} needs at least one server`,
    () => 'add mesh.dns.servers, or give controlPlane as IP addresses and leave dns out',
  ),
  'dns-domain-missing': warning<{ name: string; domains: string }>(
    "A name that the proxy asks for lies outside the domains that are sent to the cluster's DNS servers.",
    (a) => `${a.name} is not under any of mesh.dns.domains (${a.domains})`,
    () => "add its domain, or make sure that the machine's own resolver knows the name",
  ),
  'control-plane-address': error<{ value: string; reason: string }>(
    'A control-plane address is "name.:port", with the dot that ends a full name, or "IP:port".',
    (a) => `"${a.value}" is not an address the proxy can use: ${a.reason}`,
    () => 'write for example linkerd-policy.linkerd.svc.cluster.local.:8090 or 10.0.0.7:8090',
  ),

  // Cluster objects
  'selector-crosses-namespaces': error<{ service: string; machine: string; version: string; first: string }>(
    'Before edge-26.6.2 a Service selected machines of every namespace by their labels alone, so this machine would get traffic that is meant for others.',
    (a) =>
      `with Linkerd ${a.version} the Service "${a.service}" also selects machine "${a.machine}" of another namespace`,
    (a) => `make the labels unique, or upgrade to ${a.first}`,
  ),
  'service-port-unmatched': warning<{ service: string; port: string; machine: string }>(
    'Unlike pods, a machine takes only traffic to ports that it declares: a Service port that matches none is left out of its endpoints.',
    (a) => `the Service "${a.service}" selects machine "${a.machine}", which declares no port ${a.port}`,
    () => 'declare the port on the machine, or correct targetPort',
  ),
  'policy-target': error<{ reason: string }>(
    'A policy protects one port of machines or of pods: exactly one of the two selectors.',
    (a) => `the target is not usable: ${a.reason}`,
    () => 'give either "machines" or "pods"',
  ),
  'policy-allow': error<{ reason: string }>(
    'A policy says who is let in. Beside "unauthenticated: true", naming somebody means nothing.',
    (a) => `"allow" is not usable: ${a.reason}`,
    () => 'remove "unauthenticated", or the names',
  ),
  'policy-route': error<{ reason: string }>(
    'Routes are HTTP routes (path) or gRPC routes (service), as the protocol of the target says.',
    (a) => `the route does not fit: ${a.reason}`,
    () => 'use "path" with HTTP/1 and HTTP/2, "service" with gRPC, and no routes with opaque or TLS',
  ),
  'migration-weights': error<Record<never, never>>(
    'Weights share the traffic between machines and pods; if both are zero nobody gets any.',
    () => 'both weights are zero',
    () => 'give at least one side a weight',
  ),

  // Output
  'platform-no-compress': error<{ platform: string }>(
    'The platform hands user-data over as text only, so compressed user-data would arrive damaged.',
    (a) => `${a.platform} does not take compressed user-data`,
    () => 'remove "compress", or the platform',
  ),
  'user-data-too-large': error<{ machine: string; size: number; limit: number; platform: string }>(
    'The platform refuses user-data above its limit, or cuts it. Sizes count the final bytes as the platform counts them.',
    (a) => `the user-data of "${a.machine}" has ${a.size} bytes; ${a.platform} takes ${a.limit}`,
    () => 'set cloudInit.compress where the platform takes it, or bake the mesh layer into an image',
  ),
  'target-unknown': error<{ target: string; suggestion: string | undefined; known: readonly string[] }>(
    'There is no such target.',
    (a) => `there is no target "${a.target}"`,
    (a) => meant(a.suggestion, `targets: ${list(a.known)}`),
  ),
  'machine-unknown': error<{ machine: string; suggestion: string | undefined }>(
    'A machine was asked for that the document does not have.',
    (a) => `the document has no machine "${a.machine}"`,
    (a) => meant(a.suggestion, 'check the name against machines[]'),
  ),
  'not-built-yet': error<{ what: string; targets: readonly string[] }>(
    'The input language is complete, the targets are not yet. The document is valid, but this target cannot do what it asks for, and refuses rather than leaving it out.',
    (a) =>
      `${a.what} is not built yet for the target${a.targets.length > 1 ? 's' : ''} ${a.targets.join(', ')}`,
    () => 'choose another value, or wait for the release that CHANGELOG names',
  ),
} as const

/** The stable name of a diagnostic. */
export type DiagnosticCode = keyof typeof catalogue

/** The values that the sentences of one code are made of. */
export type CatalogueArguments<C extends DiagnosticCode> = Parameters<(typeof catalogue)[C]['message']>[0]
