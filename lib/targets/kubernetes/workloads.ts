import { drainAnnotation, neededAnnotations } from '../../config/annotations.ts'
import type { ResolvedMachine } from '../../config/resolved.ts'
import { objectLabels } from '../../config/selection.ts'
import { type LinkerdVersion, linkerdHas } from '../../config/versions.ts'
import { ourLabel, type PlacedObject } from './objects.ts'

/**
 * The ExternalWorkloads of machines that pods dial; clients have none, since nobody asks for them. What a machine finds when it
 * boots nobody can write beforehand.
 */
export function* makeWorkloads(
  linkerd: LinkerdVersion,
  machines: readonly ResolvedMachine[],
  inboundLabels: (machine: ResolvedMachine) => Readonly<Record<string, string>>,
): Iterable<PlacedObject> {
  for (const machine of machines) {
    const { path, role, boot } = machine
    if (role === 'server' && boot === undefined)
      yield { path, object: makeWorkload(linkerd, machine, inboundLabels(machine)) }
  }
}

/** What an ExternalWorkload is made of; of a machine that finds its address, with something in the place of it. */
type WorkloadMachine = Omit<ResolvedMachine, 'addresses'> & {
  readonly addresses: readonly { readonly text: string }[]
}

/** The ExternalWorkload of a machine. */
export function makeWorkload(
  linkerd: LinkerdVersion,
  machine: WorkloadMachine,
  inboundLabels: Readonly<Record<string, string>>,
): PlacedObject['object'] {
  const { name, namespace, identity, addresses, ports, drain } = machine
  const annotations = {
    ...neededAnnotations(machine),
    ...machine.annotations,
    ...(drain ? { [drainAnnotation]: 'true' } : {}),
  }
  return {
    apiVersion: 'workload.linkerd.io/v1beta1',
    kind: 'ExternalWorkload',
    metadata: {
      name,
      namespace,
      labels: { ...ourLabel, ...objectLabels(machine), ...inboundLabels },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: {
      meshTLS: { identity: identity.spiffeId, serverName: identity.serverName },
      workloadIPs: addresses.map(({ text }) => ({ ip: text })),
      // The protocol is a default of the API server, without which each apply would seem to change the list.
      ports: ports.map(({ name, port }) => ({ name, port, protocol: 'TCP' })),
    },
    // Without the subresource nobody but the manifest can say it.
    ...(linkerdHas(linkerd, 'statusSubresource')
      ? {}
      : { status: { conditions: [{ type: 'Ready', status: drain ? 'False' : 'True' }] } }),
  }
}
