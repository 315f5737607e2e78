import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Machine, readSettings, type Settings } from '../../../templates/kubernetes/prober/settings.ts'
import type { Ports } from '../../prober/support/machines.ts'
import { Prober } from '../../prober/support/prober.ts'
import type { ControlPlane } from './control-plane.ts'
import { generateManifests, placeManifests } from './manifests.ts'

/** A document's objects in a cluster, and the program that keeps their readiness. */
export interface Probed {
  readonly folder: string
  readonly settings: Settings
  readonly account: { readonly namespace: string; readonly name: string }
}

/** The condition Ready of an ExternalWorkload. */
export interface Ready {
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
}

export const workloadsPath = (namespace: string): string =>
  `/apis/workload.linkerd.io/v1beta1/namespaces/${namespace}/externalworkloads`

/** Applies what is made of a document. */
export async function applyDocument(plane: ControlPlane, document: object): Promise<Probed> {
  const folder = placeManifests(generateManifests('probed', document), plane.folder)
  const { status, stderr } = await plane.kubectl(['apply', '-k', folder])
  if (status !== 0) throw new Error(stderr)
  const settings = readSettings(join(folder, 'readiness/machines-0.json'))
  return { folder, settings, account: await readAccount(plane) }
}

/** Whose token its pods have. */
async function readAccount(plane: ControlPlane): Promise<Probed['account']> {
  const { body } = await plane.ask(
    '/apis/apps/v1/deployments?labelSelector=app.kubernetes.io/name=meshjoin-prober',
  )
  const { items } = JSON.parse(body) as {
    items: { metadata: { namespace: string }; spec: { template: { spec: { serviceAccountName: string } } } }[]
  }
  const [deployment] = items
  if (deployment === undefined) throw new Error('no Deployment has the prober')
  const { namespace } = deployment.metadata
  return { namespace, name: deployment.spec.template.spec.serviceAccountName }
}

/** Runs the program beside the cluster, for these machines, as its pod would be. */
export async function startProber(
  plane: ControlPlane,
  { settings, account }: Probed,
  machines: readonly Machine[],
  ports: Ports,
  changed: Partial<Settings>,
): Promise<Prober> {
  const api = {
    host: '127.0.0.1',
    port: Number(new URL(plane.url).port),
    token: await plane.tokenOf(account.namespace, account.name),
    ca: readFileSync(plane.caFile, 'utf8'),
  }
  const own = { ...settings, ...{ adminPort: ports.admin, inboundPort: ports.inbound, machines }, ...changed }
  return Prober.start(machines, ports, api, own, ['--max-old-space-size=128'])
}

export function readyIn(object: object): Ready | undefined {
  const { status } = object as { status?: { conditions?: (Ready & { type: string })[] } }
  return status?.conditions?.find(({ type }) => type === 'Ready')
}

export async function readyOf(
  plane: ControlPlane,
  namespace: string,
  name: string,
): Promise<Ready | undefined> {
  const { body } = await plane.ask(`${workloadsPath(namespace)}/${name}`)
  return readyIn(JSON.parse(body) as object)
}
