import { pointer } from '../../diagnostics/pointer.ts'
import {
  isNetwork,
  type Network,
  networkContains,
  networkCovers,
  parseAddress,
  parseNetwork,
  parseNetworkOrAddress,
  splitHostPort,
} from '../network.ts'
import type { Check, CheckContext, MachineView } from './context.ts'

const sides = ['inbound', 'outbound'] as const
type Side = (typeof sides)[number]
type Redirect = NonNullable<CheckContext['draft']['redirect']>

/** Exemptions that can be read, and that do not take away what the document asks for elsewhere. */
export const checkRedirect: Check = (context) => {
  for (const [path, redirect] of holders(context)) {
    for (const side of sides) {
      checkNetworks(context, redirect?.[side]?.exemptNetworks, pointer(path, side, 'exemptNetworks'))
      checkRanges(context, redirect?.[side]?.exemptPorts, pointer(path, side, 'exemptPorts'))
    }
    checkNetworks(context, redirect?.inbound?.fromNetworks, pointer(path, 'inbound', 'fromNetworks'))
    if ((redirect?.inbound?.exemptUsers ?? []).length > 0)
      context.report('exempt-users-inbound', pointer(path, 'inbound', 'exemptUsers'), {}, 'key')
  }
  for (const [path, redirect] of holders(context)) {
    const { fromNetworks = [] } = redirect?.inbound ?? {}
    const networks = fromNetworks
      .filter((text) => text !== undefined)
      .slice(0, 3)
      .join(', ')
    if (networks !== '')
      context.report('from-networks-open', pointer(path, 'inbound', 'fromNetworks'), { networks }, 'key')
    if (redirect?.outbound?.scope === 'all')
      context.report('outbound-all-hangs', pointer(path, 'outbound', 'scope'), {})
  }
  for (const machine of context.machines) {
    checkStrangers(context, machine)
    checkDeclared(context, machine)
    for (const side of sides) checkSomePort(context, machine, side)
    checkSomeSource(context, machine)
    checkCovered(context, machine)
    checkUsers(context, machine)
  }
}

/** Every place of the document that may say something about the redirect. */
function holders({ draft }: CheckContext): [path: string, redirect: Redirect | undefined][] {
  return [
    ['/redirect', draft.redirect],
    ['/defaults/redirect', draft.defaults?.redirect],
    ...Object.entries(draft.groups ?? {}).map(([name, group]): [string, Redirect | undefined] => [
      pointer('/groups', name, 'redirect'),
      group?.redirect,
    ]),
  ]
}

function checkNetworks(
  { report }: CheckContext,
  list: readonly (string | undefined)[] | undefined,
  path: string,
): void {
  for (const [index, text] of (list ?? []).entries()) {
    const network = text === undefined ? undefined : parseNetworkOrAddress(text)
    if (text === undefined || network === undefined || isNetwork(network)) continue
    report('network-invalid', pointer(path, index), { value: text, reason: network.reason })
  }
}

type Ports = readonly (string | number | undefined)[]

function checkRanges({ report }: CheckContext, list: Ports | undefined, path: string): void {
  for (const [index, item] of (list ?? []).entries()) {
    if (typeof item !== 'string') continue
    const [first = 0, last = 0] = item.split('-').map(Number)
    const reason =
      first > 65535 || last > 65535
        ? 'ports end at 65535'
        : first > last
          ? 'its first port is behind its last'
          : undefined
    if (reason !== undefined) report('port-range-invalid', pointer(path, index), { value: item, reason })
  }
}

function readRange(item: string | number): readonly [first: number, last: number] {
  const [first = 0, last = first] = String(item).split('-').map(Number)
  return [first, last]
}

function checkDeclared({ report, isNew }: CheckContext, machine: MachineView): void {
  const list = machine.settings.redirect?.inbound?.exemptPorts ?? []
  for (const [index, item] of list.entries()) {
    if (item === undefined) continue
    const [first, last] = readRange(item)
    const declared = machine.ports.find(({ port = 0 }) => first <= port && port <= last)
    const path = machine.originOf('redirect', 'inbound', 'exemptPorts', index)
    if (declared?.port === undefined || !isNew(path)) continue
    report('exempt-port-declared', path, { port: declared.port, machine: machine.name ?? '' })
  }
}

