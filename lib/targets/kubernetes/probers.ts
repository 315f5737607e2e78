import { coverAddresses } from '../../config/network.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import type { ResolvedReadiness } from '../../config/resolved-cluster.ts'
import { proxyPorts } from '../../plan/ports.ts'
import { proberName, proberPort } from '../shared/prober-metrics.ts'
import { type KubernetesObject, ourLabel } from './objects.ts'
import type { Shard } from './probed.ts'

/** The file that a ConfigMap has as its only key. */
export const programFile = 'readiness/prober.mjs'
export const machinesFile = (index: number): string => `readiness/machines-${index}.json`

const selector = { 'app.kubernetes.io/name': proberName } as const
const labels = { ...ourLabel, ...selector } as const
const shardLabel = 'meshjoin.dev/shard'

/** Nobody of the image, nor of the node. */
const uid = 65532
/** A NetworkPolicy with more blocks than this is a burden for the cluster; then the ports alone are listed. */
const mostBlocks = 256

/** The objects of the probers, one after the other. */
export function makeProbers(
  config: ResolvedConfig,
  readiness: ResolvedReadiness,
  shards: readonly Shard[],
  machines: readonly ResolvedMachine[],
): KubernetesObject[] {
  const { namespace } = readiness
  return [
    ...shards.map((_, index) => makeAccount(namespace, index)),
    ...shards.flatMap(({ names }, index) =>
      [...names].flatMap(([of, list]) => makeRole(namespace, index, of, list)),
    ),
    makeNetworkPolicy(config, namespace, machines),
    makeService(namespace),
    ...shards.map((_, index) => makeDeployment(readiness, index)),
  ]
}

const nameOf = (index: number): string => `${proberName}-${index}`

function makeAccount(namespace: string, index: number): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: nameOf(index), namespace, labels },
    automountServiceAccountToken: false,
  }
}

/** To patch the status of these machines, in their namespace, where another document's prober may have a role as well. */
function makeRole(
  account: string,
  index: number,
  namespace: string,
  names: readonly string[],
): KubernetesObject[] {
  const name = `${nameOf(index)}.${account}`
  const metadata = { name, namespace, labels }
  const group = 'rbac.authorization.k8s.io'
  return [
    {
      apiVersion: `${group}/v1`,
      kind: 'Role',
      metadata,
      rules: [
        {
          apiGroups: ['workload.linkerd.io'],
          resources: ['externalworkloads/status'],
          resourceNames: names,
          verbs: ['patch'],
        },
      ],
    },
    {
      apiVersion: `${group}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: group, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name: nameOf(index), namespace: account }],
    },
  ]
}

/** In: its numbers and its health. Out: the machines and the API server, whose address and port behind its Service nobody knows here. */
function makeNetworkPolicy(
  { proxy }: ResolvedConfig,
  namespace: string,
  machines: readonly ResolvedMachine[],
): KubernetesObject {
  const health = machines.flatMap(({ healthCheck }) => (healthCheck === undefined ? [] : [healthCheck.port]))
  const ports = [...new Set([proxyPorts.inbound, proxy.adminAddress.port, ...health])].sort((a, b) => a - b)
  const blocks = coverAddresses(machines.flatMap(({ addresses }) => addresses)).map(({ text }) => text)
  const list = (numbers: readonly number[]) => numbers.map((port) => ({ protocol: 'TCP', port }))
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: proberName, namespace, labels },
    spec: {
      podSelector: { matchLabels: selector },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ ports: list([proberPort]) }],
      egress: [
        {
          ...(blocks.length > mostBlocks ? {} : { to: blocks.map((cidr) => ({ ipBlock: { cidr } })) }),
          ports: list(ports),
        },
        { ports: list([443, 6443]) },
      ],
    },
  }
}

/** Without an address of its own: whoever scrapes asks each pod. */
function makeService(namespace: string): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: proberName, namespace, labels },
    spec: {
      clusterIP: 'None',
      selector,
      ports: [{ name: 'metrics', port: proberPort, targetPort: 'metrics' }],
    },
  }
}

function makeDeployment(readiness: ResolvedReadiness, index: number): KubernetesObject {
  const { namespace } = readiness
  const own = { ...selector, [shardLabel]: String(index) }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: nameOf(index), namespace, labels: { ...labels, ...own } },
    spec: {
      replicas: 1,
      strategy: { type: 'Recreate' }, // two of them would contradict each other
      selector: { matchLabels: own },
      template: {
        metadata: {
          labels: { ...labels, ...own },
          annotations: {
            'linkerd.io/inject': 'disabled',
            'prometheus.io/path': '/metrics',
            'prometheus.io/port': String(proberPort),
            'prometheus.io/scrape': 'true',
          },
        },
        spec: makePod(readiness, index),
      },
    },
  }
}

function makePod({ image, imagePullSecret }: ResolvedReadiness, index: number): object {
  return {
    serviceAccountName: nameOf(index),
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 15,
    ...(imagePullSecret === undefined ? {} : { imagePullSecrets: [{ name: imagePullSecret }] }),
    securityContext: {
      ...{ runAsNonRoot: true, runAsUser: uid, runAsGroup: uid, fsGroup: uid },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [makeContainer(image, index)],
    volumes: [
      { name: 'program', configMap: { name: proberName } },
      { name: 'machines', configMap: { name: `${proberName}-machines-${index}` } },
    ],
  }
}

function makeContainer(image: string, index: number): object {
  const probe = { httpGet: { path: '/healthz', port: 'metrics' }, periodSeconds: 10, timeoutSeconds: 5 }
  return {
    name: 'prober',
    image,
    command: ['node', '--max-old-space-size=128', '/opt/meshjoin/prober.mjs'],
    env: [
      { name: 'PROBER_MACHINES', value: `/etc/meshjoin/machines-${index}.json` },
      { name: 'PROBER_PORT', value: String(proberPort) },
    ],
    ports: [{ name: 'metrics', containerPort: proberPort }],
    livenessProbe: probe,
    readinessProbe: probe,
    resources: { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '256Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    },
    volumeMounts: [
      { name: 'program', mountPath: '/opt/meshjoin', readOnly: true },
      { name: 'machines', mountPath: '/etc/meshjoin', readOnly: true },
    ],
  }
}
