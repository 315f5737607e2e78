import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import { linkerdHas } from '../../config/versions.ts'
import { renderTemplate } from '../../files/template.ts'
import { needFirewalls } from './firewall.ts'
import { type FirstRequest, findLead, type Lead, planFirstRequest } from './first-request.ts'
import { type TargetName, targetNames, textArtifact } from './target.ts'

/** What a folder is for, in the order in which a newcomer needs it. */
const purposes = {
  kubernetes: 'what the cluster has to know of the machines',
  spire: 'what the SPIRE server has to know of them',
  'cloud-init': 'user-data for machines to be booted',
  ansible: 'inventory, playbooks and a role for machines that are already there',
  systemd: 'the same files as a tree, for any other way to bring them',
  image: 'what goes into an image that machines boot from',
  monitoring: 'scrape configuration, alerts and a dashboard',
} as const satisfies Record<TargetName, string>

/** `README.md` at the top of the output: from the folder to the first answered request and back out, whatever folders there are. */
export function emitOutputReadme(
  targets: readonly { readonly name: TargetName; readonly placesMachineFiles: boolean }[],
  config: ResolvedConfig,
  machines: readonly ResolvedMachine[],
): Artifact {
  const names = targets.map(({ name }) => name)
  const placing = targets.filter(({ placesMachineFiles }) => placesMachineFiles).map(({ name }) => name)
  const folders = Object.entries(purposes) as [TargetName, string][]
  const { agent, server } = config.spire
  const view = {
    linkerdVersion: config.mesh.linkerd.text,
    clusterDomain: config.mesh.clusterDomain,
    count: machines.length === 1 ? '1 machine' : `${machines.length} machines and groups of instances`,
    has: Object.fromEntries(targetNames.map((name) => [name, names.includes(name)])),
    folders: folders.filter(([name]) => names.includes(name)).map(([name, what]) => ({ name, what })),
    left: targetNames.filter((name) => !names.includes(name)).join(', '),
    network: placing[0],
    places: placing.length > 0,
    severalWays: placing.length > 1,
    colocated: server.own?.place === 'machine' ? server.own.upstream : undefined,
    existing: agent.from === 'existing',
    joinToken: agent.from === 'managed' && agent.attestation.type === 'join_token',
    hasFirewalls: placing.length > 0 && needFirewalls(machines),
    finds: machines.some(({ boot }) => boot !== undefined),
    inlineStatus: !linkerdHas(config.mesh.linkerd, 'statusSubresource'),
    readiness: config.readiness && { namespace: config.readiness.namespace },
    ...viewExample(config, machines),
  }
  return textArtifact('README.md', renderTemplate('readme/output.md.hbs', view))
}

/** The machine that the steps are shown for: the first that pods dial. */
function viewExample(config: ResolvedConfig, machines: readonly ResolvedMachine[]): object {
  const servers = machines.filter(({ role, boot }) => role === 'server' && boot === undefined)
  const found = servers
    .map((machine) => ({ machine, lead: findLead(config, machine) }))
    .find(({ lead }) => lead !== undefined)
  const machine = found?.machine ?? servers[0]
  if (machine === undefined) return {}
  const { name, namespace, addresses, identity } = machine
  return {
    machine: { name, namespace, address: addresses[0]?.text ?? '', spiffeId: identity.spiffeId },
    ...(found?.lead === undefined ? {} : viewLead(config, machine, found.lead)),
  }
}

function viewLead(config: ResolvedConfig, machine: ResolvedMachine, lead: Lead): object {
  const { service, port } = lead
  const request = planFirstRequest(config, machine, lead)
  return {
    service: { name: service.name, namespace: service.namespace, port: String(port) },
    request: request && viewRequest(request),
  }
}

function viewRequest({ from, url, policy }: FirstRequest): object {
  if (from.kind === 'machine') return { url, policy, machine: from.name }
  const { namespace, serviceAccount } = from
  const overrides = serviceAccount && JSON.stringify({ spec: { serviceAccountName: serviceAccount } })
  return { url, policy, namespace, overrides }
}
