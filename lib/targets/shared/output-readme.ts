import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import { linkerdHas } from '../../config/versions.ts'
import { renderTemplate } from '../../files/template.ts'
import { needFirewalls } from './firewall.ts'
import { type FirstRequest, findLead, type Lead, planFirstRequest } from './first-request.ts'
import { type Target, targetNames, textArtifact } from './target.ts'

/** `README.md` at the top of the output: from the folder to the first answered request and back out, whatever folders there are. */
export function emitOutputReadme(
  targets: readonly Target[],
  config: ResolvedConfig,
  machines: readonly ResolvedMachine[],
): Artifact {
  const names = targets.map(({ name }) => name)
  const placing = targets.filter(({ placesMachineFiles }) => placesMachineFiles).map(({ name }) => name)
  const { agent, server } = config.spire
  const view = {
    linkerdVersion: config.mesh.linkerd.text,
    clusterDomain: config.mesh.clusterDomain,
    count: machines.length === 1 ? '1 machine' : `${machines.length} machines and groups of instances`,
    has: Object.fromEntries(targetNames.map((name) => [name, names.includes(name)])),
    folders: targets.map(({ name, purpose }) => ({ name, what: purpose })),
    left: targetNames.filter((name) => !names.includes(name)).join(', '),
    network: placing[0],
    places: placing.length > 0,
    severalWays: placing.length > 1,
    colocated: server.own?.place === 'machine' ? server.own.upstream : undefined,
    existing: agent.from === 'existing',
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
