import { pointer } from '../../diagnostics/pointer.ts'
import { isAbsent } from '../draft.ts'
import { isNetwork, parseAddress, parseNetworkOrAddress, splitHostPort } from '../network.ts'
import { linkerdHas } from '../versions.ts'
import { type Check, type CheckContext, describeMachine, isServer } from './context.ts'

/** Whether the prober can do what it is there for. */
export const checkReadiness: Check = (context) => {
  const { draft, report, linkerd } = context
  if (isAbsent(draft, 'readiness')) return checkUnasked(context)
  const { readiness } = draft
  if (readiness === undefined) return
  for (const [index, text] of (readiness.fromNetworks ?? []).entries()) {
    const network = parseNetworkOrAddress(text ?? '')
    if (text !== undefined && !isNetwork(network))
      report('network-invalid', pointer('/readiness/fromNetworks', index), {
        value: text,
        reason: network.reason,
      })
  }
  if (linkerd !== undefined && !linkerdHas(linkerd, 'statusSubresource'))
    report('readiness-too-old', '/readiness', { version: linkerd.text }, 'key')
  if (readiness.image !== undefined && !readiness.image.includes('@sha256:'))
    report('readiness-image-tag', '/readiness/image', { image: readiness.image })
  checkAdmin(context)
}

/** It dials the admin port from the cluster. */
function checkAdmin({ draft, machines, report }: CheckContext): void {
  const probed = machines.filter((machine) => isServer(machine) && !machine.findsAddresses)
  if (probed.length === 0) {
    if (draft.machines !== undefined && machines.length > 0)
      report('readiness-for-nobody', '/readiness', {}, 'key')
    return
  }
  const text = draft.proxy?.adminAddress
  const isSilent = draft.proxy !== undefined && isAbsent(draft.proxy, 'adminAddress')
  if (text === undefined && !isSilent) return
  const target = splitHostPort(text ?? '127.0.0.1:4191')
  const host = target === undefined ? undefined : parseAddress(target.host)
  if (target === undefined || host === undefined) return
  if (host.range === 'loopback') {
    const place = text === undefined ? (['/readiness', 'key'] as const) : (['/proxy/adminAddress'] as const)
    report('admin-unreachable', place[0], { address: text ?? '127.0.0.1:4191', port: target.port }, place[1])
    return
  }
  if (host.family === 'ipv6') return // an IPv6 socket of all addresses takes IPv4 as well
  for (const machine of probed)
    if (machine.addresses.length > 0 && machine.addresses.every(({ address }) => address.family === 'ipv6'))
      report('admin-family', machine.path, { machine: describeMachine(machine), address: text ?? '' })
}

/** A health check is for the prober. */
function checkUnasked({ machines, report, isNew }: CheckContext): void {
  for (const machine of machines) {
    if (!isServer(machine) || machine.settings.healthCheck === undefined) continue
    const path = machine.originOf('healthCheck')
    if (isNew(`unasked ${path}`)) report('health-check-unasked', path, {}, 'key')
  }
}
