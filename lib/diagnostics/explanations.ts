import type { DiagnosticCode } from './catalogue.ts'

/** The paragraph of each code in `docs/diagnostics.md`. Apart from the catalogue: only the reference page needs it. */
export const explanations: Readonly<Record<DiagnosticCode, string>> = {
  'yaml-syntax':
    "The text is not YAML (or JSON, which is YAML too). Parsing stops at the first such fault, so it is the only one reported. Duplicate keys, aliases, and tags other than YAML's own are refused as well: a document must mean the same to every reader.",
  'one-document':
    'An input holds exactly one YAML document. An empty file has none; `---` in the middle starts another.',
  'input-too-large':
    'Input is bounded, so that a hostile or mistaken file cannot exhaust the memory of a service that embeds the library.',
  'unknown-key': 'The schema is closed: a key that it does not know is a mistake, never ignored.',
  'key-impossible':
    'SPIRE could do this, and the proxy would then have no identity: it takes certificates without DNS names, with ECDSA P-256 keys.',
  'missing-key': 'A required key is missing.',
  'wrong-type':
    'A value has another type than the schema says. YAML reads an unquoted 1.10 as a number and true as a boolean: quote what is meant as text.',
  'unknown-value': 'Only the listed values are allowed here.',
  'bad-format':
    'The text does not have the form that this field takes. Forms are allow-lists: what a unit file, a shell or a rule file could misread is not in them.',
  'bad-key': 'The name of an entry in a map does not have the form that this map takes.',
  'control-character':
    'Control characters, line separators and lone surrogates are never part of a value: in a unit or environment file a line break would start a new directive. They are often pasted by accident.',
  'out-of-range': 'A number is outside its range.',
  'size-limit': 'Every text, list and map is bounded; this one is too short or too long.',
  'linkerd-known-broken':
    'Some releases cannot work with machines: edge-25.3.2 and edge-25.3.3 send meshed traffic to a port that external workloads do not have, and the proxy of edge-25.11.2 cannot talk to a SPIRE agent.',
  'linkerd-too-old': 'External workloads exist since Linkerd 2.15 (edge-24.2.4).',
  'linkerd-newer-than-known':
    'The version is newer than the newest that this meshjoin knows. It is treated as that one.',
  'proxy-known-broken':
    'Proxies v2.329.0 and v2.330.0 call a wrong path of the SPIFFE Workload API and never get an identity.',
  'proxy-too-old': 'The proxy is older than something that the document asks for.',
  'proxy-can-hang':
    'Proxies before v2.343.0 may keep an empty DNS answer for a name of the control plane for ever, as it comes while the control plane is away (linkerd2#14954). They fail every request until they are restarted. Linkerd 2.15 to 2.19 come with such proxies.',
  'proxy-newer-than-known':
    'The proxy is newer than the newest that this meshjoin knows. It is treated as that one.',
  'proxy-version-differs':
    'Each Linkerd release is tested with one proxy, which the file .proxy-version in its source names. Another one often works, but nobody tested it.',
  'spire-too-old':
    'SPIRE is supported from 1.13.3, the first release whose agent reads a join token from a file: before it a token stands on the command line, where every user of the machine can read it. The attestor `azure_imds` needs 1.14.0.',
  'group-unknown': 'A machine names a group that `groups` does not define.',
  'namespace-missing':
    'Every machine belongs to a Kubernetes namespace: its ExternalWorkload lives there and its default identity is made of it. It may come from the machine, its group or defaults.',
  'machine-duplicate':
    'Machine names are unique in a document: they name the output folders and the default identities.',
  'name-duplicate':
    'Two cluster objects of one kind and namespace, or two ports of one Service, share a name.',
  'reference-unknown': 'A policy or migration names something that the document does not define.',
  'identity-trust-domain':
    'A SPIFFE ID must lie in the trust domain of the SPIRE server that is to issue it.',
  'identity-malformed':
    "A SPIFFE ID, typed or made of the machine's namespace and name, must satisfy what Linkerd and SPIRE both accept.",
  'identity-duplicate':
    'Two machines type the same SPIFFE ID, so policy cannot tell them apart. Sharing on purpose is possible: give the identity to a group.',
  'instances-name-taken': 'A group with `instances` has a folder in the output like a machine, by its name.',
  'instances-without-group':
    'The instances of a group have one user-data, whose folder is named after the group. A setting of all groups cannot make one.',
  'machines-missing':
    'The list of machines may be empty where a group has `instances`, since these are machines that nobody can list. Without either there is nothing to make.',
  'identity-incomplete':
    "An identity that is typed by hand is a pair: what the certificate says (spiffeId) and what peers ask for (serverName). A shared spiffeId with a default serverName per machine, or the other way round, does not match any peer's expectation.",
  'server-name-invalid':
    'The server name is sent as TLS SNI: a DNS name of at most 253 characters, its labels at most 63, without a dot at the end.',
  'parent-duplicate':
    'Registration entries hang below a parent, which is the agent of one machine. Where two machines share it, each agent is offered the entries of both and picks one: the wrong identity, without an error.',
  'parent-is-identity':
    'The parent of a registration entry is the agent; the entry is the proxy. They cannot be the same SPIFFE ID.',
  'node-unknown':
    'An identity hangs from the agent of one machine, so the SPIRE server must know which agent is whose. What it sees of an agent depends on the node attestor; where the document lacks that, as with the ID of an instance that does not exist yet, everything is made but for the registration of that agent. Of instances it can never be known: give their group one identity and one parentId, and that alias to their agents by what they have in common, such as a tag.',
  'node-duplicate':
    'A node alias goes to every agent that has its selectors. Where two machines cannot be told apart, each agent is offered the identities of both.',
  'node-parent':
    "With these fields the parent of the machine's registration entry is the agent's own ID, which SPIRE makes of them. A parentId beside them would leave them without effect, or the entry below an agent that does not exist.",
  'pem-malformed':
    'Trust anchors are PEM text of X.509 certificates, each readable on its own. Text around the blocks, such as comments or what "openssl x509 -text" prints, is left out (RFC 7468). Any other kind of block is refused, and so is what looks like a part of one: an anchor that is missed would show much later.',
  'pem-other-form':
    "Trust anchors are PEM text: what `linkerd identity` and Linkerd's own ConfigMap have. The forms in which people have them besides, a whole Kubernetes object, base64 of PEM, and DER, are recognized and not taken: what is meant would be a guess.",
  'pem-private-key':
    'A private key has no place in the document. Whoever can read generated files or user-data could issue identities. Treat the key as lost: anything that read this file may have kept it.',
  'pem-not-ca':
    'A trust anchor must be a CA certificate (basic constraints CA:TRUE); otherwise no chain validates against it.',
  'pem-path-length':
    'SPIRE issues identities from a CA of its own below the trust anchor, so the anchor must allow at least one CA below it. With pathlen:0 every chain is refused.',
  'pem-duplicate':
    'The same certificate is listed twice. That is harmless, but during a rotation it often means that the new anchor was forgotten.',
  'address-invalid':
    'Not an IP address. Host names are not resolved: the same document must give the same output everywhere. "::ffff:192.0.2.1" is IPv4 on the wire and IPv6 to whoever reads it, so it is to be written as 192.0.2.1.',
  'address-unusable':
    'Addresses of machines are what pods dial: loopback, link-local, multicast and unspecified addresses cannot be dialled.',
  'address-family-duplicate': 'An ExternalWorkload has at most one address of each family.',
  'client-ports':
    'A client only dials: nothing that arrives is redirected to its proxy, and no Service selects it.',
  'client-without-object':
    'Labels, annotations, zone, health check and drain are of the ExternalWorkload, which is what pods dial. A machine that only dials into the mesh has none.',
  'drain-by-hand':
    'An ExternalWorkload is NotReady where its status says so, and its status is patched by whoever keeps readiness. Without that the annotation that drain becomes is read by nobody; kubernetes/drain.sh patches the status by hand.',
  'server-ports-missing':
    'With redirect.inbound.scope "declared", the default, connections to the ports of the document are redirected to the proxy. A server without ports has none.',
  'address-missing': 'A server is dialled by pods, so it needs an address. A client needs none.',
  'local-addresses-found':
    'With `addresses: {from: boot}` a machine finds the address that it has itself, which is what localAddresses would say. Behind one-to-one NAT pods dial another one, which a machine cannot see: there both have to be typed.',
  'machine-networks-unknown':
    'Connections from and to meshed machines are proxied, and by default their networks are the addresses of all servers of the document. An address that is found at boot is not known when the files are made, so other machines would pass the proxy by.',
  'address-port-duplicate':
    'Linkerd refuses to resolve an address and port that two external workloads claim ("found 2 externalworkloads with a conflicting ip").',
  'dual-stack-too-old': 'Two addresses on one ExternalWorkload are allowed since edge-24.9.1 (2.17).',
  'ipv6-off':
    "With redirect.ipv6 false, IPv6 connections pass the mesh by in plaintext although the machine has an IPv6 address. Networks alone do not matter: Linkerd's own default networks hold fd00::/8.",
  'family-mismatch':
    'With IPv6 enabled, Linkerd uses only the IPv6 endpoints of a dual-stack Service: an IPv4-only machine among dual-stack peers gets no traffic from them.',
  'network-invalid': 'Networks are CIDRs: an address with all host bits zero, and a prefix length.',
  'network-too-wide':
    'A network that covers every address would redirect all traffic of the machine and count every peer as inside the cluster.',
  'network-duplicate': 'A network is listed twice, or lies inside another one of the list.',
  'network-contains':
    'A cluster network contains something that is not in the cluster: the machine itself, or the SPIRE server. Traffic to it is redirected through the proxy, and whoever connects from that network counts as the mesh and is redirected, too; the exemptions for SSH, DNS and the agent still hold.',
  'machine-networks-many':
    'By default the addresses of all servers of the document are meshed, merged into the fewest networks that cover exactly them. Thousands of scattered addresses would make a variable that the kernel does not pass on and a rule for each.',
  'route-gateway':
    'A route needs a gateway of the same address family that is not inside the network it leads to.',
  'port-duplicate': 'Port numbers and port names are unique on a machine.',
  'port-reserved': 'The proxy itself listens on this port, so an application cannot.',
  'port-ssh': 'SSH is never redirected: with the proxy down the machine could not be reached.',
  'health-port-unknown': 'The health check asks a port that the machine does not declare.',
  'uid-clash':
    'The proxy, the agent and the applications must run as different users: the redirect exempts the first two by their uid, and the identity is given to a uid.',
  'admin-exposed':
    'Whoever can reach the admin port reads the metrics and, at /env.json, the whole environment of the proxy. It holds no secret of ours, but it names networks and identities.',
  'admin-unreachable':
    "The prober asks /ready and /metrics of each proxy, from the cluster's network. On loopback nobody but the machine itself reaches them. Opened, they are for everyone who reaches the port, /env.json with the proxy's whole environment included: it holds no secret of ours, but it names networks and identities. So the port is opened together with a firewall that lets in the prober's networks alone; a policy of Linkerd can say the same (docs/readiness.md).",
  'admin-family':
    'The prober dials the admin port by an address of the machine, of the family that the admin server listens on. A server on 0.0.0.0 takes IPv4 alone, one on [::] both.',
  'readiness-too-old':
    'Up to edge-24.3.4 (2.15) the status of an ExternalWorkload is part of the object itself, so a program that may write it may write all of the object, and each kubectl apply writes it anew. Nothing can be kept there; the manifests say Ready.',
  'readiness-image-tag':
    'A tag names what its owner last pushed. With a digest the same bytes run everywhere and for ever.',
  'readiness-for-nobody':
    'The prober asks the machines that have an ExternalWorkload, by their addresses. A client has none, and an address that is found at boot is not known when the files are made.',
  'health-check-unasked':
    'Nothing in Linkerd asks machines whether they are well. The prober does, for which the document needs readiness.',
  'admin-port-clash': 'The admin port must differ from the other ports of the proxy.',
  'port-range-invalid': 'A range of ports names its first and its last port, both from 1 to 65535.',
  'exempt-port-declared':
    'By default the inbound redirect is for the declared ports of a machine, so a port that is both declared and exempt is a contradiction. What is exempt is reached in plain text, past the proxy and its policy.',
  'exempt-network-covers':
    "An exempt network that holds a whole network of the cluster, or the control plane, takes the traffic of the mesh out of the mesh: connections there would go in plain text. The proxy's own connections are always left alone and need no exemption.",
  'exempt-users-inbound':
    'The kernel knows the user of a connection that starts on the machine, and nothing of the user at the other end of one that arrives.',
  'strangers-unjudged':
    "Only connections from mesh.clusterNetworks, mesh.machineNetworks and redirect.inbound.fromNetworks are redirected. All others go to the application as before the machine joined, and the machine's firewall alone decides about them: the default never opens a port that was closed, and a policy never closes one that was open to strangers.",
  'from-networks-open':
    "A firewall on the machine sees a redirected connection after its port has become 4143. firewalld accepts whatever was redirected (`ct status dnat accept`) before it asks its zones. So whoever is listed reaches the declared ports through the proxy, and the proxy's policy alone decides.",
  'outbound-all-hangs':
    'The proxy asks the control plane about each new destination. With redirect.outbound.scope: all that is every destination that there is: without an answer a connection gets neither an answer nor a reset. Open connections, and destinations in use, go on.',
  'only-user-exempt':
    'redirect.outbound.onlyUsers names whose connections go through the proxy, exemptUsers whose do not; the users of the proxy and of the SPIRE agent never do.',
  'redirect-covers-nothing':
    'The exempt ports of one direction are all the ports that there are, or the exempt networks all the addresses that connections come from.',
  'inbound-policy-fails-open':
    'all-unauthenticated is Linkerd\'s own default. Until the control plane has sent a policy, and while it is away, unmeshed clients are let in; deny and all-authenticated fail closed. But Linkerd\'s rule behind all-authenticated and cluster-authenticated takes pods alone for authenticated: to the proxy it is an empty DNS suffix, which no SPIFFE ID matches. So meshjoin writes Servers that list the machines of the document, in kubernetes/policies.yaml. Until they are applied, for machines of other documents, and for a machine that calls pods under such a default, it is a 403: give those pods a policy with "authenticated: true".',
  'annotation-contradicts':
    'The ExternalWorkload gets these annotations of defaultInboundPolicy and of opaque, as the environment of the proxy does, so that both say the same. A proxy that is restarted while the control plane is away goes by its environment: with deny on the object and all-unauthenticated there, everybody is let in.',
  'annotation-alone':
    "The annotation tells Linkerd's controllers. The proxy of the machine goes by its environment until they have answered, and that is made of ports[].opaque.",
  'port-usually-opaque':
    "25, 587, 3306, 4444, 5432, 6379, 9300 and 11211 are Linkerd's default opaque ports. For a machine only the clients' side of that default exists: the proxy of the machine waits for the client to speak, up to ten seconds, where the document does not say that the port is opaque.",
  'setting-forbidden':
    'These variables break a proxy that gets its identity from SPIRE, or do nothing although they look as if they did.',
  'setting-owned':
    'This variable is made from another field of the document; two sources for one value would contradict each other sooner or later.',
  'setting-value':
    'The proxy reads each of its variables in one form, and ends with exit status 64 where one has another. Durations are whole numbers with a unit, without a space: 500ms, 3s, 5m, 1h, 2d.',
  'setting-unknown':
    'No known proxy reads this variable. The proxy ignores what it does not know, so a slip of the pen stays unnoticed.',
  'install-incomplete':
    'Software comes from a download with a pinned sha256 for each architecture, the proxy also from the layer of a container image by its digest, or it is already on the machine at a path.',
  'install-option-unused': 'An option that the chosen kind of installation does not read.',
  'install-url':
    'A download address is fixed text with the placeholders {version} and {arch}. With checksums for two architectures it must tell them apart.',
  'install-same-sum':
    'Both architectures have the same checksum. Their files cannot be the same, so one machine would refuse what it fetches, or could not run it.',
  'path-volatile':
    'Files that the machine needs at every boot cannot live in a folder that is emptied at boot, or that programs may clean.',
  'path-hidden':
    'The services run with ProtectHome=yes, so /home, /root and /run/user are empty to them: a program there cannot be started, and a socket there cannot be opened.',
  'path-taken': 'The path is already used, by a file that meshjoin writes or by another field.',
  'attestation-missing': 'A managed SPIRE agent needs to know how it proves which machine it is.',
  'attestation-incomplete': 'The node attestor needs an option that has no default.',
  'attestation-option': 'The option belongs to another node attestor.',
  'attestor-cannot-reattest':
    'With this attestor a machine can prove itself once. If it is off for longer than its agent identity lives, it cannot come back until an administrator evicts it (spire-server agent evict).',
  'attestation-twice':
    'A machine joins with one token, so it comes from one place: a file, a command or a credential.',
  'insecure-token':
    'User-data is no place for secrets: every process on the machine may ask for it, whoever may look at the instance in the console or the API of the cloud sees it, and tools such as Terraform keep it in their state. On the machine, cloud-init keeps it for root alone. Until it is used or has run out, whoever reads the token can join with it in the place of the machine, and has its identity.',
  'token-shared':
    'A join token is good once. Of several machines the first would join with it, and the others be refused.',
  'hostname-shared':
    'The SPIRE server calls the host name that an agent gives it back, and the ID of the agent is made of that name. The configuration of the agent is the same on all machines, so a name in it is right for one machine only.',
  'insecure-bootstrap':
    'An agent without a trust bundle cannot tell its SPIRE server from somebody in between, who then gives the machine its identities and its anchors for good. SPIRE has it for try-outs.',
  'bootstrap-contradicts':
    'With insecureBootstrap the agent looks at no trust bundle, so one in the document would be a promise that is not kept.',
  'bundle-ca-unused':
    'The file has the authorities of the web server that the bundle comes from, and none is asked here.',
  'availability-target': 'SPIRE agents do not start with an availability target below 24 hours.',
  'availability-unreachable':
    'SPIRE renews a certificate when it has only the availability target to live, and wants 12 hours before that. Where a certificate lives shorter it goes by half of its life, without an error.',
  'agent-port-clash':
    'Two programs of one machine cannot listen on the same port, and what the redirect sends to the proxy never reaches the agent.',
  'agent-incomplete':
    'A managed agent needs version, install and attestation; an existing one needs its socket.',
  'agent-option-unused': 'The field is not read with this kind of agent.',
  'server-address-missing': 'A managed agent must know where its SPIRE server is.',
  'server-option-unused': 'The option configures a SPIRE server of ours, and the document asks for none.',
  'upstream-missing':
    "The proxies of pods and machines trust the anchors of the mesh only. So a SPIRE server's own CA has to be signed by such an anchor, or by an intermediate below it.",
  'upstream-path-length':
    "The chain is anchor, intermediate, SPIRE's CA, certificate. The path length of an anchor counts the CAs below it; verifiers refuse a chain with more.",
  'anchor-outlived':
    'A CA is cut to the life of the certificate that signs it, and with it every certificate that it signs. The document shows how long an anchor lives in all; how much of that is left is seen on the machine.',
  'server-attestation-incomplete':
    'The server judges what an agent shows by the CAs, projects or names that it was told. Without them SPIRE refuses to start, or takes anybody.',
  'server-conflict':
    'A colocated server is for one machine, to try it out: its agent is the only one that may reach it. A server on a host of its own is for all machines of the document.',
  'ttl-unreachable':
    "SPIRE guarantees a lifetime only up to a sixth of its CA's, and at most seven days; longer ones are cut without an error.",
  'ttl-invalid': 'A lifetime must be longer than nothing.',
  'selector-mismatch':
    'SPIRE gives the identity to a process that all selectors of the entry match: the user, the group, the binary and the unit that the proxy has. For a binary that is downloaded, the path has its version, since the agent sees where links end.',
  'selector-twice':
    'All selectors of an entry must match, and a process has one user, one group, one binary and one unit. During an upgrade each version of the binary has an entry of its own.',
  'selector-sha256':
    'The agent looks at the checksum of the binary that runs. The document has that of the archive, or of the layer of an image, which holds the binary among others.',
  'selector-path':
    'The agent sees where the binary really lies, behind all links. A path that differs from proxy.install.path is right only where that is a link.',
  'selector-group':
    'The proxy runs with the groups of its user. meshjoin makes that a member of its own group alone, so another one has to be given to it on every machine.',
  'selector-any-user':
    'A path, a checksum, a group or a unit is not a user: a process of another user may match as well, root always can. The uid keeps the identity to one.',
  'dns-servers-missing':
    "The machine must resolve the control plane's names. Without a DNS server of the cluster that works only where controlPlane holds IP addresses or names of your own.",
  'dns-domain-missing':
    "A name that the proxy asks for lies outside the domains that are sent to the cluster's DNS servers.",
  'control-plane-address':
    'A control-plane address is "name.:port", with the dot that ends a full name, or "IP:port".',
  'selector-crosses-namespaces':
    'Before edge-26.6.2 a Service selected machines of every namespace by their labels alone, so this machine would get traffic that is meant for others.',
  'service-port-unmatched':
    'Unlike pods, a machine takes only traffic to ports that it declares: a Service port that matches none is left out of its endpoints, and only the log of the destination controller says so.',
  'service-port-partial':
    'A machine takes only traffic to ports that it declares, so some endpoints of this port are missing. That may be meant where machines of several kinds share a label.',
  'service-port-duplicate': 'The API server refuses a Service that has a TCP port twice.',
  'policy-target': 'A policy protects one port of machines or of pods: exactly one of the two selectors.',
  'policy-selects-nothing':
    'A policy becomes a Server, which guards ports of ExternalWorkloads in its own namespace with the labels of its target. Only machines that pods dial have one: clients have not. A Server that selects nothing is accepted by the cluster and protects nothing.',
  'policy-port-unmatched':
    'A Server whose port name or number no selected ExternalWorkload has is accepted by the cluster and protects nothing (measured: strangers still get a 200). What counts is a port under "ports", the admin port, and with redirect.inbound.scope "all" every number.',
  'policy-port-partial':
    "On machines without that port the policy protects nothing. A port of another name is another port to a Server, and its connections are let in as the machine's inbound policy says.",
  'policy-port-twice':
    'Linkerd takes one Server for each port, the oldest. Which one that is depends on the order in which they were created, and the other one has no effect.',
  'policy-protocol':
    "The Server's protocol counts once the policy controller has answered, the port's own until then and while the controller is away. A port of which the server speaks first hangs for ten seconds where the proxy tries to detect its protocol.",
  'policy-allow':
    'A policy says who is let in. Beside "unauthenticated: true", naming somebody means nothing, nor does naming somebody with an identity beside "authenticated: true".',
  'policy-instances':
    'Instances of a group find their names, and so their SPIFFE IDs, when they boot. The proxy compares a SPIFFE ID with those of a MeshTLSAuthentication as a whole: spiffe://.../* is accepted by the cluster and lets nobody in.',
  'policy-unlisted':
    'To Linkerd "authenticated" means the names of pods: its rule behind all-authenticated, cluster-authenticated and "*" matches no SPIFFE ID, so that machines are let in only where their SPIFFE IDs are listed. meshjoin lists those that the document knows.',
  'policy-both-sides':
    "Clients of a Service are balanced over its machines and its pods, by latency. A side that refuses answers at once: with a policy on the machine alone 27 of 30 requests ended in a 403, with an HTTPRoute for one path alone all requests for another ended in a 404 of that side. So a policy is written for both sides, by the Service's or the migration's selector, unless the document has one for the other side.",
  'policy-side-unclear':
    'Several policies guard parts of the machines of a Service, or of its pods, and the other side is one. Only you know which of them it should have.',
  'policy-probes':
    'For pods Linkerd lets in the probes of the kubelet by itself, but only on a Server without routes. With routes of its own each path that a probe asks for needs a route, or the kubelet gets a 404 and restarts the pod.',
  'health-check-refused':
    "The prober asks the machines' health checks from the cluster, without an identity. On a port that refuses it, meshjoin lets it in to the path of the health check by a route, which takes plain HTTP that the proxy sees: with HTTPS, on an opaque port and on one of gRPC there is no such route.",
  'policy-route':
    'Routes are HTTP routes (path) or gRPC routes (service), as the protocol of the target says. A route that the proxy is not asked about, or that never matches, would refuse everybody.',
  'policy-grpc-too-old':
    'The policy controller knows GRPCRoutes of a Server since edge-24.7.1. Before, the routes would have no effect, and nobody would be let in.',
  'policy-name-reserved':
    'Some objects in kubernetes/policies.yaml belong to no policy of the document: they let in machines, scrapes and probes. Theirs begin with "meshjoin-".',
  'workload-at-boot':
    'An ExternalWorkload has a name and addresses. Of a machine that finds them when it boots the object is made afterwards: kubernetes/at-boot has all the rest of it, and register.sh fills them in. What keeps readiness knows machines by their addresses, so it does not look after these.',
  'migration-weights':
    'Weights share the traffic between machines and pods; if both are zero nobody gets any.',
  'migration-drained':
    'A side without an endpoint that is Ready still gets its share of the requests by weight. Linkerd skips it after the first failures, which clients see.',
  'migration-port':
    'The route belongs to one port of the Service. A port that is in no route is not split: all that the Service selects share it.',
  'migration-opaque':
    'Weights are applied to requests, and the proxy sees none in a connection whose bytes it passes through.',
  'migration-protocol':
    'The split works either way, since gRPC is HTTP. Metrics, retries and later rules for methods are those of the kind of route.',
  'migration-overlap':
    'Each side is a Service of its own. What both select gets traffic of both weights, and a machine on the side of the pods keeps its share when the machines have none.',
  'migration-side-empty':
    'The side of the machines is a Service over the machines that its selector selects; without any its share of the requests fails.',
  'migration-name':
    'The route splits between two Services that are made for it. They must not be others that the document has, and a name has at most 63 characters.',
  'name-reserved':
    'Each machine has a folder of its own in the output, and this name belongs to a folder that they share.',
  'platform-no-compress':
    'The platform hands user-data over as text only, so compressed user-data would arrive damaged.',
  'user-data-too-large':
    'The platform refuses user-data above its limit, or cuts it. Sizes count the final bytes as the platform counts them. Compression is offered only where it is off, allowed, and enough.',
  'user-data-platform':
    'Platforms take different amounts of user-data, and EC2 the least. With a platform named, the user-data is compressed where that platform takes it, leaves out what does not fit, and is checked against the limit.',
  'doctor-left-out':
    'EC2 takes 16,384 bytes of user-data, DigitalOcean takes no gzip, Hetzner and Oracle take 32 kB of base64, and a part of your own has to fit beside ours. So what joining, the off switch and leaving do without stays out of it on EC2 and DigitalOcean, and so do comments; on Hetzner and Oracle `mesh-machine-doctor` and its timer, `mesh-machine-drain` and `mesh-machine-trial` do. `mesh-machine-resolver` stays out of it on all four where no resolver has to be told.',
  'inventory-without':
    'An inventory lists hosts by their addresses, and instances that come and go are no hosts that anybody can list. So neither a group of instances nor a machine with `addresses: {from: boot}` is in it.',
  'token-left-out':
    'A role is kept in version control and copied about, so a token of the document does not stand in it. Ansible has a place for secrets: the vault. The role writes the token to the same file, while the machine has no identity.',
  'target-unknown': 'There is no such target.',
  'machine-unknown': 'A machine was asked for that the document does not have.',
  'question-unclear':
    '`meshjoin explain` and `explain()` answer for one connection of one machine: its direction, an IP address, a port from 1 to 65535.',
}
