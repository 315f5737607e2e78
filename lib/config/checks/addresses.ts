import { pointer } from '../../diagnostics/pointer.ts'
import { isAbsent } from '../draft.ts'
import { isFound, listOf } from '../instances.ts'
import {
  coverAddresses,
  hostNetwork,
  isNetwork,
  joinHostPort,
  mappedIpv4,
  type Network,
  networkContains,
  networkCovers,
  notAnAddress,
  parseAddress,
  parseNetwork,
  parseNetworkOrAddress,
} from '../network.ts'
import { linkerdHas, linkerdSince, proxyHas, proxySince } from '../versions.ts'
import { type Check, type CheckContext, createClaims, isServer, type MachineView } from './context.ts'

/** Addresses and networks that parse, can be dialled, do not clash, and fit the versions. */
export const checkAddresses: Check = (context) => {
  const networks = checkNetworks(context)
  for (const machine of context.machines) checkMachine(context, machine, networks)
  checkFound(context)
  checkUniqueEndpoints(context)
  checkNetworkCount(context)
  checkFamilies(context, networks)
  checkSpireServer(context, networks)
  checkRoutes(context)
}

type Placed = { readonly network: Network; readonly path: string }

function checkNetworks({ draft, report }: CheckContext): Placed[] {
  const placed: Placed[] = []
  for (const [key, parseOne] of [
    ['clusterNetworks', parseNetwork],
    ['machineNetworks', parseNetworkOrAddress],
  ] as const) {
    for (const [index, text] of (draft.mesh?.[key] ?? []).entries()) {
      if (text === undefined) continue
      const path = pointer('/mesh', key, index)
      const network = parseOne(text)
      if (!isNetwork(network)) report('network-invalid', path, { value: text, reason: network.reason })
      else if (network.prefix === 0) report('network-too-wide', path, { value: text })
      else {
        const first = placed.find(
          (other) => networkCovers(other.network, network) && other.path.startsWith(`/mesh/${key}/`),
        )
        if (first !== undefined) report('network-duplicate', path, { value: text, first: first.network.text })
        placed.push({ network, path })
      }
    }
  }
  return placed.filter(({ path }) => path.startsWith('/mesh/clusterNetworks/'))
}

function checkMachine(
  { draft, linkerd, report }: CheckContext,
  machine: MachineView,
  networks: readonly Placed[],
): void {
  const raw = draft.machines?.[Number(machine.path.split('/')[2])]
  for (const key of ['addresses', 'localAddresses'] as const) {
    for (const [index, text] of listOf(raw?.[key]).entries()) {
      if (text !== undefined && parseAddress(text) === undefined)
        report('address-invalid', pointer(machine.path, key, index), notAnAddress(text))
    }
  }
  const families = new Set<string>()
  for (const { address, path } of machine.addresses) {
    const reason = unusable[address.range]
    if (reason !== undefined) report('address-unusable', path, { value: address.text, reason })
    const family = address.family === 'ipv4' ? 'IPv4' : 'IPv6'
    if (families.has(family)) report('address-family-duplicate', path, { family })
    families.add(family)
    const inside = networks.find(({ network }) => networkContains(network, address))
    if (inside !== undefined)
      report('network-contains', path, {
        network: inside.network.text,
        what: `this address of machine "${machine.name}"`,
      })
  }
  if (families.size > 1 && linkerd !== undefined && !linkerdHas(linkerd, 'dualStack')) {
    report('dual-stack-too-old', pointer(machine.path, 'addresses'), {
      version: linkerd.text,
      first: linkerdSince.dualStack.name,
    })
  }
  if (
    isServer(machine) &&
    !machine.findsAddresses &&
    isAbsent(raw, 'addresses') &&
    machine.name !== undefined
  ) {
    report('address-missing', machine.path, { machine: machine.name })
  }
  if (isFound(raw?.addresses) && !isAbsent(raw, 'localAddresses'))
    report(
      'local-addresses-found',
      pointer(machine.path, 'localAddresses'),
      { machine: machine.name ?? '' },
      'key',
    )
}

/** The networks of meshed machines are made of addresses by default, and these are known only afterwards. */
function checkFound({ draft, machines, report }: CheckContext): void {
  const found = machines.find((machine) => machine.findsAddresses && isServer(machine))
  if (found === undefined || draft.mesh === undefined || !isAbsent(draft.mesh, 'machineNetworks')) return
  const { name = '', isInstances } = found
  report(
    'machine-networks-unknown',
    isInstances ? pointer(found.path, 'instances') : pointer(found.path, 'addresses'),
    { what: isInstances ? `an instance of group "${name}"` : `machine "${name}"` },
    'key',
  )
}

