import { drainAnnotation } from '../../config/annotations.ts'
import { proxySeconds } from '../../config/duration.ts'
import { parseAddress } from '../../config/network.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import { proxyPorts } from '../../plan/ports.ts'
import { shard } from './shards.ts'

/** After so many seconds a condition that has not changed is written again. */
const refreshSeconds = 300

/** What one prober asks: the text of its `machines-N.json`, and the names that it may patch, by namespace. */
export interface Shard {
  readonly text: string
  readonly names: ReadonlyMap<string, readonly string[]>
}

/** The machines that have an ExternalWorkload. */
export function listProbed(machines: readonly ResolvedMachine[]): ResolvedMachine[] {
  return machines.filter(
    ({ role, boot, addresses }) => role === 'server' && boot === undefined && addresses.length > 0,
  )
}

/** What each prober asks; none where the document does not ask for one, or nothing is there to ask. */
export function makeShards(config: ResolvedConfig, machines: readonly ResolvedMachine[]): Shard[] {
  const { readiness, proxy } = config
  if (readiness === undefined) return []
  const { periodSeconds, timeoutSeconds, successThreshold, failureThreshold, concurrency } = readiness
  const settings = {
    ...{ adminPort: proxy.adminAddress.port, inboundPort: proxyPorts.inbound },
    ...{ periodSeconds, timeoutSeconds, successThreshold, failureThreshold, concurrency },
    ...{ refreshSeconds, drainAnnotation },
  }
  const probed = listProbed(machines).map((machine) => viewMachine(config, machine))
  const known = new Set<string>()
  return shard(probed, (machine) => ({
    key: `${machine.namespace}/${machine.name}`,
    bytes: escapedLength(machine, known),
  })).map((own) => ({
    text: `${JSON.stringify({ ...settings, ...shareHealthChecks(own) })}\n`,
    names: groupNames(own),
  }))
}

interface Probed {
  readonly namespace: string
  readonly name: string
  readonly healthCheck?: object
}

/** As the text of a ConfigMap is in JSON, where kubectl notes what it applied: there the quotes have backslashes. */
function escapedLength({ healthCheck, ...machine }: Probed, known: Set<string>): number {
  const check = JSON.stringify(healthCheck ?? {})
  const isNew = !known.has(check)
  known.add(check)
  return JSON.stringify(JSON.stringify({ ...machine, healthCheck: 0 }) + (isNew ? check : '')).length
}

/** Each health check once: most machines have that of their group. */
function shareHealthChecks(machines: readonly Probed[]): object {
  const indices = new Map<string, number>()
  const healthChecks: object[] = []
  const shared = machines.map(({ healthCheck, ...machine }) => {
    if (healthCheck === undefined) return machine
    const key = JSON.stringify(healthCheck)
    const index = indices.get(key) ?? healthChecks.push(healthCheck) - 1
    indices.set(key, index)
    return { ...machine, healthCheck: index }
  })
  return { healthChecks, machines: shared }
}

/** As the prober reads it (templates/kubernetes/prober/settings.ts). */
function viewMachine({ proxy }: ResolvedConfig, machine: ResolvedMachine): Probed {
  const { namespace, name, drain, healthCheck } = machine
  // The admin server is asked on the first: a server on an IPv4 address takes no IPv6.
  const isIpv4 = parseAddress(proxy.adminAddress.host)?.family === 'ipv4'
  const addresses = machine.addresses.toSorted(
    (a, b) => Number(isIpv4 && a.family !== 'ipv4') - Number(isIpv4 && b.family !== 'ipv4'),
  )
  return {
    ...{ namespace, name, addresses: addresses.map(({ text }) => text) },
    ...(drain ? { drain } : {}),
    ...(healthCheck === undefined ? {} : { healthCheck: viewHealthCheck(healthCheck) }),
  }
}

function viewHealthCheck({
  scheme,
  port,
  path,
  timeout,
  interval,
}: NonNullable<ResolvedMachine['healthCheck']>) {
  return {
    ...{ scheme, port, path },
    timeoutSeconds: proxySeconds(timeout),
    intervalSeconds: proxySeconds(interval),
  }
}

function groupNames(machines: readonly Probed[]): Map<string, string[]> {
  const names = new Map<string, string[]>()
  for (const { namespace, name } of machines) {
    const list = names.get(namespace)
    if (list === undefined) names.set(namespace, [name])
    else list.push(name)
  }
  return new Map([...names].sort(([a], [b]) => (a < b ? -1 : 1)))
}