/** A policy that refuses anybody, where nobody has said who is proxied besides the mesh. */
function checkStrangers({ report, isNew }: CheckContext, machine: MachineView): void {
  const policy = machine.settings.proxy?.defaultInboundPolicy
  if (machine.role !== 'server') return
  if (policy === undefined || policy === 'all-unauthenticated' || policy === 'audit') return
  const { fromNetworks, scope } = machine.settings.redirect?.inbound ?? {}
  // Whoever has typed the list, even an empty one, has decided.
  if (fromNetworks !== undefined) return
  if (machine.ports.length === 0 && scope !== 'all') return
  const path = machine.originOf('proxy', 'defaultInboundPolicy')
  if (isNew(`${path} strangers`)) report('strangers-unjudged', path, { policy, machine: machine.name ?? '' })
}

/** All ports exempt: then the rest of the side says nothing. */
function checkSomePort({ report, isNew }: CheckContext, machine: MachineView, side: Side): void {
  const list: Ports = machine.settings.redirect?.[side]?.exemptPorts ?? []
  const ranges = list.filter((item) => item !== undefined).map(readRange)
  let next = 1
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (first <= next) next = Math.max(next, last + 1)
  }
  const path = machine.originOf('redirect', side, 'exemptPorts')
  if (next > 65535 && isNew(path)) report('redirect-covers-nothing', path, { side, what: 'port' }, 'key')
}

/** As {@link checkSomePort}, for where connections come from. Outbound, such a network covers the cluster's. */
function checkSomeSource({ report, isNew }: CheckContext, machine: MachineView): void {
  for (const [index, text] of (machine.settings.redirect?.inbound?.exemptNetworks ?? []).entries()) {
    const network = text === undefined ? undefined : parseNetwork(text)
    if (network === undefined || !isNetwork(network) || network.prefix > 0) continue
    const name = network.family === 'ipv4' ? 'IPv4' : 'IPv6'
    const path = machine.originOf('redirect', 'inbound', 'exemptNetworks', index)
    if (isNew(path))
      report('redirect-covers-nothing', path, { side: `inbound over ${name}`, what: `${name} address` })
  }
}

function checkCovered(context: CheckContext, machine: MachineView): void {
  const { draft, report, isNew } = context
  const list = machine.settings.redirect?.outbound?.exemptNetworks ?? []
  for (const [index, text] of list.entries()) {
    const network = text === undefined ? undefined : parseNetworkOrAddress(text)
    if (network === undefined || !isNetwork(network)) continue
    const what = coveredBy(network, draft.mesh)
    const path = machine.originOf('redirect', 'outbound', 'exemptNetworks', index)
    if (what !== undefined && isNew(path))
      report('exempt-network-covers', path, { network: network.text, what })
  }
}

/** The control plane by its addresses; where it has names, these are of pods, which a whole network of the cluster holds. */
function coveredBy(network: Network, mesh: CheckContext['draft']['mesh']): string | undefined {
  for (const target of [mesh?.controlPlane?.destination, mesh?.controlPlane?.policy]) {
    const address = parseAddress(splitHostPort(target ?? '')?.host ?? '')
    if (address !== undefined && networkContains(network, address))
      return `the control plane at ${address.text}`
  }
  for (const text of mesh?.clusterNetworks ?? []) {
    const inner = text === undefined ? undefined : parseNetwork(text)
    if (inner !== undefined && isNetwork(inner) && networkCovers(network, inner))
      return `the cluster network ${inner.text}`
  }
  return undefined
}

/** A user cannot be one of the few that are meant and one that is bypassed. */
function checkUsers({ draft, report, isNew }: CheckContext, machine: MachineView): void {
  const { onlyUsers = [], exemptUsers = [] } = machine.settings.redirect?.outbound ?? {}
  const proxy = draft.proxy?.user
  const agent = draft.spire?.agent?.user
  const own = [
    ...[proxy?.name ?? 'linkerd-proxy', proxy?.uid ?? 2102],
    ...[agent?.name ?? 'spire-agent', agent?.uid ?? 2103],
  ]
  for (const [index, user] of onlyUsers.entries()) {
    if (user === undefined) continue
    const why = own.includes(user) ? 'always bypassed' : exemptUsers.includes(user) ? 'exempt' : undefined
    const path = machine.originOf('redirect', 'outbound', 'onlyUsers', index)
    if (why !== undefined && isNew(path)) report('only-user-exempt', path, { user: String(user), why })
  }
}