const unusable: Readonly<Record<string, string>> = {
  unspecified: 'unspecified',
  loopback: 'a loopback address',
  linkLocal: 'link-local',
  multicast: 'a multicast address',
  broadcast: 'the broadcast address',
}

/** Each takes up to 43 characters of a variable, and Linux passes on at most 128 KiB in one (MAX_ARG_STRLEN). */
const mostNetworks = 1024

function checkNetworkCount({ draft, machines, report }: CheckContext): void {
  const addresses = machines.flatMap((machine) => machine.addresses.map(({ address }) => address))
  if (
    draft.mesh === undefined ||
    draft.mesh.machineNetworks !== undefined ||
    addresses.length <= mostNetworks
  )
    return
  const count = coverAddresses(addresses).length
  if (count > mostNetworks)
    report('machine-networks-many', '/machines', { count, limit: mostNetworks }, 'key')
}

function checkUniqueEndpoints({ machines, report }: CheckContext): void {
  const claim = createClaims()
  for (const machine of machines) {
    for (const { address, path } of machine.addresses) {
      const owner = `machine "${machine.name}"`
      for (const { port } of machine.ports) {
        if (port === undefined) continue
        const first = claim(joinHostPort(address.text, port), owner)
        if (first !== undefined && first !== owner)
          report('address-port-duplicate', path, { endpoint: joinHostPort(address.text, port), first })
      }
    }
  }
}

function checkFamilies({ draft, machines, report, isNew }: CheckContext, networks: readonly Placed[]): void {
  const sixth = machines.find(hasIpv6)
  const network = networks.find((placed) => placed.network.family === 'ipv6')
  if (sixth === undefined && network === undefined) return
  const why =
    sixth === undefined
      ? `the network ${network?.network.text} is IPv6`
      : `machine "${sixth.name}" has an IPv6 address`
  for (const machine of machines) {
    if (machine.settings.redirect?.ipv6 !== false || !hasIpv6(machine)) continue
    const path = machine.originOf('redirect', 'ipv6')
    if (isNew(`ipv6 ${path}`))
      report('ipv6-off', path, { why: `machine "${machine.name}" has an IPv6 address` })
  }
  // Networks alone ask for nothing of a machine that has no such address and says so.
  if (machines.every(({ settings }) => settings.redirect?.ipv6 === false)) return
  const version = draft.proxy?.version
  if (
    version !== undefined &&
    !proxyHas(version, 'outboundListenAddresses') &&
    proxyHas(version, 'externalWorkload')
  ) {
    report('proxy-too-old', '/proxy/version', {
      version,
      first: proxySince.outboundListenAddresses,
      why: `it cannot redirect IPv6 connections, and ${why}`,
    })
  }
  const sixthGroups = new Set(machines.filter(hasIpv6).map(({ group }) => group))
  for (const machine of machines) {
    const families = machine.addresses.map(({ address }) => address.family)
    if (
      machine.role !== 'server' ||
      machine.name === undefined ||
      !families.includes('ipv4') ||
      families.includes('ipv6')
    )
      continue
    if (machine.group !== undefined && sixthGroups.has(machine.group)) {
      report('family-mismatch', pointer(machine.path, 'addresses'), { machine: machine.name })
    }
  }
}

function hasIpv6({ addresses, localAddresses }: MachineView): boolean {
  return [...addresses, ...localAddresses].some(({ address }) => address.family === 'ipv6')
}

function checkSpireServer({ draft, report }: CheckContext, networks: readonly Placed[]): void {
  const text = draft.spire?.server?.address
  const address = text === undefined ? undefined : parseAddress(text)
  if (text !== undefined && mappedIpv4(text) !== undefined)
    report('address-invalid', '/spire/server/address', notAnAddress(text))
  const inside = address && networks.find(({ network }) => networkContains(network, address))
  if (inside)
    report('network-contains', '/spire/server/address', {
      network: inside.network.text,
      what: 'the SPIRE server',
    })
}

function checkRoutes({ draft, report }: CheckContext): void {
  for (const [index, route] of (draft.mesh?.routes ?? []).entries()) {
    if (route?.to === undefined || route.via === undefined) continue
    const path = pointer('/mesh/routes', index)
    const to = parseNetwork(route.to)
    const via = parseAddress(route.via)
    if (!isNetwork(to)) report('network-invalid', pointer(path, 'to'), { value: route.to, reason: to.reason })
    if (via === undefined) report('address-invalid', pointer(path, 'via'), notAnAddress(route.via))
    if (!isNetwork(to) || via === undefined) continue
    if (via.family !== to.family || networkCovers(to, hostNetwork(via)))
      report('route-gateway', pointer(path, 'via'), { to: route.to, via: route.via })
  }
}
