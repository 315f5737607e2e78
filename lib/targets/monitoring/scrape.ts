import { dump } from 'js-yaml'
import type { Artifact } from '../../artifact.ts'
import { parseAddress } from '../../config/network.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import { proberName, proberPort } from '../shared/prober-metrics.ts'
import { textArtifact } from '../shared/target.ts'
import { madeByMeshjoin, yamlArtifact } from '../shared/yaml.ts'
import { isScrapable, nodeJob, proxyJob, type TargetGroup, targetOf } from './machines.ts'

/** Alerts wait for minutes, so twice a minute tells them enough. */
const timing = { scrape_interval: '30s', scrape_timeout: '10s' }
const operatorTiming = { scrapeInterval: '30s', scrapeTimeout: '10s' }

/**
 * How many machines one ScrapeConfig has. `kubectl apply` keeps an object as an annotation of itself, of 256 KiB at most; five
 * hundred machines with names of usual length are half of that.
 */
const machinesPerObject = 500

/** The machines that can be named beforehand, as targets. */
export function proxyTargets(config: ResolvedConfig, machines: readonly ResolvedMachine[]): TargetGroup[] {
  const { host, port } = config.proxy.adminAddress
  if (!isScrapable(config)) return []
  return machines.flatMap((machine) => targetOf(machine, host, port) ?? [])
}

/** Their node_exporters, where the document has machines tell those how they are. */
export function nodeTargets(
  { monitoring, proxy }: ResolvedConfig,
  machines: readonly ResolvedMachine[],
): TargetGroup[] {
  if (monitoring === undefined) return []
  const { nodeExporterPort } = monitoring
  // It listens on all addresses; then the same of them as for the proxy.
  return machines.flatMap((machine) => targetOf(machine, proxy.adminAddress.host, nodeExporterPort) ?? [])
}

/** The list for `file_sd_configs`. Prometheus reads it again when it changes. */
export function emitTargets(name: string, groups: readonly TargetGroup[]): Artifact {
  return textArtifact(`monitoring/targets/${name}.json`, `${JSON.stringify(groups, null, 2)}\n`)
}

/** Of node_exporter these numbers alone: its own are another job's, where there is one. The target has machine and namespace. */
const textfileOnly = {
  params: { 'collect[]': ['textfile'] },
  relabelings: [
    { sourceLabels: ['__name__'], regex: 'meshjoin_.+', action: 'keep' },
    { regex: 'exported_(machine|namespace)', action: 'labeldrop' },
  ],
} as const

/** The addresses of the prober's pods, which its Service without an address of its own is answered with. */
function proberLookup({
  readiness,
  mesh,
}: ResolvedConfig): { names: string[]; type: 'A'; port: number } | undefined {
  if (readiness === undefined) return undefined
  const name = `${proberName}.${readiness.namespace}.svc.${mesh.clusterDomain}`
  return { names: [name], type: 'A', port: proberPort }
}

/** For the Prometheus Operator: the prober that keeps the readiness of machines, where the document has one. */
export function emitProberScrapeConfig(config: ResolvedConfig): Artifact[] {
  const lookup = proberLookup(config)
  if (lookup === undefined) return []
  const spec = { ...operatorTiming, dnsSDConfigs: [lookup], relabelings: [nameJob(proberName)] }
  return [yamlArtifact('monitoring/operator/prober.yaml', { ...scrapeConfig(proberName), spec })]
}

/** For a Prometheus with a configuration of its own: the lists of machines by file, and the prober by its name in the cluster. */
export function emitPrometheus(
  config: ResolvedConfig,
  lists: { readonly proxies: boolean; readonly nodes: boolean },
): Artifact {
  const lookup = proberLookup(config)
  const job = (name: string, list: string) => ({
    job_name: name,
    ...timing,
    file_sd_configs: [{ files: [`targets/${list}.json`] }],
  })
  return yamlArtifact('monitoring/prometheus.yml', {
    rule_files: ['rules.yml'],
    scrape_configs: [
      ...(lists.proxies ? [job(proxyJob, 'machines')] : []),
      ...(lists.nodes
        ? [
            {
              ...job(nodeJob, 'node-exporters'),
              params: textfileOnly.params,
              metric_relabel_configs: textfileOnly.relabelings.map(plainRelabeling),
            },
          ]
        : []),
      ...(lookup === undefined ? [] : [{ job_name: proberName, ...timing, dns_sd_configs: [lookup] }]),
    ],
  })
}

