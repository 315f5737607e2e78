import { isNested, selects } from '../../config/label-selector.ts'
import { portOf } from '../../config/policy-sides.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import type { ResolvedPolicy, ResolvedService } from '../../config/resolved-cluster.ts'

/** How somebody sees that a Service answers: a request by curl, from whoever may make it. */
export interface FirstRequest {
  readonly url: string
  readonly from:
    | {
        readonly kind: 'pod'
        readonly namespace: string
        /** Undefined for the namespace's default. */
        readonly serviceAccount: string | undefined
      }
    | { readonly kind: 'machine'; readonly name: string }
  /** The policy that lets the client in; undefined where there is none. */
  readonly policy: string | undefined
}

type MachinePort = ResolvedMachine['ports'][number]

/** A Service that leads to the machine, and the first of its ports that the machine offers. */
export interface Lead {
  readonly service: ResolvedService
  /** Of the Service. */
  readonly port: number
  readonly machinePort: MachinePort
}

/** The first Service of the document that leads to the machine. */
export function findLead(config: ResolvedConfig, machine: ResolvedMachine): Lead | undefined {
  for (const service of config.services) {
    if (service.namespace !== machine.namespace || !selects(service.selector, machine.labels)) continue
    for (const { port, targetPort } of service.ports) {
      const machinePort = portOf(machine, targetPort)
      if (machinePort !== undefined) return { service, port, machinePort }
    }
  }
  return undefined
}

/** Undefined where curl cannot tell, as of a database, or where the document lets nobody in that could be named. */
export function planFirstRequest(
  config: ResolvedConfig,
  machine: ResolvedMachine,
  lead: Lead,
): FirstRequest | undefined {
  const { service, port, machinePort } = lead
  const policy = config.policies.find((one) => guards(one, machine, lead))
  const protocol = policy?.target.protocol ?? (machinePort.name.includes('grpc') ? 'gRPC' : 'unknown')
  if (machinePort.opaque || !['unknown', 'HTTP/1'].includes(protocol)) return undefined
  const from = chooseClient(service.namespace, policy)
  const path = choosePath(policy)
  if (from === undefined || path === undefined) return undefined
  const host = `${service.name}.${service.namespace}.svc.${config.mesh.clusterDomain}`
  return { from, url: `http://${host}:${port}${path}`, policy: policy?.name }
}

/** On the machine's port, or on the pods of the Service, which would refuse their share of the requests. */
function guards(policy: ResolvedPolicy, machine: ResolvedMachine, { service, machinePort }: Lead): boolean {
  const { machines, pods, port } = policy.target
  if (policy.namespace !== machine.namespace) return false
  if (pods !== undefined) return isNested(pods, service.selector)
  const { labels } = machine
  const isPort = port === machinePort.name || port === machinePort.port
  return isPort && machines !== undefined && selects(machines, labels)
}

function chooseClient(
  namespace: string,
  policy: ResolvedPolicy | undefined,
): FirstRequest['from'] | undefined {
  if (policy === undefined || policy.allow.unauthenticated)
    return { kind: 'pod', namespace, serviceAccount: undefined }
  const [account] = policy.allow.serviceAccounts
  if (account) return { kind: 'pod', namespace: account.namespace, serviceAccount: account.name }
  const [name] = policy.allow.machines
  return name === undefined ? undefined : { kind: 'machine', name }
}

/** One that a GET is answered on. */
function choosePath(policy: ResolvedPolicy | undefined): string | undefined {
  const routes = policy?.routes ?? []
  if (routes.length === 0) return '/'
  const open = routes.find(({ match, methods }) => match !== 'regex' && (methods?.includes('GET') ?? true))
  return open?.path
}
