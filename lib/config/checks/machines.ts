import { pointer } from '../../diagnostics/pointer.ts'
import { suggestWord } from '../../diagnostics/suggestion.ts'
import { isAbsent } from '../draft.ts'
import { notAnAddress, parseAddress, splitHostPort } from '../network.ts'
import {
  type Check,
  type CheckContext,
  createClaims,
  isServer,
  type MachineView,
  proxyListener,
  proxyListeners,
} from './context.ts'

/** Machine names, groups, namespaces, ports, users: there, known, and not in each other's way. */
export const checkMachines: Check = (context) => {
  const claim = createClaims()
  for (const machine of context.machines) {
    const { name, path, isInstances } = machine
    if (
      name !== undefined &&
      isInstances &&
      context.machines.some((other) => other.name === name && !other.isInstances)
    )
      context.report('instances-name-taken', path, { name }, 'key')
    if (name !== undefined && !isInstances) {
      const first = claim(name, path)
      if (first !== undefined)
        context.report('machine-duplicate', pointer(path, 'name'), {
          name,
          first: `machines[${first.split('/')[2]}]`,
        })
    }
    checkGroup(context, machine)
    checkPorts(context, machine)
    checkRole(context, machine)
  }
  checkInstances(context)
  checkUsers(context)
  checkAdmin(context)
}

/** Instances are a group's, and stand for machines. */
function checkInstances({ draft, machines, report }: CheckContext): void {
  if (draft.defaults?.instances !== undefined)
    report('instances-without-group', '/defaults/instances', {}, 'key')
  if (machines.length === 0 && draft.machines?.length === 0)
    report('machines-missing', '/machines', {}, 'key')
}

function checkGroup({ draft, report }: CheckContext, { path, name, group, settings }: MachineView): void {
  if (group !== undefined && !Object.hasOwn(draft.groups ?? {}, group)) {
    report('group-unknown', pointer(path, 'group'), {
      group,
      suggestion: suggestWord(group, Object.keys(draft.groups ?? {})),
    })
  } else if (name !== undefined && isAbsent(settings, 'namespace')) {
    report('namespace-missing', path, { machine: name })
  }
}

function checkPorts(context: CheckContext, machine: MachineView): void {
  const { draft, report } = context
  const admin = splitHostPort(draft.proxy?.adminAddress ?? '127.0.0.1:4191')?.port
  const numbers = createClaims()
  const names = createClaims()
  for (const { name, port, path } of machine.ports) {
    if (!context.isNew(path)) continue
    const firstNumber = port === undefined ? undefined : numbers(String(port), name ?? String(port))
    if (firstNumber !== undefined)
      report('port-duplicate', pointer(path, 'port'), { what: `port ${port}`, first: firstNumber })
    const firstName = name === undefined ? undefined : names(name, String(port))
    if (firstName !== undefined)
      report('port-duplicate', pointer(path, 'name'), {
        what: `the name "${name}"`,
        first: `port ${firstName}`,
      })
    if (port === 22) report('port-ssh', pointer(path, 'port'), {})
    const owner =
      port === undefined
        ? undefined
        : (proxyListener(port) ?? (port === admin ? proxyListeners[4191] : undefined))
    if (port !== undefined && owner !== undefined)
      report('port-reserved', pointer(path, 'port'), { port, owner })
  }
  checkHealth(context, machine)
}

/** Ports and role that do not go together, once for what the machines of a group have in common. */
function checkRole({ isNew, report }: CheckContext, machine: MachineView): void {
  const { path, name = '', group, settings, ports, originOf } = machine
  const [first] = ports
  if (settings.role === 'client' && first !== undefined && isNew(`${first.path} role`)) {
    const numbers = ports.map(({ port }) => port).join(', ')
    report('client-ports', originOf('ports'), { machine: name, ports: numbers }, 'key')
  }
  const hasNone = isAbsent(settings, 'ports') || settings.ports?.length === 0
  if (!hasNone || !isServer(machine) || settings.redirect?.inbound?.scope === 'all') return
  const owner = group === undefined ? path : pointer('/groups', group)
  if (isNew(`${owner} ports`)) report('server-ports-missing', path, { machine: name })
}

function checkHealth(context: CheckContext, machine: MachineView): void {
  const port = machine.settings.healthCheck?.port
  const path = machine.originOf('healthCheck', 'port')
  if (port === undefined || machine.ports.some((declared) => declared.port === port) || !context.isNew(path))
    return
  const declared = machine.ports.map((entry) => entry.port).join(', ') || 'none'
  context.report('health-port-unknown', path, { port, declared })
}

function checkUsers({ draft, report }: CheckContext): void {
  if (draft.spire?.agent?.from === 'existing') return
  const proxy = { name: draft.proxy?.user?.name ?? 'linkerd-proxy', uid: draft.proxy?.user?.uid ?? 2102 }
  const agent = {
    name: draft.spire?.agent?.user?.name ?? 'spire-agent',
    uid: draft.spire?.agent?.user?.uid ?? 2103,
  }
  const path = draft.spire?.agent?.user === undefined ? '/proxy/user' : '/spire/agent/user'
  for (const key of ['uid', 'name'] as const) {
    if (proxy[key] !== agent[key]) continue
    const what = key === 'uid' ? 'uids' : 'names'
    report('uid-clash', pointer(path, key), {
      what: `the ${what} of the proxy`,
      other: 'of the SPIRE agent',
      value: String(proxy[key]),
    })
  }
}

function checkAdmin({ draft, report }: CheckContext): void {
  const text = draft.proxy?.adminAddress
  if (text === undefined) return
  const path = '/proxy/adminAddress'
  const target = splitHostPort(text)
  const address = target === undefined ? undefined : parseAddress(target.host)
  if (target === undefined || address === undefined)
    return report('address-invalid', path, notAnAddress(text, target))
  const owner = target.port === 4191 ? undefined : proxyListener(target.port)
  if (owner !== undefined) report('admin-port-clash', path, { port: target.port, owner })
  if (target.port === 22) report('admin-port-clash', path, { port: 22, owner: 'the port of SSH' })
  if (address.range === 'loopback') return
  const neededBy = isAbsent(draft, 'readiness') ? 'monitoring' : 'readiness'
  report('admin-exposed', path, { address: text, port: target.port, neededBy })
}
