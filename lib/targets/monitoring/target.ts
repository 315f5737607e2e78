import type { Artifact } from '../../artifact.ts'
import { joinHostPort } from '../../config/network.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import { emitReadme } from '../shared/operator-docs.ts'
import type { Target } from '../shared/target.ts'
import { printDashboard } from './dashboard.ts'
import { isScrapable, nodeJob, proxyJob, targetOf } from './machines.ts'
import { emitPrometheusRule, emitRules, emitRulesTest } from './rules-files.ts'
import {
  emitDiscoveringPrometheus,
  emitDiscoveringScrapeConfig,
  emitProberScrapeConfig,
  emitPrometheus,
  emitScrapeConfigs,
  emitTargets,
  namespacesOf,
  nodeTargets,
  proxyTargets,
} from './scrape.ts'

/** `monitoring/`: how Prometheus finds the machines' proxies, what to be woken for, and a dashboard. */
export const monitoringTarget: Target = {
  name: 'monitoring',
  purpose: 'scrape configuration, alerts and a dashboard',
  placesMachineFiles: false,
  check: () => {},
  emitShared: emitMonitoring,
}

/** One after the other: of a large fleet the lists of machines are large texts. */
function* emitMonitoring(config: ResolvedConfig, machines: readonly ResolvedMachine[]): Iterable<Artifact> {
  const scrapable = isScrapable(config)
  const discoverable = scrapable && namespacesOf(machines).length > 0
  yield emitReadme('monitoring', config, machines, viewReadme(config, machines))
  yield printDashboard()
  if (discoverable) {
    yield emitDiscoveringPrometheus(config, machines)
    yield emitDiscoveringScrapeConfig(config, machines)
  }
  const nodes = nodeTargets(config, machines)
  if (nodes.length > 0) yield emitScrapeConfigs('node-exporters', nodeJob, nodes)
  yield* emitProberScrapeConfig(config)
  yield emitPrometheusRule()
  const proxies = proxyTargets(config, machines)
  if (proxies.length > 0) yield emitScrapeConfigs('scrape-config', proxyJob, proxies)
  if (proxies.length + nodes.length > 0)
    yield emitPrometheus(config, { proxies: proxies.length > 0, nodes: nodes.length > 0 })
  yield emitRulesTest()
  yield emitRules()
  if (proxies.length > 0) yield emitTargets('machines', proxies)
  if (nodes.length > 0) yield emitTargets('node-exporters', nodes)
}

/** What a reader has to know of this document. */
function viewReadme(config: ResolvedConfig, machines: readonly ResolvedMachine[]) {
  const { host, port } = config.proxy.adminAddress
  const unlisted = machines.filter((machine) => targetOf(machine, host, port) === undefined)
  const scrapable = isScrapable(config)
  return {
    scrapable,
    listed: scrapable && unlisted.length < machines.length,
    textfileDirectory: config.monitoring?.textfileDirectory ?? '',
    nodesListed: config.monitoring !== undefined && unlisted.length < machines.length,
    anyListed: (scrapable || config.monitoring !== undefined) && unlisted.length < machines.length,
    adminPort: String(port),
    adminAddress: joinHostPort(host, port),
    discoverable: scrapable && namespacesOf(machines).length > 0,
    unlisted: scrapable ? unlisted.slice(0, 10).map(({ name }) => name) : [],
    unlistedMore: unlisted.length > 10 ? String(unlisted.length - 10) : '',
    namespaces: namespacesOf(machines),
    prober: config.readiness !== undefined,
  }
}
