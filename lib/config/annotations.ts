import type { ResolvedMachine } from './resolved.ts'

/**
 * What an ExternalWorkload has to say as well as the proxy's environment. The environment counts until the policy controller
 * has answered, the object from then on, and again the environment where the proxy starts while the controller is away.
 */

/** Read by Linkerd from the ExternalWorkload alone; on a Namespace the injector copies it to pods, and machines have none. */
export const policyAnnotation = 'config.linkerd.io/default-inbound-policy'
export const opaqueAnnotation = 'config.linkerd.io/opaque-ports'

/**
 * On an ExternalWorkload, with the value `true`: keep it NotReady, whatever the probes say. Written for `drain: true`, and by hand
 * (`kubernetes/drain.sh`) without the document. Whoever keeps readiness may only patch, so it sees the annotation in the answer to a
 * patch: it has to ask with an empty one before it says Ready.
 */
export const drainAnnotation = 'meshjoin.dev/drain'

/** The policy of a machine, and of a cluster, that says nothing of it. */
export const usualPolicy = 'all-unauthenticated'

/** Ports that Linkerd's destination controller takes as opaque for clients, and its policy controller for pods only. */
export const usualOpaquePorts: readonly number[] = [25, 587, 3306, 4444, 5432, 6379, 9300, 11211]

/**
 * The annotations that make the object say what the environment says, in order. Where the document says nothing, neither does the
 * object: then the cluster's own defaults count, which may be stricter.
 */
export function neededAnnotations({
  defaultInboundPolicy,
  ports,
  originOf,
}: Pick<ResolvedMachine, 'defaultInboundPolicy' | 'ports' | 'originOf'>): Record<string, string> {
  const opaque = ports.filter((port) => port.opaque).map(({ port }) => port)
  // A port that is opaque by default, and is not meant to be, has to be left out of a list.
  const isDenied = ports.some(
    ({ port, opaque }, index) =>
      !opaque && usualOpaquePorts.includes(port) && originOf('ports', index, 'opaque') !== '',
  )
  return {
    ...(originOf('proxy', 'defaultInboundPolicy') === '' ? {} : { [policyAnnotation]: defaultInboundPolicy }),
    ...(opaque.length === 0 && !isDenied ? {} : { [opaqueAnnotation]: printPorts(opaque) }),
  }
}

/** The value of the opaque-ports annotation. */
export function printPorts(ports: readonly number[]): string {
  return [...new Set(ports)].sort((a, b) => a - b).join(',')
}

/** One line of YAML; quoted, since a single port would be a number. */
export function annotationLine(name: string, value: string): string {
  return `${name}: "${value}"`
}

/** True where the value of an opaque-ports annotation lists the port: by number, in a range, or by name. */
export function listsPort(value: string, port: number, name: string | undefined): boolean {
  return value.split(',').some((part) => {
    const text = part.trim()
    if (name !== undefined && text === name) return true
    const match = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(text)
    return match !== null && Number(match[1]) <= port && port <= Number(match[2] ?? match[1])
  })
}
