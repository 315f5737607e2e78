import { drainAnnotation } from '../../config/annotations.ts'
import type { ResolvedConfig } from '../../config/resolved.ts'
import { linkerdHas } from '../../config/versions.ts'
import { refuseJinja } from '../../escape/jinja.ts'
import { attestors } from '../../kinds/attestors/index.ts'
import type { Program } from '../../plan/download.ts'
import { expandedAddresses, networkPattern } from './networks.ts'
import { everyPath, type PlacedFile, type RoleFiles, type Shape } from './role-files.ts'
import { expand, internalName, optionName, reservedPorts, textChecks } from './variables.ts'

/** `vars/main.yml`: what the role knows of this document, and what it makes of its variables. */
export function roleVars(config: ResolvedConfig, { shapes }: RoleFiles): Record<string, unknown> {
  const addresses = optionName('addresses')
  const local = optionName('local_addresses')
  const ports = optionName('ports')
  const { scalars, items } = textChecks(config)
  const checksOfItems = Object.entries(items).map(([name, check]) => [internalName(`check_${name}`), check])
  const own = (family: string, test: string) => [
    internalName(`own_${family}`),
    expand(`${local} | ${test}('search', ':') | list`),
  ]
  const [shape] = shapes
  return {
    [internalName('checks')]: scalars,
    ...Object.fromEntries(checksOfItems),
    [internalName('reserved_ports')]: reservedPorts(config),
    [internalName('port_numbers')]: expand(`${ports} | map(attribute='port') | list`),
    [internalName('opaque_ports')]: expand(
      `${ports} | selectattr('opaque', 'defined') | selectattr('opaque') | map(attribute='port') | list`,
    ),
    ...Object.fromEntries([own('ipv4', 'reject'), own('ipv6', 'select')]),
    [internalName('expanded')]: expandedAddresses([addresses, local]),
    [internalName('networks')]: config.mesh.clusterNetworks.map((network, index) => ({
      name: `in-${index}`,
      network: network.text,
      pattern: networkPattern(network),
    })),
    [internalName('inside')]: [
      'inside',
      `{% for network in ${internalName('networks')} if ${internalName('expanded')} is search(network.pattern) %}`,
      ' {{ network.network }}',
      '{% endfor %}',
    ].join(''),
    [internalName('shapes')]: shapes.map((one) => viewShape(config, one)),
    [internalName('shape')]: expand(
      `${internalName('shapes')} | selectattr('group', 'eq', ${optionName('group')}) | selectattr('inside', 'eq', ${internalName('inside')}) | first | default({})`,
    ),
    [internalName('programs')]: shape === undefined ? [] : viewPrograms(shape),
    [internalName('token_file')]: tokenFile(config),
    [internalName('architectures')]: { x86_64: 'amd64', aarch64: 'arm64' },
    [internalName('every_path')]: everyPath,
    [internalName('root')]: '',
    [internalName('command')]: '/usr/local/sbin/mesh-machine',
    [internalName('known_good')]: '/var/lib/linkerd/good/current/.meshjoin',
    [internalName('off')]: '/etc/linkerd/redirect.disabled',
    [internalName('drain_annotation')]: drainAnnotation,
    [internalName('subresource')]: linkerdHas(config.mesh.linkerd, 'statusSubresource') ? 'status' : '',
    // Nobody dials a machine without ports through the cluster, and the cluster has no object of it.
    [internalName('is_known')]: expand(
      `${optionName('kubectl_host')} | length > 0 and ${ports} | length > 0 and not ansible_check_mode`,
    ),
    [internalName('wait')]: expand(
      `['--wait', ${optionName('wait')} | string] if ${optionName('wait')} | int > 0 else []`,
    ),
    [internalName('limit')]: expand(
      `['--drain', ${optionName('drain')} | string] if ${optionName('drain')} | int >= 0 else []`,
    ),
    [internalName('off_by_role')]:
      'Ansible turns the redirect on once a new SSH connection has come through.\n',
  }
}

function viewShape(config: ResolvedConfig, { plan, files, templates }: Shape): object {
  const networks = plan.inside.map((index) => ` ${config.mesh.clusterNetworks[index]?.text}`)
  return {
    group: refuseJinja(plan.group.name ?? ''),
    inside: `inside${networks.join('')}`,
    backend: plan.mesh.redirect.backend,
    exempt_ports: exemptPorts(plan),
    folders: foldersOf([...files, ...templates]),
    files,
    templates,
  }
}

/** Ports that a rule exempts for everybody: before such a rule that of a declared port would never be asked. */
function exemptPorts({ rules }: Shape['plan']): object[] {
  return rules.flatMap(({ direction, verdict, match }) => {
    const { destinationPort: port, ...rest } = match
    if (direction !== 'inbound' || verdict.kind !== 'bypass' || Object.keys(rest).length > 0) return []
    if (typeof port === 'number') return [{ first: port, last: port }]
    return typeof port === 'object' && 'first' in port ? [{ first: port.first, last: port.last }] : []
  })
}

/** Folders that may be missing. */
function foldersOf(files: readonly PlacedFile[]): string[] {
  return [...new Set(files.map(({ path }) => path.replace(/\/[^/]*$/, '')))].sort()
}

function viewPrograms({ plan }: Shape): object[] {
  const { proxy, agent, server } = plan.mesh
  return [
    ...viewProgram(proxy, '/opt/linkerd', 'linkerd2-proxy'),
    ...(agent === undefined ? [] : viewProgram(agent.program, '/opt/spire', 'bin/spire-agent')),
    ...(server === undefined ? [] : viewProgram(server.program, '/opt/spire-server', 'bin/spire-server')),
  ]
}

function viewProgram({ name, version, install, downloads }: Program, base: string, file: string): object[] {
  if (install.from !== 'download') return []
  const archives = Object.entries(downloads).map(([arch, { url, sha256, member }]) => [
    arch,
    { url: refuseJinja(url), sha256, member: refuseJinja(member) },
  ])
  return [{ name, version: refuseJinja(version), base, file, archives: Object.fromEntries(archives) }]
}

function tokenFile({ spire: { agent, server } }: ResolvedConfig): string {
  if (agent.from !== 'managed' || server.own?.place === 'machine') return ''
  const { attestation } = agent
  return refuseJinja(attestors[attestation.type].secretFile?.(attestation.options) ?? '')
}
