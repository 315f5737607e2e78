import type {
  HealthCheck as HealthCheckInput,
  PolicyRoute as PolicyRouteInput,
  PolicyTarget as PolicyTargetInput,
} from '../generated/document.ts'
import type { Network } from './network.ts'

/** Labels that an object must have, all of them. */
export type Selector = Readonly<Record<string, string>>

/** A port of a machine or pod, by number or by name. */
export type PortReference = number | string

/** A Service to create. */
export interface ResolvedService {
  /** JSON Pointer of the Service in the document. */
  readonly path: string
  readonly name: string
  readonly namespace: string
  readonly selector: Selector
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly ports: readonly {
    readonly name: string
    readonly port: number
    /** The port's own number where the document does not say. */
    readonly targetPort: PortReference
  }[]
}

/** What the proxy expects on a port. */
export type ServerProtocol = NonNullable<PolicyTargetInput['protocol']>

/** Requests that a policy lets in, of HTTP or of gRPC. */
export type ResolvedPolicyRoute = Readonly<
  PolicyRouteInput & { match: NonNullable<PolicyRouteInput['match']> }
>

/** Who may connect to one port. */
export interface ResolvedPolicy {
  /** JSON Pointer of the policy in the document. */
  readonly path: string
  readonly name: string
  readonly namespace: string
  readonly target: {
    readonly machines: Selector | undefined
    readonly pods: Selector | undefined
    readonly port: PortReference
    readonly protocol: ServerProtocol
  }
  readonly allow: {
    readonly serviceAccounts: readonly { readonly name: string; readonly namespace: string }[]
    /** Names of machines of the document. */
    readonly machines: readonly string[]
    readonly groups: readonly string[]
    readonly networks: readonly string[]
    /** Whoever has an identity. */
    readonly authenticated: boolean
    readonly unauthenticated: boolean
  }
  /** Empty: every request. */
  readonly routes: readonly ResolvedPolicyRoute[]
  /** Paths that are let in without an identity. */
  readonly probes: readonly string[]
}

/** A Service whose traffic is shared between machines and pods. */
export interface ResolvedMigration {
  /** JSON Pointer of the migration in the document. */
  readonly path: string
  readonly service: string
  readonly namespace: string
  readonly port: number
  readonly targetPort: PortReference
  readonly protocol: 'HTTP' | 'gRPC'
  readonly machines: Selector
  readonly pods: Selector
  readonly weights: { readonly machines: number; readonly pods: number }
}

/** The workload that keeps the readiness of ExternalWorkloads. */
export interface ResolvedReadiness {
  readonly image: string
  readonly imagePullSecret: string | undefined
  /** Where the prober runs. */
  readonly namespace: string
  /** Whence machines see it dial. */
  readonly fromNetworks: readonly Network[]
  readonly periodSeconds: number
  readonly timeoutSeconds: number
  readonly successThreshold: number
  readonly failureThreshold: number
  /** The most probes at a time. */
  readonly concurrency: number
}

/** The request that tells whether the application is well. */
export type HealthCheck = Readonly<Required<HealthCheckInput>>

/** What a document asks of the cluster. */
export interface ResolvedCluster {
  readonly services: readonly ResolvedService[]
  readonly policies: readonly ResolvedPolicy[]
  readonly migration: readonly ResolvedMigration[]
  /** Undefined where nobody keeps it. */
  readonly readiness: ResolvedReadiness | undefined
}
