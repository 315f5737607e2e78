import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import { escapeMarkdown, escapeMarkdownCode } from '../../escape/markdown.ts'
import { renderTemplate } from '../../files/template.ts'
import { attestors } from '../../kinds/attestors/index.ts'
import { type Flow, planFlows } from '../../plan/flow.ts'
import { emitFirewalls, needFirewalls } from './firewall.ts'
import { viewRegistrations } from './registrations.ts'
import { type TargetName, targetNames, textArtifact } from './target.ts'

/**
 * The README, the network page and the firewalls' programs that every target's folder has, sorted by path. `own` is what the
 * README of this target needs besides.
 */
export function emitOperatorDocs(
  target: TargetName,
  config: ResolvedConfig,
  machines: readonly ResolvedMachine[],
  own: Readonly<Record<string, unknown>> = {},
): Artifact[] {
  return [
    emitReadme(target, config, machines, own),
    ...emitFirewalls(target, config, machines),
    textArtifact(`${target}/network.md`, printNetwork(config, machines)),
  ]
}

/** The README alone, for a folder that nothing is brought to machines from. */
export function emitReadme(
  target: TargetName,
  config: ResolvedConfig,
  machines: readonly ResolvedMachine[],
  own: Readonly<Record<string, unknown>> = {},
): Artifact {
  return textArtifact(`${target}/README.md`, printReadme(target, config, machines, own))
}

/** What the README of every target has. */
const parts = {
  colocated: 'readme/parts/colocated.md.hbs',
  entries: 'readme/parts/entries.md.hbs',
  firewalls: 'readme/parts/firewalls.md.hbs',
  registry: 'readme/parts/registry.md.hbs',
} as const

/** With the steps that the node attestor asks of the operator. */
function printReadme(
  target: TargetName,
  config: ResolvedConfig,
  machines: readonly ResolvedMachine[],
  own: Readonly<Record<string, unknown>>,
): string {
  const { agent, server } = config.spire
  const attestation = agent.from === 'managed' ? agent.attestation : undefined
  const colocated = server.own?.place === 'machine' ? server.own.upstream : undefined
  const steps = colocated === undefined && attestation ? attestors[attestation.type].steps : undefined
  const [first] = machines
  const { install } = config.proxy
  const view = {
    registryPasswordFile: install.from === 'image' ? install.passwordFile : undefined,
    fromImage: install.from === 'image',
    registryUser: install.from === 'image' ? install.username : undefined,
    linkerdVersion: config.mesh.linkerd.text,
    machine: first?.name ?? '',
    hasSteps: colocated === undefined,
    agentSocket: agent.socket,
    proxyUser: config.proxy.user.name,
    ...(attestation && steps?.data(attestation.options)),
    ...colocated,
    ownServer: server.own?.place === 'host',
    // The steps differ by what brings the files to a machine.
    with: Object.fromEntries(targetNames.map((name) => [name, name === target])),
    machines: machines.map(({ name, parentId, identity }) => ({
      name,
      parentId,
      spiffeId: identity.spiffeId,
    })),
    finds: machines.some(({ boot }) => boot !== undefined),
    hasInstances: machines.some(({ boot }) => boot?.name !== undefined),
    ...viewRegistrations(config, machines),
    spireServer: `${server.address}:${server.port}`,
    ...own,
    collection: config.ansible.collection !== undefined,
    hasFirewalls: needFirewalls(machines),
  }
  const slots = {
    ...parts,
    entries: colocated === undefined ? parts.entries : parts.colocated,
    steps: steps?.template ?? 'readme/parts/existing-agent.md.hbs',
  }
  return renderTemplate(`readme/${target}.md.hbs`, view, slots)
}

/** Every connection of every machine as a table, for security groups and firewalls. */
function printNetwork(config: ResolvedConfig, machines: readonly ResolvedMachine[]): string {
  const lines = [
    '# Connections',
    '',
    'What the machines accept and what they dial because they are part of the mesh.',
    'SSH and the ports of applications that are not in the document are not listed.',
    '',
  ]
  const [first] = machines
  if (first !== undefined) {
    lines.push('## Every machine dials', '', ...table(['to', 'port', 'protocol', 'why']))
    for (const flow of planFlows(config, first))
      if (flow.direction === 'out') lines.push(row(flow, [joinNetworks(flow.to)]))
    lines.push('')
  }
  lines.push('## Machines accept', '', ...table(['machine', 'from', 'port', 'protocol', 'why']))
  for (const machine of machines) {
    for (const flow of planFlows(config, machine)) {
      if (flow.direction === 'in')
        lines.push(row(flow, [escapeMarkdown(machine.name), joinNetworks(flow.from)]))
    }
  }
  if (needFirewalls(machines))
    lines.push(
      '',
      'Connections from these networks to the ports of the document are proxied. Whoever else connects is bypassed: the',
      "firewall of the machine decides about them as before it joined, and the proxy's policy does not see them. A port that only the",
      'mesh may use has to be closed to them there. `redirect.inbound.fromNetworks` says who else is proxied.',
      '',
      'A firewall on the machine sees proxied connections as connections to port 4143, from where they came. The programs in',
      '[firewall/](firewall) let the mesh in to that port, and nobody else: run the one for the firewall that the machine has, as root',
      'on the machine. With `remove` they take away what they added.',
    )
  return `${lines.join('\n')}\n`
}

function table(names: readonly string[]): string[] {
  return [`| ${names.join(' | ')} |`, `|${names.map(() => '---').join('|')}|`]
}

function row(flow: Flow, cells: readonly string[]): string {
  return `| ${[...cells, String(flow.port), flow.protocol, escapeMarkdown(flow.why)].join(' | ')} |`
}

function joinNetworks(networks: readonly string[]): string {
  return networks.map((network) => escapeMarkdownCode(network)).join(', ')
}
