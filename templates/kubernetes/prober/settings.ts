import { readFileSync } from 'node:fs'

/** The request that tells whether the application is well. */
export interface HealthCheck {
  readonly scheme: 'HTTP' | 'HTTPS'
  readonly port: number
  readonly path: string
  readonly timeoutSeconds: number
  readonly intervalSeconds: number
}

/** A machine whose readiness is kept. */
export interface Machine {
  readonly namespace: string
  /** Of its ExternalWorkload, too. */
  readonly name: string
  /** The first is where the admin server and the application are asked. */
  readonly addresses: readonly [string, ...string[]]
  readonly drain?: boolean
  readonly healthCheck?: HealthCheck
}

/** What machines*.json holds; made from the document. */
export interface Settings {
  readonly adminPort: number
  readonly inboundPort: number
  readonly periodSeconds: number
  readonly timeoutSeconds: number
  readonly successThreshold: number
  readonly failureThreshold: number
  /** The most probes at a time. */
  readonly concurrency: number
  /** After so long a condition that has not changed is written again. */
  readonly refreshSeconds: number
  /** The annotation of an ExternalWorkload that takes its machine out. */
  readonly drainAnnotation: string
  readonly machines: readonly Machine[]
}

/** Where things are in the pod. */
export interface Environment {
  readonly machinesFile: string
  readonly listenPort: number
  readonly apiHost: string
  readonly apiPort: number
  readonly tokenFile: string
  readonly caFile: string
}

const account = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Reads the environment that Kubernetes and the Deployment give. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const { KUBERNETES_SERVICE_HOST: apiHost, KUBERNETES_SERVICE_PORT: apiPort = '443' } = env
  if (apiHost === undefined || apiHost === '') throw new Error('KUBERNETES_SERVICE_HOST is not set')
  return {
    machinesFile: env.PROBER_MACHINES ?? '/etc/meshjoin/machines.json',
    listenPort: Number(env.PROBER_PORT ?? '8080'),
    apiHost,
    apiPort: Number(apiPort),
    tokenFile: env.PROBER_TOKEN_FILE ?? `${account}/token`,
    caFile: env.PROBER_CA_FILE ?? `${account}/ca.crt`,
  }
}

/** As the file has them: each health check once, since a ConfigMap is small. */
interface Shared extends Omit<Settings, 'machines'> {
  readonly healthChecks: readonly HealthCheck[]
  readonly machines: readonly (Omit<Machine, 'healthCheck'> & { readonly healthCheck?: number })[]
}

/** Reads what to probe, and how. */
export function readSettings(path: string): Settings {
  const { healthChecks, machines, ...settings } = JSON.parse(readFileSync(path, 'utf8')) as Shared
  const whole = machines.map(({ healthCheck: index, ...machine }): Machine => {
    const healthCheck = healthChecks[index ?? -1]
    return { ...machine, ...(healthCheck && { healthCheck }) }
  })
  return { ...settings, machines: whole }
}
