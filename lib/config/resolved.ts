import type {
  Attestation as AttestationInput,
  CloudInit,
  MachineAttestation as MachineAttestationInput,
  MeshDNS,
  Proxy as ProxyInput,
  Redirect as RedirectInput,
} from '../generated/document.ts'
import type { Address, Family, Network } from './network.ts'
import type { OwnServer } from './own-server.ts'
import type { HealthCheck, ResolvedCluster } from './resolved-cluster.ts'
import type { Secret } from './secret.ts'
import type { LinkerdVersion } from './versions.ts'

/** The architectures that Linkerd and SPIRE release for, by Go's names. */
export type Architecture = 'amd64' | 'arm64'

/** Where a binary comes from. */
export type Install =
  | {
      readonly from: 'download'
      /** Address with the placeholders `{version}` and `{arch}`. */
      readonly url: string
      /** Lower-case hex SHA-256 of the archive, for each architecture that machines may have. */
      readonly sha256: Readonly<Partial<Record<Architecture, string>>>
      /** PEM file on the machine with the CA of the download server; undefined for the system's store. */
      readonly caFile: string | undefined
      readonly httpProxy: string | undefined
    }
  | {
      readonly from: 'image'
      /** Registry and name, without tag and digest. */
      readonly image: string
      /** `sha256:` and lower-case hex of the layer's blob, for each architecture that machines may have. */
      readonly layer: Readonly<Partial<Record<Architecture, string>>>
      /** Absolute path of the binary in the image. */
      readonly path: string
      /** How to log in: a name, and a file on the machine with the password. Both or none. */
      readonly username: string | undefined
      readonly passwordFile: string | undefined
      /** PEM file on the machine with the CA of the registry; undefined for the system's store. */
      readonly caFile: string | undefined
      readonly httpProxy: string | undefined
    }
  | { readonly from: 'preinstalled'; readonly path: string }

/** How the mesh layer reaches a machine that boots with user-data. */
export type MeshLayer =
  | { readonly from: 'inline' }
  | { readonly from: 'baked' }
  | {
      readonly from: 'fetch'
      /** Address with the placeholder `{sha256}`. */
      readonly url: string
      /** PEM file on the machine with the CA of the server; undefined for the system's store. */
      readonly caFile: string | undefined
      readonly httpProxy: string | undefined
    }

/** A system user with a fixed uid; its group has the same name and number. */
export interface SystemUser {
  readonly name: string
  readonly uid: number
}

/** Where the initial trust bundle of the agent comes from. */
export type TrustBundle =
  | { readonly kind: 'pem'; readonly pem: string }
  | { readonly kind: 'path'; readonly path: string }
  | {
      readonly kind: 'url'
      readonly url: string
      /** PEM file on the machine with the only CAs of its server; undefined for the system's store. */
      readonly caFile: string | undefined
    }
  /** The agent trusts whoever answers first. */
  | { readonly kind: 'none' }

/** The node attestors that the language has. */
export type AttestorType = AttestationInput['type']

/** The options of all node attestors. Which of them an attestor takes was checked. */
export type AttestationOptions = Readonly<
  Omit<AttestationInput, 'type' | 'insecureToken'> & { insecureToken?: Secret }
>

/** What the SPIRE server will see of a machine. Which of it an attestor takes was checked. */
export type MachineAttestation = Readonly<MachineAttestationInput>

/** How the SPIRE server tells the agent of a machine from others, once it has attested. */
export type NodeIdentity =
  /** It puts these selectors on the agent, by which a node alias is given. */
  | { readonly by: 'selectors'; readonly selectors: readonly string[] }
  /** By the agent's ID alone: its path below `/spire/agent/`, as the plugin makes it by default. */
  | { readonly by: 'agent'; readonly path: string }
  /** Whoever makes the machine's join token gives the alias with it. */
  | { readonly by: 'token' }
  /** By nothing that the document says: these fields of `machines[].attestation` are missing. */
  | { readonly by: 'nothing'; readonly missing: readonly (keyof MachineAttestation)[] }

/** The node attestor of a managed agent, with its options as typed. */
export interface Attestation {
  readonly type: AttestorType
  readonly options: AttestationOptions
}

/** What the machine's resolver may be told with, built or not. */
export type ResolverProvider = NonNullable<MeshDNS['provider']>

/** What the proxy lets in on a port that no policy covers, until the policy controller has answered. */
export type InboundPolicy = NonNullable<ProxyInput['defaultInboundPolicy']>

/** Who hands the user-data to the machine. */
export type PlatformName = NonNullable<CloudInit['platform']>

/** What holds the redirect's rules. */
export type RedirectBackend = NonNullable<RedirectInput['backend']>

export type Agent =
  | {
      readonly from: 'managed'
      readonly version: string
      readonly install: Install
      readonly user: SystemUser
      readonly socket: string
      readonly attestation: Attestation
      /** As SPIRE reads it, such as `24h`; undefined for renewal at half of a certificate's life. */
      readonly availabilityTarget: string | undefined
      /** Where it listens on loopback; undefined where it does not. */
      readonly healthPort: number | undefined
      readonly metricsPort: number | undefined
    }
  | { readonly from: 'existing'; readonly socket: string }

/** One half of the redirect: which connections, and which of those are bypassed. */
export interface RedirectScope {
  readonly scope: 'declared' | 'all' | 'cluster'
  readonly exemptPorts: readonly (number | string)[]
  readonly exemptNetworks: readonly string[]
  readonly exemptUsers: readonly (number | string)[]
  readonly exemptInterfaces: readonly string[]
  /** Inbound: whose connections are proxied besides those of the mesh; networks or addresses. */
  readonly fromNetworks: readonly string[]
  /** Outbound: whose connections are proxied; empty for everybody's. */
  readonly onlyUsers: readonly (number | string)[]
}

