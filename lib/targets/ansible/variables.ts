import type { ResolvedConfig } from '../../config/resolved.ts'
import { refuseJinja } from '../../escape/jinja.ts'
import { machineFields, type SchemaField } from '../../generated/machine-variables.ts'
import { proxyPorts, sshPort } from '../../plan/ports.ts'
import type { MachineVariables } from '../../plan/symbolic.ts'

/** What every variable of the role begins with. */
export const roleName = 'linkerd_machine'

/** A variable that the operator may set. */
export function optionName(name: string): string {
  return `${roleName}_${name}`
}

/** A variable of the role's own. */
export function internalName(name: string): string {
  return `__${roleName}_${name}`
}

/** An expression of a variable. */
export function expand(expression: string): string {
  return `{{ ${expression} }}`
}

/** The variables that the templates are printed over. */
export const machineVariables: MachineVariables = {
  identity: {
    name: { variable: optionName('name') },
    namespace: { variable: optionName('namespace') },
    spiffeId: { variable: optionName('spiffe_id') },
    serverName: { variable: optionName('server_name') },
    inboundAddresses: { variable: optionName('local_addresses'), item: 'address' },
    inboundPorts: { variable: internalName('port_numbers'), item: 'port' },
    opaquePorts: { variable: internalName('opaque_ports'), item: 'port' },
  },
  ports: { variable: optionName('ports'), item: 'port' },
  served: {
    all: { variable: optionName('local_addresses'), item: 'address' },
    ipv4: { variable: internalName('own_ipv4'), item: 'address' },
    ipv6: { variable: internalName('own_ipv6'), item: 'address' },
  },
}

/** One option of `meta/argument_specs.yml`. */
export type Option = Readonly<Record<string, unknown>>

function field(name: keyof typeof machineFields, type: Option): Option {
  return { ...type, description: refuseJinja(machineFields[name].description) }
}

/** The variables as Ansible checks and documents them: those of a machine from the schema, and the role's own. */
export function roleOptions(config: ResolvedConfig): Record<string, Option> {
  const text = { type: 'str' }
  const addresses = { type: 'list', elements: 'str' }
  const groups = config.groups.map(({ name }) => name ?? '')
  const options: Record<string, Option> = {
    state: {
      ...text,
      choices: ['present', 'absent'],
      default: 'present',
      description:
        'Whether the machine is in the mesh. With `absent` it leaves, and nothing of the mesh stays on it.',
    },
    group: {
      ...text,
      choices: groups,
      ...(groups.includes('') ? { default: '' } : { required: true }),
      description: 'Group of the document whose settings the machine has; the empty string for none.',
    },
    name: field('name', text),
    namespace: field('namespace', { ...text, required: true }),
    addresses: field('addresses', { ...addresses, default: [] }),
    local_addresses: field('localAddresses', addresses),
    ports: field('ports', {
      type: 'list',
      elements: 'dict',
      default: [],
      options: {
        name: field('portName', { ...text, required: true }),
        port: field('portNumber', { type: 'int', required: true }),
        opaque: field('portOpaque', { type: 'bool', default: false }),
      },
    }),
    spiffe_id: field('spiffeId', text),
    server_name: field('serverName', text),
    join_token: {
      ...text,
      no_log: true,
      default: '',
      description:
        'One-time join token of the SPIRE server for this machine, from a vault or a lookup. Written while the machine has no identity yet. The empty string if it is there already, or none is needed.',
    },
    download: {
      ...text,
      choices: ['machine', 'controller'],
      default: 'machine',
      description:
        'Who fetches the archives of proxy and agent: each machine itself, or the controller, once, for machines without access to the download server. Verified with the same checksums either way.',
    },
    cache: {
      ...text,
      default: '~/.cache/meshjoin',
      description: 'Folder on the controller in which fetched archives are kept. Only for `controller`.',
    },
    manage_packages: {
      type: 'bool',
      default: true,
      description: 'Whether the role installs the packages of the distribution that the machine needs.',
    },
    confirm_within: {
      type: 'int',
      default: 120,
      description:
        'Seconds in which a new SSH connection must succeed after new redirect rules were loaded; otherwise the machine turns its redirect off by itself.',
    },
    redirect_up: {
      type: 'bool',
      default: false,
      description:
        'Turn the redirect on again where somebody, or a trial that nobody confirmed, has turned it off. Without this it stays off.',
    },
    require_joined: {
      type: 'bool',
      default: false,
      description: 'Fail for a machine that has not joined yet, rather than join it.',
    },
    before_upgrade: {
      ...text,
      default: '',
      description:
        'File of tasks to include before a joined machine gets new files, for instance to take it out of a load balancer. The empty string for none.',
    },
    after_upgrade: {
      ...text,
      default: '',
      description: 'File of tasks to include after a successful upgrade. The empty string for none.',
    },
    kubectl_host: {
      ...text,
      default: '',
      description:
        'Host from which the ExternalWorkload is set NotReady before the proxy restarts or the machine leaves, and Ready again after an upgrade, as the user that Ansible logs in as there; `localhost` for the controller. The empty string for none.',
    },
    kubectl: {
      ...text,
      default: 'kubectl',
      description:
        'Program that is run there. It may get, annotate and patch ExternalWorkloads and patch their status.',
    },
    wait: {
      type: 'int',
      description:
        'Seconds to wait, before the proxy restarts or the machine leaves, until no connection is open through the proxy.',
    },
    drain: {
      type: 'int',
      default: -1,
      description:
        'Seconds after which a restart of the proxy cuts off connections that are still open; -1 for `proxy.shutdownGracePeriod` of the document.',
    },
  }
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [optionName(key), value]))
}

