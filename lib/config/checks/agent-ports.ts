import { attestors } from '../../kinds/attestors/index.ts'
import { splitHostPort } from '../network.ts'
import { type AttestationDraft, type Check, type CheckContext, proxyListeners } from './context.ts'

/** The ports that a managed agent listens on: free, on every machine. */
export const checkAgentPorts: Check = ({ draft, machines, report }) => {
  const { agent, server } = draft.spire ?? {}
  if (agent === undefined || agent.from === 'existing') return
  const { attestation } = agent
  const owners = takenPorts({ draft, machines })
  const ports: [path: string, port: number | undefined, what: string][] = [
    ['/spire/agent/attestation/port', challengeOf(attestation), 'the port of the challenge'],
    ['/spire/agent/healthPort', agent.healthPort, 'that of its health'],
    ['/spire/agent/metricsPort', agent.metricsPort, 'that of its metrics'],
  ]
  if (server?.colocated === true) owners.set(server.port ?? 8081, 'that of the SPIRE server')
  for (const [path, port, what] of ports) {
    if (port === undefined) continue
    const owner = owners.get(port)
    if (owner !== undefined) report('agent-port-clash', path, { port, owner })
    owners.set(port, what)
  }
}

/** Where the SPIRE server dials the agent; undefined where it does not, or another attestor was meant. */
function challengeOf(attestation: AttestationDraft | undefined): number | undefined {
  if (attestation?.type === undefined) return undefined
  return attestors[attestation.type].listens?.(attestation)
}

function takenPorts({ draft, machines }: Pick<CheckContext, 'draft' | 'machines'>): Map<number, string> {
  const owners = new Map<number, string>([[22, 'that of SSH']])
  for (const [port, listener] of Object.entries(proxyListeners)) owners.set(Number(port), listener)
  const admin = splitHostPort(draft.proxy?.adminAddress ?? '')?.port
  if (admin !== undefined) owners.set(admin, proxyListeners[4191])
  for (const { name, ports } of machines)
    for (const { port } of ports)
      if (port !== undefined && !owners.has(port)) owners.set(port, `a port of machine ${name ?? '?'}`)
  return owners
}