/** For a Prometheus in the cluster: the machines by their ExternalWorkloads. */
export function emitDiscoveringPrometheus(
  config: ResolvedConfig,
  machines: readonly ResolvedMachine[],
): Artifact {
  return yamlArtifact('monitoring/discovery/prometheus.yml', {
    rule_files: ['../rules.yml'],
    scrape_configs: [
      {
        job_name: proxyJob,
        ...timing,
        kubernetes_sd_configs: [{ role: 'endpointslice', namespaces: { names: namespacesOf(machines) } }],
        relabel_configs: discover(config, machines).map(plainRelabeling),
      },
    ],
  })
}

/** The same for the Prometheus Operator. */
export function emitDiscoveringScrapeConfig(
  config: ResolvedConfig,
  machines: readonly ResolvedMachine[],
): Artifact {
  return yamlArtifact('monitoring/discovery/scrape-config.yaml', {
    ...scrapeConfig(proxyJob),
    spec: {
      ...operatorTiming,
      kubernetesSDConfigs: [{ role: 'EndpointSlice', namespaces: { names: namespacesOf(machines) } }],
      relabelings: [...discover(config, machines), nameJob(proxyJob)],
    },
  })
}

/** For the Prometheus Operator: every machine by name, in as many objects as it takes. */
export function emitScrapeConfigs(name: string, job: string, groups: readonly TargetGroup[]): Artifact {
  const count = Math.ceil(groups.length / machinesPerObject)
  const documents = Array.from({ length: count }, (_, index) =>
    dump(
      {
        ...scrapeConfig(count === 1 ? job : `${job}-${index + 1}`),
        spec: {
          ...operatorTiming,
          staticConfigs: groups.slice(index * machinesPerObject, (index + 1) * machinesPerObject),
          ...(job === nodeJob
            ? { params: textfileOnly.params, metricRelabelings: textfileOnly.relabelings }
            : {}),
          relabelings: [nameJob(job)],
        },
      },
      { lineWidth: -1, noRefs: true, quoteStyle: 'double' },
    ),
  )
  const text = documents.map((document) => `---\n${document}`).join('')
  return textArtifact(`monitoring/operator/${name}.yaml`, `${madeByMeshjoin}${text}`)
}

function scrapeConfig(name: string): object {
  return {
    apiVersion: 'monitoring.coreos.com/v1alpha1',
    kind: 'ScrapeConfig',
    metadata: { name, labels: { 'app.kubernetes.io/part-of': 'meshjoin' } },
  }
}

/** The Operator's own name for a job has the object's name in it; `jobName` needs an Operator newer than this does. */
function nameJob(job: string): Relabeling {
  return { targetLabel: 'job', replacement: job }
}

interface Relabeling {
  readonly sourceLabels?: readonly string[]
  readonly targetLabel?: string
  readonly regex?: string
  readonly replacement?: string
  readonly action?: 'keep' | 'labeldrop'
}

/** As Prometheus' own configuration has it. */
function plainRelabeling({ sourceLabels, targetLabel, ...others }: Relabeling): object {
  return {
    ...(sourceLabels === undefined ? {} : { source_labels: sourceLabels }),
    ...(targetLabel === undefined ? {} : { target_label: targetLabel }),
    ...others,
  }
}

/**
 * Of all endpoints the machines, whatever their readiness, and their admin port in place of the Service's. A machine behind
 * several Services and ports comes out as the same target each time, and Prometheus scrapes it once.
 */
function discover(config: ResolvedConfig, machines: readonly ResolvedMachine[]): Relabeling[] {
  const meta = '__meta_kubernetes_endpointslice_'
  return [
    { sourceLabels: [`${meta}address_target_kind`], regex: 'ExternalWorkload', action: 'keep' },
    ...(scrapesIpv4(config, machines)
      ? [{ sourceLabels: [`${meta}address_type`], regex: 'IPv4', action: 'keep' } as const]
      : []),
    {
      sourceLabels: ['__address__'],
      targetLabel: '__address__',
      regex: '(.+):[0-9]+',
      replacement: `\${1}:${config.proxy.adminAddress.port}`,
    },
    { sourceLabels: ['__meta_kubernetes_namespace'], targetLabel: 'namespace' },
    { sourceLabels: [`${meta}address_target_name`], targetLabel: 'machine' },
    { targetLabel: 'role', replacement: 'server' },
  ]
}

/** A machine with two addresses has two endpoints, of which one is enough. */
function scrapesIpv4({ proxy }: ResolvedConfig, machines: readonly ResolvedMachine[]): boolean {
  return (
    parseAddress(proxy.adminAddress.host)?.family === 'ipv4' ||
    machines.every(
      ({ role, addresses }) => role === 'client' || addresses.some(({ family }) => family === 'ipv4'),
    )
  )
}

/** Those of servers: clients have no ExternalWorkload. */
export function namespacesOf(machines: readonly ResolvedMachine[]): string[] {
  return [
    ...new Set(machines.filter(({ role }) => role === 'server').map(({ namespace }) => namespace)),
  ].sort()
}
