/** Groups whose instances find their addresses and their names when they boot. */
import { type Generated, generateArtifacts } from './document.ts'

interface Whole {
  mesh: Record<string, unknown>
  groups?: Record<string, unknown>
  machines: { namespace?: string; ports?: unknown }[]
}

/** The network that machines are in, which a document has to say where it has not their addresses. */
export function stateNetworks(document: unknown): Whole {
  const whole = document as Whole
  whole.mesh.machineNetworks = ['203.0.113.0/24']
  return whole
}

/** The document with a group of instances as well, named by their hosts. They are like its first machine, with these ports. */
export function addInstances(document: unknown, group: string, ports?: unknown): Whole {
  const whole = stateNetworks(document)
  const [machine] = whole.machines
  whole.groups = {
    [group]: {
      instances: { name: 'hostname' },
      namespace: machine?.namespace,
      ports: ports ?? machine?.ports,
    },
  }
  return whole
}

/** What an instance boots with: the group's user-data, and meta-data of its own, as its platform gives it. */
export function generateInstances(document: unknown, group: string, id: string, host: string): Generated {
  const artifacts = generateArtifacts(document, ['cloud-init', 'systemd'])
  const overlay = `systemd/${group}/`
  const files = artifacts
    .filter(({ path }) => path.startsWith(overlay))
    .map(
      ({ path, mode, content }) =>
        [`/${path.slice(overlay.length)}`, { mode, content: String(content) }] as const,
    )
  const userData = artifacts.find(({ path }) => path === `cloud-init/${group}/user-data`)
  if (userData === undefined) throw new Error('no user-data was generated')
  if (artifacts.some(({ path }) => path === `cloud-init/${group}/meta-data`))
    throw new Error('meta-data is for one machine, and there are many')
  return {
    name: host,
    userData: String(userData.content),
    metaData: `instance-id: ${id}\nlocal-hostname: ${host}\n`,
    files: new Map(files),
    firewalls: new Map(),
    layers: new Map(),
  }
}
