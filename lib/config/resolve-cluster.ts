import { pointer } from '../diagnostics/pointer.ts'
import type {
  HealthCheck as HealthCheckInput,
  MeshjoinDocument,
  Migration,
  Policy,
  Readiness,
  Service,
} from '../generated/document.ts'
import type { DeepPartial } from './draft.ts'
import { isNetwork, parseNetworkOrAddress } from './network.ts'
import type {
  HealthCheck,
  PortReference,
  ResolvedCluster,
  ResolvedMigration,
  ResolvedPolicy,
  ResolvedReadiness,
  ResolvedService,
} from './resolved-cluster.ts'

/** Fills in what a checked document leaves out of `services`, `policies`, `migration` and `readiness`. */
export function resolveCluster(document: MeshjoinDocument): ResolvedCluster {
  const { services = [], policies = [], migration = [], readiness, mesh } = document
  return {
    services: services.map(resolveService),
    policies: policies.map(resolvePolicy),
    migration: migration.map((item, index) => resolveMigration(services, item, index)),
    readiness: readiness && resolveReadiness(readiness, mesh.clusterNetworks),
  }
}

function resolveReadiness(readiness: Readiness, clusterNetworks: readonly string[]): ResolvedReadiness {
  const { image, imagePullSecret, fromNetworks = clusterNetworks } = readiness
  return {
    ...{ image, imagePullSecret },
    namespace: readiness.namespace ?? 'meshjoin',
    fromNetworks: fromNetworks.map((text) => parseNetworkOrAddress(text)).filter(isNetwork),
    periodSeconds: readiness.periodSeconds ?? 10,
    timeoutSeconds: readiness.timeoutSeconds ?? 3,
    successThreshold: readiness.successThreshold ?? 1,
    failureThreshold: readiness.failureThreshold ?? 3,
    concurrency: readiness.concurrency ?? 1000,
  }
}

function resolveService(service: Service, index: number): ResolvedService {
  const { name, namespace, selector, labels = {}, annotations = {}, ports } = service
  return {
    path: pointer('/services', index),
    ...{ name, namespace, selector, labels, annotations },
    ports: ports.map((port) => ({ ...port, targetPort: port.targetPort ?? port.port })),
  }
}

function resolvePolicy(policy: Policy, index: number): ResolvedPolicy {
  const { name, namespace, target, allow, routes = [], probes = [] } = policy
  const { serviceAccounts = [], machines = [], groups = [], networks = [] } = allow
  const { authenticated = false, unauthenticated = false } = allow
  return {
    path: pointer('/policies', index),
    ...{ name, namespace, probes },
    routes: routes.map((route) => ({ match: 'prefix', ...route })),
    target: {
      machines: target.machines,
      pods: target.pods,
      port: target.port,
      protocol: target.protocol ?? 'unknown',
    },
    allow: {
      serviceAccounts: serviceAccounts.map((account) => ({ namespace, ...account })),
      ...{ machines, groups, networks, authenticated, unauthenticated },
    },
  }
}

function resolveMigration(
  services: readonly Service[],
  migration: Migration,
  index: number,
): ResolvedMigration {
  const { service, namespace, port, machines, pods, weights } = migration
  return {
    path: pointer('/migration', index),
    ...{ service, namespace, port, weights },
    protocol: migration.protocol ?? 'HTTP',
    targetPort: migration.targetPort ?? targetOf(services, migration) ?? port,
    machines: machines.selector,
    pods: pods.selector,
  }
}

function targetOf(
  services: readonly Service[],
  { service, namespace, port }: Migration,
): PortReference | undefined {
  const found = services.find((one) => one.name === service && one.namespace === namespace)
  return found?.ports.find((one) => one.port === port)?.targetPort
}

/** Fills in what a health check leaves out. */
export function resolveHealthCheck(
  healthCheck: DeepPartial<HealthCheckInput> | undefined,
): HealthCheck | undefined {
  const { path, port, scheme = 'HTTP', timeout = '5s', interval = '15s' } = healthCheck ?? {}
  return path === undefined || port === undefined ? undefined : { path, port, scheme, timeout, interval }
}