/** `defaults/main.yml`: what the document says of all machines, and what else a variable is where nobody sets it. */
export function roleDefaults({ mesh, spire }: ResolvedConfig, options: Record<string, Option>): object {
  const name = expand(optionName('name'))
  const namespace = expand(optionName('namespace'))
  const computed: Readonly<Record<string, string>> = {
    // Also where no machine may do without a group: the check of arguments then says so.
    [optionName('group')]: '',
    [optionName('name')]: expand('inventory_hostname'),
    [optionName('local_addresses')]: expand(optionName('addresses')),
    // In vain where nobody takes the machine out of traffic.
    [optionName('wait')]: expand(`30 if ${optionName('kubectl_host')} | length > 0 else 0`),
    [optionName('spiffe_id')]: `spiffe://${refuseJinja(spire.trustDomain)}/${namespace}/${name}`,
    [optionName('server_name')]: `${name}.${namespace}.${refuseJinja(mesh.clusterDomain)}`,
  }
  const defaults = Object.entries(options).map(([key, option]) => [key, computed[key] ?? option.default])
  return Object.fromEntries(defaults.filter(([, value]) => value !== undefined))
}

/** One check of a text, before anything is templated with it. */
interface Check {
  readonly variable: string
  /** An expression. */
  readonly value: string
  readonly pattern: string
  readonly length: number
  readonly reason: string
}

const octet = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
const hextet = '[0-9a-f]{1,4}'
/** With so many parts before a double colon, at most the others behind it. */
const compressed = [1, 2, 3, 4, 5, 6].map((rest) => `(${hextet}:){1,${7 - rest}}(:${hextet}){1,${rest}}`)
/** Unicast addresses in the one way in which meshjoin writes them. Not loopback, link-local or multicast. */
const addressPattern = [
  '^(?!0\\.|127\\.|169\\.254\\.|22[4-9]\\.|2[3-5][0-9]\\.|::1?$|fe[89ab]|ff)',
  `((${octet}\\.){3}${octet}|(${hextet}:){7}${hextet}|(${hextet}:){1,7}:|:(:${hextet}){1,7}|`,
  `${compressed.join('|')})$`,
].join('')

/** The schema's pattern as Python reads it: there `$` would let a line feed through. */
function pythonPattern(pattern: string): string {
  return pattern.replaceAll('$', '\\Z')
}

function checkOf(
  name: string,
  value: string,
  { pattern = '', maxLength = 0, description }: SchemaField,
  more = '',
) {
  const check: Check = {
    variable: optionName(name),
    value: expand(value),
    pattern: pythonPattern(pattern),
    length: maxLength,
    reason: refuseJinja(`${more}${description}`),
  }
  return check
}

/** Checks of texts, one for each variable, or for each item of it. */
export function textChecks(config: ResolvedConfig): {
  scalars: readonly Check[]
  items: Record<string, Omit<Check, 'value'>>
} {
  const { trustDomain } = config.spire
  const ofDomain = {
    ...machineFields.spiffeId,
    pattern: machineFields.spiffeId.pattern.replace('[a-z0-9._-]+', escapePattern(trustDomain)),
  }
  const address = (name: string, field: SchemaField) => {
    const { value: _, ...check } = checkOf(name, '', { ...field, pattern: addressPattern })
    return check
  }
  const { value: _, ...portName } = checkOf('ports', '', machineFields.portName, 'The name of a port. ')
  return {
    scalars: [
      checkOf('name', optionName('name'), machineFields.name),
      checkOf('namespace', optionName('namespace'), machineFields.namespace),
      checkOf('spiffe_id', optionName('spiffe_id'), ofDomain),
      checkOf('server_name', optionName('server_name'), machineFields.serverName),
    ],
    items: {
      addresses: address('addresses', machineFields.addresses),
      local_addresses: address('local_addresses', machineFields.localAddresses),
      port_names: portName,
    },
  }
}

function escapePattern(text: string): string {
  return text.replace(/[.]/g, '\\.')
}

/** Ports that no application can have, since they are SSH's or the proxy's own. */
export function reservedPorts(config: ResolvedConfig): number[] {
  return [...new Set([sshPort, ...Object.values<number>(proxyPorts), config.proxy.adminAddress.port])].sort(
    (a, b) => a - b,
  )
}