export interface Redirect {
  readonly backend: RedirectBackend
  readonly ipv6: boolean
  readonly inbound: RedirectScope
  readonly outbound: RedirectScope
  /** What becomes of proxied connections while the proxy is down: refused (`closed`), or bypassed (`open`). */
  readonly onProxyFailure: 'closed' | 'open'
}

export interface Port {
  readonly name: string
  readonly port: number
  readonly opaque: boolean
}

/** What a machine finds when it boots, since the document cannot know it. */
export interface Boot {
  /** Where an instance of a group has its name from; undefined where the document names the machine. */
  readonly name: 'hostname' | 'instance-id' | undefined
  /** Whose address it takes; undefined for that of the route to the cluster. */
  readonly interface: string | undefined
}

/** A machine with defaults and its group applied; or a group of instances, under the group's name. */
export interface ResolvedMachine {
  readonly name: string
  /** JSON Pointer of the machine in the document. */
  readonly path: string
  readonly group: string | undefined
  readonly namespace: string
  readonly role: 'server' | 'client'
  /** Undefined where the document has its addresses. */
  readonly boot: Boot | undefined
  /** What pods dial; at most one of each family. Empty where they are found at boot. */
  readonly addresses: readonly Address[]
  /** What the machine itself sees behind 1:1 NAT; the addresses where there is none. */
  readonly localAddresses: readonly Address[]
  readonly ports: readonly Port[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly zone: string | undefined
  readonly healthCheck: HealthCheck | undefined
  /** Keep it NotReady. */
  readonly drain: boolean
  /** Of instances, `{name}` stands for what each finds. */
  readonly identity: { readonly spiffeId: string; readonly serverName: string }
  /** Empty where the document says nothing of it. */
  readonly attestation: MachineAttestation
  /** What the SPIRE server knows its agent by; undefined for an agent that is there already. */
  readonly node: NodeIdentity | undefined
  readonly parentId: string
  readonly defaultInboundPolicy: InboundPolicy
  /** One object for all machines of a group that have no ports of their own. */
  readonly redirect: Redirect
  /** JSON Pointer of the field that a setting of this machine comes from; empty for a default. */
  readonly originOf: (...keys: readonly (string | number)[]) => string
}

/** What the machines of a group, or those without one, have where they say nothing themselves. */
export interface ResolvedGroup {
  /** Undefined for the machines without a group. */
  readonly name: string | undefined
  readonly namespace: string | undefined
  readonly ports: readonly Port[]
  /** Given here it is one identity that the machines share. */
  readonly identity: { readonly spiffeId: string | undefined; readonly serverName: string | undefined }
  readonly defaultInboundPolicy: InboundPolicy
  readonly redirect: Redirect
}

/** A network whose connections are proxied, and why. */
export interface RedirectNetwork {
  readonly family: Family
  readonly text: string
  readonly reason: string
  readonly origin: string
}

/** The names of an Ansible collection. */
export interface Collection {
  readonly namespace: string
  readonly name: string
  /** Semantic. */
  readonly version: string
}

/** A checked document with every default filled in. Nothing downstream reads the document itself. */
export interface ResolvedConfig extends ResolvedCluster {
  readonly mesh: {
    readonly linkerd: LinkerdVersion
    readonly clusterDomain: string
    readonly identityTrustDomain: string
    readonly controlPlaneNamespace: string
    /** PEM, certificates only, in one form. */
    readonly trustAnchors: string
    readonly clusterNetworks: readonly Network[]
    /** Meshed machines, merged into the fewest networks that cover exactly them. */
    readonly machineNetworks: readonly Network[]
    /** Both of the above, in order, without what another one covers. */
    readonly redirectNetworks: readonly RedirectNetwork[]
    readonly controlPlane: { readonly destination: string; readonly policy: string }
    readonly dns: {
      readonly provider: ResolverProvider
      readonly servers: readonly string[]
      readonly domains: readonly string[]
    }
    readonly routes: readonly { readonly to: string; readonly via: string }[]
  }
  readonly proxy: {
    readonly version: string
    readonly install: Install
    readonly user: SystemUser
    readonly adminAddress: { readonly host: string; readonly port: number }
    /** As Linkerd reads it, such as `2m`. */
    readonly shutdownGracePeriod: string
    readonly logFormat: 'plain' | 'json'
    /** Worker threads; undefined for Linkerd's default. */
    readonly cores: number | undefined
    readonly settings: Readonly<Record<string, string>>
  }
  readonly spire: {
    readonly trustDomain: string
    readonly trustBundle: TrustBundle
    readonly server: {
      readonly address: string
      readonly port: number
      /** As Go reads it; undefined for the server's own default. */
      readonly x509SvidTtl: string | undefined
      /** Undefined where it is somebody else's. */
      readonly own: OwnServer | undefined
    }
    readonly agent: Agent
    readonly selectors: readonly string[]
  }
  /** Sorted by name. */
  readonly machines: readonly ResolvedMachine[]
  /** Sorted by name; without a name first, and only where a machine has no group or there is none. */
  readonly groups: readonly ResolvedGroup[]
  /** What machines tell node_exporter; undefined where they tell it nothing. */
  readonly monitoring: { readonly textfileDirectory: string; readonly nodeExporterPort: number } | undefined
  /** Without a collection the folder is used as it is. */
  readonly ansible: { readonly collection: Collection | undefined }
  readonly cloudInit: {
    readonly meshLayer: MeshLayer
    readonly distribution: 'debian' | 'rhel' | 'suse' | 'amazon'
    readonly platform: PlatformName | undefined
    readonly compress: boolean | undefined
    readonly multipart: boolean
  }
}
